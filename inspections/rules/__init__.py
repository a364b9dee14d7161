"""Plain rules: facts in, an answer that explains itself out."""
