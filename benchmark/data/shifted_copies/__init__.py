"""Shifted copies of domains: what shifts are applied to, kept copies, and whole datasets of them.

Begin with `shifted_dataset.write_shifted`, which writes a dataset in which some domains are
replaced by shifted copies. `shifted_fields.fields_of` says what shifts are applied to.
"""
