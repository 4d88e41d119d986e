"""What is asked: transfers, protocols, methods, samples and metrics.

`protocol.load_protocol` and `methods.registry` find what is installed, and
`transfers.select_transfers` names the pairs. `samples` chooses the samples that are learned
from and scored. `metrics.score` turns probabilities and labels into scores.
"""
