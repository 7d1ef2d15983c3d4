from __future__ import annotations

import pytest

from nbmlops.errors import IntegrityError
from nbmlops.model.documents import Document
from nbmlops.project import Project


class Leaf(Document, frozen=True, kw_only=True, tag="leaf"):
    text: str


class Stone(Document, frozen=True, kw_only=True, tag="stone"):
    text: str


def texts(found: tuple[Leaf, ...]) -> list[str]:
    return [leaf.text for leaf in found]


@pytest.fixture
def filled(project: Project) -> Project:
    project.records.put_many([(Leaf(text=id), id, subject) for id, subject in (("b", "x"), ("c", "y"), ("a", "x"))])
    project.records.put(Stone(text="other"), id="a")
    return project


def test_documents_come_back_by_kind_and_id(filled: Project) -> None:
    assert filled.records.get(Leaf, "a") == Leaf(text="a")
    assert filled.records.get(Stone, "a") == Stone(text="other")
    assert filled.records.get(Stone, "b") is None


def test_documents_are_listed_by_the_order_of_their_ids(filled: Project) -> None:
    assert texts(filled.records.newest(Leaf)) == ["c", "b", "a"]
    assert texts(filled.records.oldest(Leaf)) == ["a", "b", "c"]
    assert texts(filled.records.newest(Leaf, limit=1)) == ["c"]
    assert texts(filled.records.newest(Leaf, subject="x")) == ["b", "a"]
    assert texts(filled.records.oldest(Leaf, subject="nobody")) == []


def test_a_prefix_finds_the_ids_that_begin_so(filled: Project) -> None:
    filled.records.put(Leaf(text="bb"), id="bb")
    assert texts(filled.records.with_prefix(Leaf, "b")) == ["b", "bb"]
    assert texts(filled.records.with_prefix(Leaf, "")) == ["a", "b", "bb", "c"]
    assert texts(filled.records.with_prefix(Leaf, "%")) == []


def test_putting_again_replaces_and_deleting_leaves_the_others(filled: Project) -> None:
    filled.records.put(Leaf(text="new"), id="b", subject="y")
    filled.records.delete(Leaf, "a")
    assert texts(filled.records.oldest(Leaf)) == ["new", "c"]
    assert texts(filled.records.newest(Leaf, subject="x")) == []
    assert filled.records.get(Stone, "a") is not None


def test_of_many_documents_all_are_written_or_none(filled: Project) -> None:
    bad = Leaf(text="\ud800")
    with pytest.raises(UnicodeEncodeError):
        filled.records.put_many([(Leaf(text="d"), "d", ""), (bad, "e", "")])
    assert texts(filled.records.oldest(Leaf)) == ["a", "b", "c"]


def test_a_damaged_document_is_named(filled: Project) -> None:
    with filled.database.write() as connection:
        connection.execute("UPDATE documents SET data = x'7b' WHERE id = 'c'")
    with pytest.raises(IntegrityError, match=r"^leaf c is not a readable leaf"):
        filled.records.get(Leaf, "c")
