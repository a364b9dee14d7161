"""Verbs that change rows, each with its audit event in the same transaction."""
