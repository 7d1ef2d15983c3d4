from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.capture.place import notebook_path

OURS, SERVER, EDITOR = "NBMLOPS_NOTEBOOK", "JPY_SESSION_NAME", "__vsc_ipynb_file__"


@pytest.mark.parametrize(
    ("namespace", "environ", "expected"),
    [
        ({}, {}, None),
        ({}, {SERVER: "/w/a.ipynb"}, "/w/a.ipynb"),
        ({EDITOR: "/v/a.ipynb"}, {SERVER: "/w/a.ipynb"}, "/v/a.ipynb"),
        ({EDITOR: "/v/a.ipynb"}, {OURS: "/o/a.ipynb", SERVER: "/w/a.ipynb"}, "/o/a.ipynb"),
        ({}, {SERVER: "console-1-uuid"}, None),
        ({EDITOR: 7}, {SERVER: ""}, None),
    ],
)
def test_the_first_who_names_a_notebook_is_believed(
    namespace: dict[str, object], environ: dict[str, str], expected: str | None
) -> None:
    assert notebook_path(namespace, environ) == (Path(expected) if expected else None)


def test_a_path_seen_from_the_server_is_found_from_the_kernels_folder_upwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = tmp_path / "work" / "deep" / "a b.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_text("{}")
    monkeypatch.chdir(notebook.parent)
    assert notebook_path({}, {SERVER: "work/deep/a b.ipynb"}) == notebook
    assert notebook_path({}, {SERVER: "deep/a b.ipynb"}) == notebook


def test_a_notebook_that_is_not_saved_yet_lies_where_the_kernel_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert notebook_path({}, {SERVER: "work/new.ipynb"}) == tmp_path / "new.ipynb"
