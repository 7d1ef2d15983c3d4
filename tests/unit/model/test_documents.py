from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.errors import IntegrityError
from nbmlops.model.cell import Completeness, Execution, FileUse, worst
from nbmlops.model.documents import Document, decode, encode, identity
from nbmlops.model.snapshot import Entry, Scope, Snapshot


class Note(Document, frozen=True, kw_only=True, tag="note"):
    """In its third version: `text` was `body`, then `words`."""

    VERSION: ClassVar[int] = 3
    upgrades: ClassVar[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {
        1: lambda raw: {**raw, "words": raw["body"].split()},
        2: lambda raw: {**raw, "text": "+".join(raw["words"])},
    }

    version: int = 3
    text: str


def test_a_document_is_read_back_equal() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    execution = Execution(
        id="e",
        session="s",
        notebook="n.ipynb",
        order=1,
        source="x\n\u2028é",
        started=moment,
        seconds=0.5,
        reads=("a",),
    )
    assert decode(encode(execution), Execution, place="here") == execution


def test_equal_content_is_one_identity_and_any_change_is_another() -> None:
    entry = Entry(path="a", digest="d", size=1)
    one, same = Snapshot(scope=Scope.DATA, entries=(entry,)), Snapshot(entries=(entry,), scope=Scope.DATA)
    other = Snapshot(scope=Scope.CODE, entries=(entry,))
    assert identity(one) == identity(same) != identity(other)


def test_an_older_document_is_raised_step_by_step() -> None:
    read = decode(b'{"kind":"note","version":1,"body":"a b"}', Note, place="here")
    assert read == Note(text="a+b")


def test_an_execution_of_version_1_is_raised() -> None:
    stored = (
        b'{"kind":"execution","version":1,"id":"e","session":"s","notebook":"n.ipynb","order":1,"source":"x",'
        b'"started":"2026-01-02T03:04:05Z","seconds":0.5,"inputs":[{"path":"a.csv","seen":"audit","size":3}],'
        b'"outputs":[{"path":"b.csv"}]}'
    )
    read = decode(stored, Execution, place="here")
    assert read.inputs == (FileUse(path="a.csv", seen=("audit",), size=3),)
    assert read.outputs == (FileUse(path="b.csv", seen=("audit",)),)
    assert (read.completeness, read.frames, read.version) == (Completeness.PARTIAL, {}, 2)
    assert read.incomplete == ("recorded by the audit hook alone",)
    assert decode(encode(read), Execution, place="here") == read


def test_the_worst_of_several_levels_counts() -> None:
    assert worst([Completeness.FULL, Completeness.PARTIAL, Completeness.WATCHED]) is Completeness.PARTIAL
    assert worst([Completeness.WATCHED, Completeness.FULL]) is Completeness.WATCHED
    assert worst([]) is Completeness.FULL


def test_a_newer_document_is_refused_by_name() -> None:
    with pytest.raises(IntegrityError) as caught:
        decode(b'{"kind":"note","version":4,"text":"x"}', Note, place="notes/1")
    assert caught.value.kind == "document-too-new"
    assert str(caught.value) == ("notes/1 was written in version 4; this nbmlops reads up to 3. Upgrade nbmlops.")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"{}",
        b'"text"',
        b'{"kind":"other","version":3,"text":"x"}',
        b'{"kind":"note","version":"three","text":"x"}',
        b'{"kind":"note","version":3,"text":7}',
        b'{"kind":"note","version":1}',
        b'{"kind":"note","version":-1}',
        b"\xff\xfe",
        b"[" * 100_000,
        "\ud800",
    ],
)
def test_bytes_that_are_not_the_document_are_refused_by_name(data: bytes | str) -> None:
    with pytest.raises(IntegrityError, match=r"^notes/1 is not a readable note: "):
        decode(data, Note, place="notes/1")


@given(st.binary(max_size=60))
def test_no_bytes_bring_another_error(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        decode(data, Note, place="x")
