"""Fit a method and let it predict targets, in this process or in a separate one.

`started_method.StartedMethod` is the contract; `started_method.InProcessMethod` implements it in
this process. `target_prediction.show_target` selects the part of a target that a track allows a
method to see. `benchmark.run.executors` runs the same code in a process for each job.
"""
