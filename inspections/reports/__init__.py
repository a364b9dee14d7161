"""What whole pages need, read in a fixed number of queries and handed over as frozen dataclasses."""
