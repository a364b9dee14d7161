"""What the portal's own pages show."""
