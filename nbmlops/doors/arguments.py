"""Tokens -> a Request, the same way for the command line and the magics: nothing is printed, nothing exits."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from cyclopts import App, CycloptsError, Parameter

from nbmlops.errors import UsageError
from nbmlops.ops.fields import fields_of
from nbmlops.ops.verbs import Verb

_MISSING, _UNKNOWN = "Object missing required field ", "Object contains unknown field "


def parse(verb: Verb, tokens: Sequence[str]) -> msgspec.Struct:
    """Raises UsageError with the parser's complaint and the verb's usage."""
    app = App(name=verb.name, help_flags=(), version_flags=(), result_action="return_value")
    app.default(_collector(verb.request))
    try:
        _, bound, _ = app.parse_args(list(tokens), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        text = " ".join(str(error).split())
        raise UsageError(
            f"{verb.name}: {text}", kind="arguments-malformed", hint=f"Usage: {usage(verb)}", verb=verb.name
        ) from None
    return to_request(verb, dict(bound.arguments))


def to_request(verb: Verb, values: dict[str, Any]) -> msgspec.Struct:
    """Named values -> a Request, as REST sends them. Raises UsageError for unknown names and wrong types."""
    try:
        return msgspec.convert(values, verb.request, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{verb.name}: {_words(error, verb)}.",
            kind="arguments-malformed",
            hint=f"Usage: {usage(verb)}",
            verb=verb.name,
        ) from error


def _words(error: msgspec.ValidationError, verb: Verb) -> str:
    """msgspec's complaint in words of the prompt: names of arguments instead of paths into JSON."""
    text, _, place = str(error).replace("`", "").partition(" - at $.")
    names = {field.name: field.metavar or field.name for field in fields_of(verb.request)}
    if text.startswith(_MISSING):
        return f"{names[text.removeprefix(_MISSING)]} is missing"
    if text.startswith(_UNKNOWN):
        return f"there is no argument {text.removeprefix(_UNKNOWN)}"
    return f"{place}: {text[0].lower()}{text[1:]}" if place else text


def usage(verb: Verb) -> str:
    return " ".join([verb.name, *(field.shown for field in fields_of(verb.request))])


def _collector(request: type[msgspec.Struct]) -> Any:
    """A function whose signature cyclopts can read, since it does not know msgspec structs."""

    def collect(**values: Any) -> dict[str, Any]:
        return values

    parameters = []
    for field in fields_of(request):
        names = (field.flag, f"-{field.short}") if field.short else (field.flag,)
        if field.is_positional and field.is_many:
            item: Any = field.type.__args__[0]
            parameters.append(inspect.Parameter(field.name, inspect.Parameter.VAR_POSITIONAL, annotation=item))
            continue
        kind = inspect.Parameter.POSITIONAL_ONLY if field.is_positional else inspect.Parameter.KEYWORD_ONLY
        about = Parameter() if field.is_positional else Parameter(name=names, negative=())
        default = inspect.Parameter.empty if field.is_required else field.default
        parameters.append(inspect.Parameter(field.name, kind, default=default, annotation=Annotated[field.type, about]))
    collect.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return collect
