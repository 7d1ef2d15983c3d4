"""Arguments of verbs as fields of a form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest

from nbmlops.doors.server.table import _field, table
from nbmlops.ops.fields import fields_of, option, positional
from nbmlops.snapshot.diff import ChangeKind


class Request(msgspec.Struct, frozen=True, kw_only=True):
    text: Annotated[str, positional("A text.", metavar="TEXT")]
    texts: Annotated[tuple[str, ...], option("Texts.", short="t")] = ()
    number: Annotated[int | None, option("A number.")] = None
    figure: Annotated[float, option("A figure.")] = 0.5
    is_so: Annotated[bool, option("Whether.")] = False
    way: Annotated[Literal["up", "down"], option("Which way.")] = "up"
    change: Annotated[ChangeKind | None, option("Which change.")] = None


def test_each_argument_has_what_a_form_needs() -> None:
    found = {field.name: _field(field) for field in fields_of(Request)}
    assert {name: (field.type, field.choices) for name, field in found.items()} == {
        "text": ("text", ()),
        "texts": ("text", ()),
        "number": ("int", ()),
        "figure": ("float", ()),
        "is_so": ("flag", ()),
        "way": ("choice", ("up", "down")),
        "change": ("choice", tuple(str(kind) for kind in ChangeKind)),
    }
    assert (found["text"].positional, found["text"].required, found["text"].metavar) == (True, True, "TEXT")
    assert (found["texts"].many, found["texts"].flag, found["texts"].short) == (True, "--texts", "t")
    assert (found["is_so"].flag, found["way"].default, found["figure"].default) == ("--is-so", "up", 0.5)


def test_a_type_that_no_form_has_is_refused() -> None:
    class Odd(msgspec.Struct):
        anything: Annotated[dict[str, Any], option("Anything.")]

    with pytest.raises(TypeError):
        _field(fields_of(Odd)[0])


def test_the_table_is_one_document_of_which_all_can_be_read() -> None:
    assert table() is table()
    verbs = msgspec.json.decode(table().body)["verbs"]
    assert all(verb["schema"] and verb["usage"].startswith(verb["name"]) for verb in verbs)
