"""Replicas: started, watched, started again, stopped."""
