"""`annotate`: name a run, tag it, write a note to it. Also while it is under way."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.lib.digest import short
from nbmlops.model.run import RunView, Tags
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.track.lists import find_run

LONGEST_NAME = 250
LONGEST_VALUE = 8000
_OURS = ("mlflow.", "nbmlops.")
_KEY_MARKS = frozenset("_-./ :")


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: Annotated[str, positional("Id, the beginning of one, or the name of the newest.")]
    name: Annotated[str, option("Call it so.", metavar="NAME")] = ""
    tag: Annotated[tuple[str, ...], option("Set a tag.", short="t", metavar="KEY=VALUE")] = ()
    untag: Annotated[tuple[str, ...], option("Take a tag away.", metavar="KEY")] = ()
    note: Annotated[
        str | None,
        option("Write a note (Markdown) in place of the old one; an empty one takes it away.", metavar="TEXT"),
    ] = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    run: RunView
    """As it is now."""
    before: str
    """The name until now."""
    note: str


def annotate(call: Call, request: Request) -> Result:
    """Raises NotFoundError for an unknown run or tag and UsageError for what MLflow cannot keep: nothing is changed."""
    if not (request.name or request.tag or request.untag or request.note is not None):
        raise UsageError(
            "Nothing to write.", kind="arguments-malformed", hint="Give --name, --tag KEY=VALUE, --untag KEY or --note."
        )
    _check_name(request.name)
    tags = _tags(request.tag)
    for key in request.untag:
        _check_key(key)
    project = call.project
    if call.has_session:
        call.session.scribe.flush(10.0)
    run = find_run(project.uri, request.run)
    untag = list(dict.fromkeys(request.untag))
    for key in untag:
        if key not in run.tags:
            raise NotFoundError(
                f"Run {run.name} has no tag {key}.", kind="tag-missing", hint=f"Look: nbmlops show {short(run.id)}"
            )
    if request.note:
        tags[Tags.MLFLOW_NOTE] = _checked_value("note", request.note)
    elif request.note is not None and Tags.MLFLOW_NOTE in run.tags:
        untag.append(Tags.MLFLOW_NOTE)
    from nbmlops.track import edit

    edit.annotate(project.uri, run.id, name=request.name, tags=tags, untag=untag)
    now = find_run(project.uri, run.id)
    return Result(run=now, before=run.name, note=now.tags.get(Tags.MLFLOW_NOTE, ""))


def _check_name(name: str) -> None:
    if name and not name.strip():
        raise UsageError("The name is blank.", kind="name-malformed", hint="Give it some letters.")
    if len(name) > LONGEST_NAME:
        raise UsageError(
            f"The name has {len(name):,} letters; MLflow keeps {LONGEST_NAME}.",
            kind="name-malformed",
            hint="Write the rest into a note: --note.",
        )
    if not name.isprintable():
        raise UsageError(
            "The name has line breaks or control characters.", kind="name-malformed", hint="Write it in one line."
        )


def _tags(texts: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(
                f"{_shown(text)!r} is not KEY=VALUE.", kind="tag-malformed", hint="For example: --tag team=red"
            )
        _check_key(key)
        if key in found:
            raise UsageError(f"The tag {key} is given twice.", kind="tag-malformed", hint="Give it once.")
        found[key] = _checked_value(f"value of {key}", value)
    return found


def _check_key(key: str) -> None:
    if key.startswith(_OURS):
        ours = {Tags.MLFLOW_NAME: "--name", Tags.MLFLOW_NOTE: "--note"}.get(key)
        raise UsageError(
            f"Tags that begin with mlflow. or nbmlops. are not for people: {_shown(key)}.",
            kind="tag-reserved",
            hint=f"Use {ours}." if ours else "Choose another name.",
        )
    is_plain = all(letter.isalnum() or letter in _KEY_MARKS for letter in key)
    parts = key.split("/")
    if not key.strip() or not is_plain or len(key) > LONGEST_NAME or "" in parts or {".", ".."} & set(parts):
        raise UsageError(
            f"{_shown(key)!r} is no name of a tag.",
            kind="tag-malformed",
            hint=f"Letters, digits, blanks and _ - . : / are allowed, up to {LONGEST_NAME} of them.",
        )


def _checked_value(what: str, value: str) -> str:
    if len(value) > LONGEST_VALUE:
        raise UsageError(
            f"The {what} has {len(value):,} letters; MLflow keeps {LONGEST_VALUE:,}.",
            kind="tag-too-long",
            hint="Shorten it.",
        )
    if "\0" in value:
        raise UsageError(f"The {what} has a null character.", kind="tag-malformed", hint="Take it out.")
    return value


def _shown(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
