"""Leaderboards: views of rows, made from rows alone.

`results.read_results` reads runs and `comparison_group.comparison_groups` parts their rows into
groups that may be compared. `tables`, `figures` and `site` show a group, with intervals from
`statistics`. `paper` compares with what was published, and `submissions` with what strangers send.
"""
