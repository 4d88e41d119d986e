"""Submissions: a stranger's results, packed, read without trust, and verified."""
