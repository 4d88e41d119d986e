"""Leaderboards: tables, figures and pages that are made from rows alone.

`results.read_results` reads runs and `comparison_group.comparison_groups` divides their rows into
groups that may be compared. `tables`, `figures` and `site` show a group, with intervals from
`statistics`. `paper` compares rows with published numbers, `reference` with shipped results, and
`submissions` checks the results of others.
"""
