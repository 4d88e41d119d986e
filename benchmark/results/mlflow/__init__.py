"""MLflow as a view of the store, which can be written again at any time.

`tracker.Tracker.sync` brings a tracking server up to date. `background_sync.BackgroundSync` does
this in a separate process during a run. `logged_models` shows fitted networks as models.
"""
