"""Deployments on this machine: one port, a router behind it, and supervised replicas behind that."""
