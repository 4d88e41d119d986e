"""Where jobs run: in this process, in worker processes, or on a Dask cluster.

`executor.Executor` is the contract and `executor.InProcessExecutor` its simplest form.
`worker_pool.WorkerPool` keeps worker processes on this machine; `dask_cluster.DaskCluster` sends
jobs to a cluster. `job_task.run_task` is the one path by which a job is locked, run and stored.
"""
