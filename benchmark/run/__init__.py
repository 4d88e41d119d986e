"""Doing it: hardware, training, jobs and the runner."""
