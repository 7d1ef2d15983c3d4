from __future__ import annotations

import functools
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from nbmlops.capture.patches import Patches


def louder(original: Any) -> Any:
    @functools.wraps(original)
    def call(*args: Any) -> str:
        return f"{original(*args)}!"

    return call


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "patched_one.py").write_text("def f():\n    return 'f'\n\nclass C:\n    n = 1\n    g = f\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "patched_one", raising=False)
    return "patched_one"


def test_a_module_is_patched_once_imported_and_put_back(module: str) -> None:
    patches = Patches()
    patches.after_import(module, lambda found: patches.wrap(found, "f", louder))
    assert patches.names() == ()
    import patched_one  # type: ignore[import-not-found]

    assert (patched_one.f(), patches.names()) == ("f!", ("patched_one.f",))
    patches.undo()
    assert (patched_one.f(), patches.names()) == ("f", ())


def test_after_undoing_nothing_is_waited_for(module: str) -> None:
    patches = Patches()
    patches.after_import(module, lambda found: patches.wrap(found, "f", louder))
    patches.undo()
    import patched_one

    assert patched_one.f() == "f"


def test_what_is_not_there_or_no_function_or_not_to_be_changed_stays(module: str) -> None:
    import patched_one

    class Other(patched_one.C):  # type: ignore[misc]
        pass

    patches = Patches()
    for owner, name in ((patched_one, "gone"), (patched_one.C, "n"), (Other, "g"), (None, "f"), (str, "upper")):
        patches.wrap(owner, name, louder)
    assert patches.names() == ()
    assert ("a".upper(), Other().n) == ("A", 1)


def test_what_somebody_else_has_put_on_top_stays() -> None:
    owner = types.ModuleType("owner")
    owner.f = lambda: "f"  # type: ignore[attr-defined]
    patches = Patches()
    patches.wrap(owner, "f", louder)
    owner.f = louder(owner.f)  # type: ignore[attr-defined]
    patches.undo()
    assert owner.f() == "f!!"
