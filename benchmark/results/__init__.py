"""What came out: rows, the store that keeps them, and where they came from."""
