"""Abstention: sets of crops that hold the true one with a stated probability, and where they fail.

`abstention_tables.abstention_tables` makes a table from run directories. `conformal_sets` has the
mathematics, as functions of arrays.
"""
