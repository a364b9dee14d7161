"""Model-free helpers every room may use."""
