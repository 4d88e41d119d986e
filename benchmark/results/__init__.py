"""What a run leaves: rows, the store that keeps them, and where they come from.

`store.RunStore` writes and reads finished jobs, each whole or absent. `rows.Row` is the schema of a
score, and `run_status.run_status` says what is done and what is missing. `mlflow` shows the store
in MLflow.
"""
