"""Why MLflow's own tables are left to MLflow."""

from __future__ import annotations


class UnknownTables(Exception):
    """This database is not laid out as the MLflow versions that we know lay it out."""
