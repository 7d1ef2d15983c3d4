"""All documents of a folder."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.errors import UsageError
from nbmlops.model.reconciler import Reconciler
from nbmlops.reconcile import folder as room
from nbmlops.reconcile import spec
from nbmlops.reconcile.folder import in_order, load_all, load_each
from tests.unit.reconcile.documents import DEPLOYER, SMALL, TRAINER
from tests.unit.reconcile.simulated import trainer


def small(name: str, depends: str = "") -> str:
    text = SMALL.replace("NAME", name)
    return text.replace("spec: {", f"spec: {{dependsOn: [{depends}], ") if depends else text


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    # As if it had been there for a while.
    old = time.time() - 60
    os.utime(path, (old, old))


def test_all_documents_are_found_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "reconcilers"
    assert load_all(folder) == ()
    write(folder / "b.yaml", small("b"))
    write(folder / "a.yaml", f"{TRAINER}---\n{DEPLOYER}---\n{small('tokenizer-train')}")
    write(folder / "notes.txt", "no document")
    (folder / "folder.yaml").mkdir()
    found = load_all(folder)
    assert [each.name for each in found] == ["b", "labels-deploy", "labels-train", "tokenizer-train"]
    assert found[0].path == "reconcilers/b.yaml"


def test_one_that_is_broken_stops_no_other(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", small("a"))
    write(tmp_path / "b.yaml", "kind: Trainr")
    found = load_each(tmp_path)
    assert [each.name for each in found.reconcilers] == ["a"]
    assert [each.message for each in found.refused] == ["b.yaml:1: there is no kind 'Trainr'; do you mean Trainer?"]
    with pytest.raises(UsageError, match="Trainr"):
        load_all(tmp_path)


def test_one_that_goes_while_they_are_read_takes_no_other_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.yaml", small("a"))
    write(tmp_path / "b.yaml", small("b"))
    scandir = os.scandir

    @contextlib.contextmanager
    def slow(folder: Path) -> Iterator[list[os.DirEntry[str]]]:
        with scandir(folder) as entries:
            listed = list(entries)
        (tmp_path / "b.yaml").unlink(missing_ok=True)
        yield listed

    monkeypatch.setattr(os, "scandir", slow)
    found = load_each(tmp_path)
    assert [each.name for each in found.reconcilers] == ["a"]
    assert found.refused == ()


def test_a_name_stands_there_once(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", small("a"))
    write(tmp_path / "b.yaml", f"# first\n{small('b')}---\n{small('a')}")
    with pytest.raises(UsageError, match=r"^b\.yaml:7: a stands in a\.yaml:1 already\.$"):
        load_all(tmp_path)


def test_what_is_depended_upon_is_there(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", small("a", "gone"))
    with pytest.raises(UsageError, match=r"a\.yaml:1: a depends on gone, which there is not\."):
        load_all(tmp_path)


def test_nobody_depends_on_himself(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", small("a", "c"))
    write(tmp_path / "b.yaml", small("b", "a"))
    write(tmp_path / "c.yaml", small("c", "b"))
    write(tmp_path / "d.yaml", small("d", "a"))
    with pytest.raises(UsageError, match=r"a\.yaml:1: they depend on each other: a, c, b, a\."):
        load_all(tmp_path)


def test_what_is_unchanged_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache.json"
    folder = tmp_path / "reconcilers"
    write(folder / "a.yaml", small("a"))
    write(folder / "b.yaml", TRAINER.replace("[tokenizer-train]", "[]"))
    first = load_all(folder, cache=cache)
    read = []
    real = spec.load

    def counted(path: Path, *, name: str = "") -> tuple[tuple[int, Reconciler], ...]:
        read.append(path.name)
        return real(path, name=name)

    monkeypatch.setattr(room, "load", counted)
    assert load_all(folder, cache=cache) == first
    assert read == []
    # As another process would.
    room._kept.clear()
    assert load_all(folder, cache=cache) == first
    assert read == []
    write(folder / "a.yaml", small("aa"))
    assert [each.name for each in load_all(folder, cache=cache)] == ["aa", "labels-train"]
    assert read == ["a.yaml"]
    room._kept.clear()
    cache.write_bytes(b'{"version": 1}')
    assert len(load_all(folder, cache=cache)) == 2
    assert read == ["a.yaml", "a.yaml", "b.yaml"]


def test_a_file_that_was_just_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for name in ("a", "b", "c"):
        path.write_text(small(name))
        os.utime(path, (time.time(), time.time()))
        assert [each.name for each in load_all(tmp_path)] == [name]


def test_each_comes_after_those_that_it_depends_on() -> None:
    specs = [
        trainer(name="a", depends_on=("c",)),
        trainer(name="b"),
        trainer(name="c", depends_on=("d", "b")),
        trainer(name="d"),
    ]
    assert [each.name for each in in_order(specs)] == ["b", "d", "c", "a"]
    chain = [trainer(name=f"n{n}", depends_on=(f"n{n + 1}",)) for n in range(3000)]
    assert in_order(chain)[0].name == "n2999"
    circle = [trainer(name="a", depends_on=("b",)), trainer(name="b", depends_on=("a",))]
    assert {each.name for each in in_order(circle)} == {"a", "b"}
