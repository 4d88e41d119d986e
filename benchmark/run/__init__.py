"""From jobs to rows: plan them, run them, score them.

`jobs.plan` makes the jobs, `execution.execute` runs those that are not done, and `runner.Runner`
fits and predicts one. `executors` decide where a job runs, `training` holds what every network
shares, and `planning` estimates what a run would take.
"""
