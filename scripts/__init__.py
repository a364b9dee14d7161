"""What stands behind the Makefile: set-up, serving, throw-away services, tests and checks."""
