"""Compare rows with the paper: its published numbers and its sentences.

`parity.parity` compares every published number with ours, and gives reasons why they may differ.
`claims.evaluate_claims` tests the paper's sentences. The published numbers and sentences are data
files with sources and marks.
"""
