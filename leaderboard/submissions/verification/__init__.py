"""From a submission and the verifier's own data to a verdict.

`verification.verify` runs every check of `checks.CHECKS`. `rerun.verify_again` trains again with
the submitted code, first on data whose labels mean nothing (`blind_runs`). The other modules each
hold one kind of check.
"""
