"""What whole pages of the register need, one function a page."""
