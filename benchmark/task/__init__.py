"""What is asked: transfers, protocols, methods and metrics."""
