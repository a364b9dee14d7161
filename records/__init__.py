"""Registers every room uses: audit trail, jobs, evidence files, working calendar, ledger batches."""
