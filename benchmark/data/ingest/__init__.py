"""From a table of points to domains of a dataset.

`ingestion.ingest_table` is the one entry. `point_table` reads the table, `column_roles` says which
column is what, `sample_series` makes gap-free years of the rows, and `domain_assignment` says which
sample belongs to which domain. `earthengine` makes such tables.
"""
