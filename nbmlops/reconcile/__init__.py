"""Reconcilers: documents in git that say what has to be so, and ticks that make it so."""
