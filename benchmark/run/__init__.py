"""Run jobs: plan them, fit and predict, score, and store rows.

`jobs.plan` makes the jobs, `execution.execute` runs those that are not done, and `runner.Runner`
runs one job. `executors` has the places where jobs can run, `training` has the training loop of all
networks, and `planning` predicts time, memory and disk of a run.
"""
