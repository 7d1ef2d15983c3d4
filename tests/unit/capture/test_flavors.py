"""MLflow's own autologging for other libraries: asked for once, after the user's import."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nbmlops.capture.flavors import watch_flavors
from nbmlops.track import flavors


@pytest.fixture(autouse=True)
def nothing_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests import the real ones."""
    for name in ("xgboost", "lightgbm"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_library_is_announced_once_after_its_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xgboost.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    told: list[str] = []
    cancel = watch_flavors(told.append)
    try:
        import xgboost  # type: ignore[import-not-found]

        assert xgboost.VALUE == 1
        assert told == ["xgboost"]
    finally:
        cancel()
        sys.modules.pop("xgboost", None)
    assert not any("importing" in type(finder).__module__ for finder in sys.meta_path if "nbmlops" in str(finder))


def test_a_flavour_that_mlflow_does_not_have_is_no_error() -> None:
    assert flavors.switch_on("nothing_of_the_kind") is False


def test_a_listener_that_fails_does_not_break_the_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "lightgbm.py").write_text("VALUE = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def broken(flavor: str) -> None:
        raise RuntimeError(flavor)

    cancel = watch_flavors(broken)
    try:
        import lightgbm  # type: ignore[import-not-found]

        assert lightgbm.VALUE == 2
        assert "listener to the import of lightgbm failed" in caplog.text
    finally:
        cancel()
        sys.modules.pop("lightgbm", None)
