"""Which samples are learned from, selected by and scored.

`sample_choice.SampleChoice` is the one entry: runner and verifier choose through it. `preparation`
holds the rules for sources and targets, and `sample_division` draws and divides rows.
`target_parts` says which samples of a target other tracks may see.
"""
