"""Leaderboards and a paper's tables as text, Markdown, LaTeX, CSV and HTML.

`columns.REGISTRY` holds every column of a leaderboard, one entry each. `paper_tables.paper_tables`
makes tables free of any format and `table_formats.FORMATS` writes them. `leaderboard_files` writes
the files that every run leaves.
"""
