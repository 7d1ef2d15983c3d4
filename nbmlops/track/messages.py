"""What the kernel tells the scribe: one JSON line per message.

A run is named by a `key` that the kernel makes up, so that the kernel never waits for MLflow; the scribe
knows which MLflow run it became. Every message can be sent twice without harm: times are the kernel's,
and keys are remembered.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nbmlops.model.run import DatasetUse


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """Base of all messages."""


class OpenRun(Message, frozen=True, kw_only=True, tag="open"):
    key: str
    name: str
    experiment: str
    started_ms: int
    tags: dict[str, str] = {}
    params: dict[str, str] = {}
    parent: str = ""
    """Key of an enclosing run, or an MLflow run id."""


class AdoptRun(Message, frozen=True, kw_only=True, tag="adopt"):
    """Write to a run that somebody else (the user's own mlflow, another session) opened, and will end."""

    key: str
    run: str
    """MLflow run id; with an `experiment`, the key under which another session has opened it there."""
    experiment: str = ""


class LogParams(Message, frozen=True, kw_only=True, tag="params"):
    key: str
    params: dict[str, str]
    explicit: bool = False
    """The user asked for exactly these: another value there already is a conflict worth telling."""


class Point(msgspec.Struct, frozen=True, array_like=True):
    name: str
    value: float | str
    """`nan`, `inf` and `-inf` are text: JSON has no such numbers."""
    step: int
    time_ms: int


class LogMetrics(Message, frozen=True, kw_only=True, tag="metrics"):
    key: str
    points: tuple[Point, ...]


class SetTags(Message, frozen=True, kw_only=True, tag="tags"):
    key: str
    tags: dict[str, str]


class LogDatasets(Message, frozen=True, kw_only=True, tag="datasets"):
    key: str
    uses: tuple[DatasetUse, ...]


class LogModel(Message, frozen=True, kw_only=True, tag="model"):
    key: str
    path: str
    """A pickle file, removed once the model is in MLflow."""
    sample: str = ""
    """A pickle file with (inputs, predictions) of a few rows."""
    name: str = "model"
    modules: tuple[str, ...] = ()
    """Top-level packages that the model needs; they become its requirements."""
    import_path: tuple[str, ...] = ()
    """The kernel's sys.path, where classes of local modules are found."""


class LogArtifact(Message, frozen=True, kw_only=True, tag="artifact"):
    key: str
    path: str
    folder: str = ""
    remove: bool = False


class LogText(Message, frozen=True, kw_only=True, tag="text"):
    key: str
    text: str
    file: str


class EndRun(Message, frozen=True, kw_only=True, tag="end"):
    key: str
    ended_ms: int
    status: str = "FINISHED"
    failure: str = ""


class Extra(Message, frozen=True, kw_only=True, tag="extra"):
    """For handlers that the composition layer brings."""

    name: str
    key: str = ""
    body: dict[str, Any] = {}


class Goodbye(Message, frozen=True, kw_only=True, tag="goodbye"):
    """The kernel ends in good order: runs left open are finished, not killed."""

    ended_ms: int


AnyMessage = (
    OpenRun
    | AdoptRun
    | LogParams
    | LogMetrics
    | SetTags
    | LogDatasets
    | LogModel
    | LogArtifact
    | LogText
    | EndRun
    | Extra
    | Goodbye
)


class FlushRequest(msgspec.Struct, frozen=True):
    """Over the pipe: answer when the journal is written up to this byte, or cannot be."""

    id: int
    upto: int


class Flushed(msgspec.Struct, frozen=True, kw_only=True):
    """The scribe's answer."""

    id: int = 0
    done: bool = False
    """Everything sent before the request is in MLflow."""
    runs: dict[str, str] = {}
    """MLflow run id by key."""
    errors: tuple[str, ...] = ()
    """What MLflow refused since the last flush; logged in scribe.log too."""


encoder = msgspec.json.Encoder()
message_decoder: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)
