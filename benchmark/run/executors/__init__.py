"""Where jobs run: in this process, in worker processes, or on a Dask cluster.

`executor.Executor` is the contract and `executor.InProcessExecutor` its simplest form.
`worker_pool.WorkerPool` has worker processes on this machine; `dask_cluster.DaskCluster` sends jobs
to a cluster. All executors lock, run and store a job with `job_task.run_task`.
"""
