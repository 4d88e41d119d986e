"""MLflow as a view of the store: it can be built again at any time.

`tracker.Tracker.sync` brings a tracking server up to date. `background_sync.BackgroundSync` does so
from a process of its own while a run goes on. `logged_models` shows fitted networks as models.
"""
