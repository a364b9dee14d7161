"""Guarded reading of files from outside: look first, read in a child process, find the table, normalise the cells."""
