"""From tables and files to samples and their representations."""
