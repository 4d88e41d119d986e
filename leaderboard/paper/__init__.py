"""What was published, and what rows say of it.

`parity.parity` puts every published number beside ours, with the reasons why they may differ.
`claims.evaluate_claims` tests the paper's sentences. The published numbers and sentences are data
files with sources and marks.
"""
