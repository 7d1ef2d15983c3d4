"""Reconcilers in the real world: what they see of the project, and what they do to it."""
