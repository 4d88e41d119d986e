"""Predict the cost of a run before it starts: jobs, time, memory and disk.

`speed_calibration.calibrate` times each method on few samples. `cost_estimates.make_estimate`
extrapolates to the jobs of a run. `plan_command` is the command `plan`.
"""
