"""A package that is installed for a test, with what it offers to others."""

from __future__ import annotations

from pathlib import Path

import pytest


def offer(place: Path, monkeypatch: pytest.MonkeyPatch, name: str, points: str) -> None:
    """`points`: the text of its entry_points.txt. `place`: a folder to install it in, which is made."""
    about = place / f"{name}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(place))
