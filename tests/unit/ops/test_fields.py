from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.ops.fields import Field, fields_of, option, positional


class Request(msgspec.Struct, frozen=True, kw_only=True):
    output_folder: Annotated[str, option("Where to.", short="o", metavar="FOLDER")] = "out"
    notebook: Annotated[str, positional("What.")]
    paths: Annotated[tuple[str, ...], positional("Which.", metavar="PATH")] = ()
    dry_run: Annotated[bool, option("Only say.")] = False
    plain: int = 3


def test_fields_are_listed_with_the_positional_ones_first() -> None:
    assert [(f.name, f.is_positional, f.is_required, f.default) for f in fields_of(Request)] == [
        ("notebook", True, True, None),
        ("paths", True, False, ()),
        ("output_folder", False, False, "out"),
        ("dry_run", False, False, False),
        ("plain", False, False, 3),
    ]


def test_fields_show_how_they_are_typed() -> None:
    fields = fields_of(Request)
    assert [field.shown for field in fields] == [
        "NOTEBOOK",
        "[PATH...]",
        "[-o|--output-folder FOLDER]",
        "[--dry-run]",
        "[--plain PLAIN]",
    ]
    assert [(field.is_many, field.is_flag) for field in fields[1:4]] == [
        (True, False),
        (False, False),
        (False, True),
    ]


def test_a_field_without_words_about_it_is_an_option() -> None:
    assert fields_of(Request)[-1] == Field(
        name="plain",
        type=int,
        help="",
        is_positional=False,
        short="",
        metavar="",
        default=3,
        is_required=False,
    )
