"""Pages of visits, duties and problems."""
