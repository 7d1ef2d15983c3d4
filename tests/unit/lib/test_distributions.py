"""What is installed, and which distributions bring a module: what Python's own, slow way finds."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from nbmlops.lib.distributions import distributions, providers


def test_all_that_python_finds_is_found() -> None:
    found = providers()
    for module, names in importlib.metadata.packages_distributions().items():
        if module.isidentifier():
            assert set(names) <= set(found.get(module, ())), module
    assert "__pycache__" not in found


def test_names_that_differ_are_known() -> None:
    found = providers()
    assert found["sklearn"] == ("scikit-learn",)
    assert found["yaml"] == ("PyYAML",)
    assert "no_such_module" not in found


def test_what_is_installed_later_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert "newcomer" not in providers()
    info = tmp_path / "late_newcomer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: late-newcomer\nVersion: 1.0\n")
    (info / "RECORD").write_text(
        "newcomer/__init__.py,,\n__pycache__/single.cpython-311.pyc,,\nsingle.py,,\n../../bin/newcome,,\n"
        "late_newcomer-1.0.dist-info/METADATA,,\n"
    )
    found = providers()
    assert found["newcomer"] == found["single"] == ("late-newcomer",)
    assert not {"..", "__pycache__", "late_newcomer-1"} & set(found)


def test_a_distribution_without_a_name_or_records_brings_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "nameless-1.0.dist-info").mkdir()
    (tmp_path / "nameless-1.0.dist-info" / "RECORD").write_text("nameless.py,,\n")
    (tmp_path / "bare-1.0.dist-info").mkdir()
    (tmp_path / "bare-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: bare\nVersion: 1\n")
    assert not {"nameless", "bare"} & set(providers())
    names = [each.name for each in distributions()]
    assert "bare" in names
    assert all(names)


def test_names_and_versions_are_as_python_reads_them() -> None:
    pytest.importorskip("importlib_metadata", reason="importlib_metadata, which finds all of them again, is missing")
    found = distributions()
    assert len({each.name for each in found}) == len(found) > 50
    for name, version, distribution in found:
        assert (name, version) == (distribution.metadata["Name"], distribution.version)


def test_the_first_one_of_a_name_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, version in (("near", "2.0"), ("far", "1.0")):
        info = tmp_path / folder / f"both-{version}.dist-info"
        info.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: both\nVersion: {version}\n\nName: not this one\n"
        (info / "METADATA").write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "near"), str(tmp_path / "far"), *sys.path])
    assert [each.version for each in distributions() if each.name == "both"] == ["2.0"]
