"""From a Jupyter notebook to production: track, snapshot, export, run."""

__version__ = "0.1.0"
