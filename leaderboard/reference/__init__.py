"""Results of every method that are shipped with the package, to compare one's own method with.

`reference_file` reads and writes a file of rows with the counts that paired intervals need.
`reference_run` fills a run directory in the order of use, and `packing` puts finished jobs of run
directories into files. `agreement` says which files may be compared with a run.
"""
