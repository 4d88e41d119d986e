"""Submissions: results of others, packed, read without trust, and verified.

`packing.pack` makes an archive of a run and `submission_reader.read_submission` reads one without
running anything. `verification` judges it by the verifier's own data. `verdict_files` keeps the
verdicts and `row_import` brings accepted rows into a run.
"""
