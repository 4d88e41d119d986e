"""Submissions: results of other people, packed, read without trusting them, and verified.

`packing.pack` makes an archive of a run. `submission_reader.read_submission` reads an archive
without running anything. `verification` checks it with the verifier's own data. `verdict_files`
stores the verdicts and `row_import` writes accepted rows into a run.
"""
