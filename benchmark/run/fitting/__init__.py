"""A method is fitted and asked about targets: in this process, or in one of its own.

`started_method.StartedMethod` is the contract and `started_method.InProcessMethod` its form in this
process. `target_prediction.show_target` takes from a target what a track allows a method to see.
`benchmark.run.executors` runs the same code in a process for each job.
"""
