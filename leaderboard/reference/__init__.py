"""Reference results: results of other methods that are shipped with the package for comparison.

`reference_file` reads and writes a file of rows with the counts that paired intervals need.
`reference_run` runs the methods, the most used first, and `packing` writes finished jobs of run
directories to files. `agreement` decides which files may be compared with a run.
"""
