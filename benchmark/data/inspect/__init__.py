"""What a dataset holds, for a person who must decide whether to believe a score on it.

`inspection.inspect_dataset` collects the facts and `terminal_report` prints them.
`dataset_figures` and `transfer_figure` draw them. `domain_differences` names differences between
two domains that have nothing to do with geography.
"""
