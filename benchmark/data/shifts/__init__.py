"""Copies of a target in which one thing is other: level, bands, cadence, gaps, season or shares.

`shift_table.select_shifts` returns the registered shifts, and `shift_table.apply_shift` makes the
series of a shifted copy. Each factor has a module of pure functions. `atmosphere` holds the model
of what a satellite sees above the atmosphere.
"""
