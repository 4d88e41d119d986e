"""From a table of points to domains of a dataset.

`ingestion.ingest_table` is the one entry. `column_roles` says which column is what, `table_files`,
`cell_values`, `dates`, `places` and `wide_tables` read them, and `point_table` puts them together.
`stored_values` makes reflectance of the values, `cadence` tells composites from acquisitions,
`domain_assignment` says which sample makes which domain, and `sample_series` makes gap-free years
of the rows. `earthengine` makes such tables.
"""
