"""The verb table as a document: all that a form, a menu or a magic line of a verb needs."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import inspect as shapes

import nbmlops
from nbmlops.doors.arguments import usage
from nbmlops.doors.server.answer import Answer, answer
from nbmlops.doors.server.documents import API, Field, Table, VerbEntry
from nbmlops.ops import fields
from nbmlops.ops.verbs import VERBS, Verb


@functools.cache
def table() -> Answer:
    """Loads the module of every verb, once."""
    verbs = tuple(_entry(verb) for verb in VERBS if not verb.is_terminal)
    return answer(Table(version=nbmlops.__version__, api=API, verbs=verbs))


def _entry(verb: Verb) -> VerbEntry:
    return VerbEntry(
        name=verb.name,
        summary=verb.summary,
        group=verb.group,
        effect=verb.effect.value,
        usage=usage(verb),
        schema=msgspec.json.schema(verb.request),
        fields=tuple(_field(field) for field in fields.fields_of(verb.request)),
        needs_kernel=verb.needs_kernel,
    )


def _field(field: fields.Field) -> Field:
    type, choices = _form(shapes.type_info(field.type), field.type)
    return Field(
        name=field.name,
        flag="" if field.is_positional else field.flag,
        short=field.short,
        help=field.help,
        positional=field.is_positional,
        many=field.is_many,
        required=field.is_required,
        type=type,
        choices=choices,
        default=field.default,
        metavar=field.metavar,
    )


def _form(shape: shapes.Type, hint: Any) -> tuple[Any, tuple[str, ...]]:
    """What is put in for one value, and what there is to choose from, in the order in which it is declared."""
    match shape:
        case shapes.Metadata():
            return _form(shape.type, hint)
        case shapes.VarTupleType():
            return _form(shape.item_type, hint)
        case shapes.UnionType():
            return _form(next(each for each in shape.types if not isinstance(each, shapes.NoneType)), hint)
        case shapes.LiteralType():
            return "choice", tuple(_literals(hint))
        case shapes.EnumType():
            return "choice", tuple(str(each.value) for each in shape.cls)
        case shapes.BoolType():
            return "flag", ()
        case shapes.IntType():
            return "int", ()
        case shapes.FloatType():
            return "float", ()
        case shapes.StrType():
            return "text", ()
    raise TypeError(f"A prompt and a form have no field for {shape}.")


def _literals(hint: Any) -> Iterator[str]:
    for part in get_args(hint):
        if get_origin(hint) is Literal:
            yield str(part)
        else:
            yield from _literals(part)
