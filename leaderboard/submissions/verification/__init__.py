"""From a submission and the verifier's own data to a verdict.

`verification.verify` runs every check of `checks.CHECKS`. `rerun.verify_again` trains again with
the submitted code, first on copies of the data with permuted labels (`blind_runs`). Each of the
other modules has one kind of check.
"""
