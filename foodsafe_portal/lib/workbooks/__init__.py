"""Workbooks that leave the portal: streamed exports, csv, marked ledgers and templates."""
