"""The commands that read runs, and the report that every run leaves.

Begin with `leaderboard_commands`, which has the commands. `reading` reads runs and the reference
results beside them, `delivery` prints or writes tables, and `options` has what commands share.
"""
