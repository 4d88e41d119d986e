"""From tables, files and simulation to datasets and their representations.

A dataset is a directory in the official layout; `dataset.open_dataset` opens one and
`dataset_source.open_source` also takes the word ``simulated``. `representations.represent` turns
the series of a domain into what a method is given. The sub-packages make datasets (`ingest`, `hub`,
`simulate`), read their files (`official`) and describe them (`inspect`).
"""
