"""What the campaign's pages show: each page is one function that reads in a fixed number of queries."""
