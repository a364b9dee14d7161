"""Who may see what: regions, units, people and their posts."""
