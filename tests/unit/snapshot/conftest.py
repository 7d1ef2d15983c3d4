from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.project import Project
from tests.unit.snapshot.trees import write


@pytest.fixture
def data(project: Project) -> Path:
    return write(project.root / "data", {"a.csv": b"1,2\n", "sub/b.bin": bytes(1000), "empty": b""})
