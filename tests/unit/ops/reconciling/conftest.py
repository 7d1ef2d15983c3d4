"""A project with a pipeline's folder; nothing was run in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.project import Project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    Project.init(root)
    (root / "pipelines" / "kinds").mkdir(parents=True)
    (root / "pipelines" / "kinds" / "pipeline.yaml").write_text("name: kinds\n")
    return root
