"""Pages of the registers: trail, jobs, ledgers."""
