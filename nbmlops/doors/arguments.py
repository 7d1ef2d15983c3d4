"""Tokens -> a Request, the same way for the command line and the magics: nothing is printed, nothing exits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from getopt import GetoptError, gnu_getopt
from typing import Any

import msgspec

from nbmlops.errors import UsageError
from nbmlops.ops.fields import fields_of
from nbmlops.ops.verbs import Verb

_MISSING, _UNKNOWN = "Object missing required field ", "Object contains unknown field "


def parse(verb: Verb, tokens: Sequence[str]) -> msgspec.Struct:
    """As GNU programs read them: options anywhere, `--` ends them. Raises UsageError with the verb's usage."""
    fields = fields_of(verb.request)
    options = [field for field in fields if not field.is_positional]
    forms = {field.flag: field for field in options} | {f"-{field.short}": field for field in options if field.short}
    try:
        given, rest = gnu_getopt(
            list(tokens),
            "".join(field.short + ":" * (not field.is_flag) for field in options if field.short),
            [field.flag[2:] + "=" * (not field.is_flag) for field in options],
        )
    except GetoptError as error:
        raise _refusal(verb, _complaint(error, forms)) from None
    values: dict[str, Any] = {}
    for form, text in given:
        field = forms[form]
        if field.is_many:
            values.setdefault(field.name, []).append(text)
        elif field.name in values:
            raise _refusal(verb, f"{form} is given twice")
        else:
            values[field.name] = field.is_flag or text
    for field in fields:
        if field.is_positional and rest:
            values[field.name] = rest if field.is_many else rest[0]
            rest = [] if field.is_many else rest[1:]
    if rest:
        raise _refusal(verb, f"{rest[0]} is one argument too many")
    return to_request(verb, values)


def to_request(verb: Verb, values: dict[str, Any]) -> msgspec.Struct:
    """Named values -> a Request, as REST sends them. Raises UsageError for unknown names and wrong types."""
    try:
        return msgspec.convert(values, verb.request, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(verb, _words(error, verb, values)) from error


def _refusal(verb: Verb, text: str) -> UsageError:
    return UsageError(f"{verb.name}: {text}.", kind="arguments-malformed", hint=f"Usage: {usage(verb)}", verb=verb.name)


def _complaint(error: GetoptError, forms: Collection[str]) -> str:
    typed = f"--{error.opt}" if len(error.opt) > 1 else f"-{error.opt}"
    if typed in forms:
        return error.msg
    from difflib import get_close_matches

    near = get_close_matches(typed, forms, 1)
    return f"unknown option {typed}" + (f"; the nearest is {near[0]}" if near else "")


def _words(error: msgspec.ValidationError, verb: Verb, values: dict[str, Any]) -> str:
    """msgspec's complaint in words of the prompt: names of arguments instead of paths into JSON."""
    text, _, place = str(error).replace("`", "").partition(" - at $.")
    names = {field.name: field.metavar or field.name for field in fields_of(verb.request)}
    if text.startswith(_MISSING):
        return f"{names[text.removeprefix(_MISSING)]} is missing"
    if text.startswith(_UNKNOWN):
        return f"there is no argument {text.removeprefix(_UNKNOWN)}"
    if isinstance(given := values.get(place), str):
        text = text.replace("got str", f"got {given!r}")
    return f"{place}: {text[0].lower()}{text[1:]}" if place else text


def usage(verb: Verb) -> str:
    return " ".join([verb.name, *(field.shown for field in fields_of(verb.request))])
