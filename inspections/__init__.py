"""What happens to businesses: duties, visits, problems and their rectification."""
