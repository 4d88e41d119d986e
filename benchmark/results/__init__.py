"""The results of a run: rows, the store of finished jobs, plans, cards and provenance.

`store.RunStore` writes and reads finished jobs; a job is stored completely or not at all.
`rows.Row` is the schema of a score. `run_status.run_status` says which jobs are done and which are
missing. `mlflow` shows the store in MLflow.
"""
