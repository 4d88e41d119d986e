"""Statistics of scores, which know nothing of rows, stores or methods: arrays in, arrays out.

`bootstrap.bootstrap` resamples seeds and spatial blocks and `intervals.interval` gives limits,
whose tails are those of `behrens_fisher`.
`confusion_scores.METRICS` are the scores that have an interval. `ranking` has average ranks,
critical differences and the Pareto front.
"""
