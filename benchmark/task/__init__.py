"""The task: transfers, protocols, methods, samples and metrics.

`protocol.load_protocol` loads a protocol, `methods.registry` finds the installed methods and
`transfers.select_transfers` returns pairs of source and target. `samples` chooses the samples that
methods learn from and that are scored. `metrics.score` computes scores from probabilities and
labels.
"""
