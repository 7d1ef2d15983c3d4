from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nbmlops.errors import ExternalError, IntegrityError, NotFoundError, StateError
from nbmlops.pipeline import handoff


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(handoff.FOLDER_VARIABLE, str(tmp_path / "handoff"))
    return tmp_path / "handoff"


def test_values_come_back_in_the_order_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    handoff.give({"X": np.arange(3)}, {"n": 7}, {"d": {"a": 1}}, step="prepare data")
    n, x = handoff.take("n", "X", step="prepare data")
    assert (n, x.tolist(), handoff.take("d", step="prepare data")) == (7, [0, 1, 2], {"a": 1})
    assert capsys.readouterr().out.splitlines() == [
        "prepare data gives X (npy, 152 bytes)",
        "prepare data gives n (json, 1 bytes)",
        "prepare data gives d (json, 8 bytes)",
    ]


def test_two_names_of_one_object_are_one_object_again() -> None:
    rows: list[int] = []
    handoff.give({"rows": rows, "table": {"rows": rows}}, step="s")
    rows, table = handoff.take("rows", "table", step="s")
    rows.append(1)
    assert table == {"rows": [1]}


def test_names_of_separate_bundles_are_separate() -> None:
    rows: list[int] = []
    handoff.give({"a": rows}, {"b": rows}, step="s")
    a, b = handoff.take("a", "b", step="s")
    a.append(1)
    assert b == []


def test_without_a_folder_named_it_lies_beside_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(handoff.FOLDER_VARIABLE)
    monkeypatch.chdir(tmp_path)
    handoff.give({"a": 1}, step="s")
    assert (tmp_path / ".nbmlops-handoff" / "s" / "manifest.json").is_file()


@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_file_is_refused_before_anything_of_it_is_loaded(folder: Path, damage: str) -> None:
    handoff.give({"f": lambda: 1}, {"other": 2}, step="s")
    path = folder / "s" / "00-f.pkl"
    if damage == "changed":
        path.write_bytes(b"cos\nabort\n(tR.")  # would end this process if it were unpickled
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
    with pytest.raises(IntegrityError) as caught:
        handoff.take("f", step="s")
    assert str(caught.value) == f"{path} is not what step s gave. Run step s again."
    assert handoff.take("other", step="s") == 2


def test_a_damaged_manifest_is_refused(folder: Path) -> None:
    handoff.give({"a": 1}, step="s")
    (folder / "s" / "manifest.json").write_text("{")
    with pytest.raises(IntegrityError, match="is not a readable manifest"):
        handoff.take("a", step="s")


def test_a_step_that_has_not_run_and_a_name_it_did_not_give_are_told_apart() -> None:
    with pytest.raises(NotFoundError, match="Step s has not given anything yet"):
        handoff.take("a", step="s")
    handoff.give({"a": 1}, step="s")
    with pytest.raises(NotFoundError, match=r"Step s did not give b\."):
        handoff.take("a", "b", step="s")


def test_giving_again_replaces_what_was_given() -> None:
    handoff.give({"a": 1}, {"b": 2}, step="s")
    handoff.give({"a": math.inf}, step="s")
    assert handoff.take("a", step="s") == math.inf
    with pytest.raises(NotFoundError):
        handoff.take("b", step="s")


class Stubborn:
    def __reduce__(self) -> str:
        raise RuntimeError("not\nme")


def test_a_value_that_cannot_be_stored_fails_only_the_step_that_asks_for_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handoff.give({"a": 1}, {"lock": Stubborn()}, step="s")
    assert capsys.readouterr().out.splitlines() == [
        "s gives a (json, 1 bytes)",
        "s cannot give lock: it cannot be stored (RuntimeError: not me)",
    ]
    assert not list((folder / "s").glob("*.pkl"))
    assert handoff.take("a", step="s") == 1
    with pytest.raises(StateError) as caught:
        handoff.take("lock", step="s")
    assert caught.value.message == "lock cannot come from step s: it cannot be stored (RuntimeError: not me)."


def test_a_probe_notes_what_it_cannot_keep_and_leaves_out_what_is_not_there(tmp_path: Path) -> None:
    handoff.probe(("a", "bad", "absent"), {"a": 1, "bad": Stubborn()}, tmp_path, "s")
    manifest = handoff.manifest_of(tmp_path / "s")
    assert manifest is not None
    assert [held.names for held in manifest.held] == [("a",)]
    assert manifest.refused == {"bad": "it cannot be stored (RuntimeError: not me)"}
    assert handoff.read(tmp_path / "s", ("a",)) == {"a": 1}


def test_a_file_where_the_folder_should_be_is_one_line(folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(ExternalError, match="A file stands where a folder is needed"):
        handoff.give({"a": 1}, step="s")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"version":1', '"version":99', "was written in version 99; this nbmlops reads up to 1"),
        ('"format":"json"', '"format":"zarr"', "There is no format 'zarr'"),
    ],
)
def test_what_another_version_has_given_is_refused_in_one_line(folder: Path, old: str, new: str, message: str) -> None:
    handoff.give({"n": 1}, step="s")
    path = folder / "s" / "manifest.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(IntegrityError, match=message) as refused:
        handoff.take("n", step="s")
    assert "Upgrade nbmlops" in str(refused.value)


def test_what_instances_give_comes_as_lists_in_their_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 0):
        monkeypatch.setenv(handoff.AS_VARIABLE, f"train.{number}")
        handoff.give({"score": number, "name": f"n{number}"}, step="train")
    monkeypatch.delenv(handoff.AS_VARIABLE)
    assert sorted(path.name for path in folder.iterdir()) == ["train.0", "train.1"]
    handoff.gather(folder / "train", "train", ("train.0", "train.1"))
    assert handoff.take("name", "score", step="train") == (["n0", "n1"], [0, 1])
    handoff.gather(folder / "none", "none", ())
    assert handoff.take("score", step="none") == []
