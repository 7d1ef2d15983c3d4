from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.capture.files import FileWatch


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "x.csv").write_text("a,b\n1,2\n")
    return folder


@pytest.fixture
def files(root: Path) -> Iterator[FileWatch]:
    made = FileWatch(root)
    made.start()
    yield made
    made.close()
