"""`nbmlops.toml` and the environment, as one frozen Settings; every value knows where it came from.

[tracking]
uri = "https://mlflow.example.org"    # default: a database of the project's own
experiment = "wine"                   # default: one per notebook
models = true                         # log fitted models
[capture]
exclude = ["scratch/*"]               # files never recorded as inputs
roots = ["/data"]                     # folders outside of the project that hold data
[snapshot]
largest_file = "2 GiB"                # larger files are kept by reference
[remote.team]                         # see `nbmlops remote`
url = "s3://bucket/wine"
[pipeline]
engine = "dask"                       # where steps run; default: "local"
[engine.dask]                         # options of that engine
address = "tcp://10.0.0.5:8786"
[forge.github]                        # options of a forge: docs/proposals.md
method = "squash"
[monitor]                             # what has to hold of deployments: monitor/rules.py
accuracy = 0.9
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from nbmlops.errors import UsageError
from nbmlops.lib.sizes import bytes_of

ENVIRONMENT = {
    "NBMLOPS_EXPERIMENT": ("tracking", "experiment"),
    "MLFLOW_TRACKING_URI": ("tracking", "uri"),
}

OWN_URI = "NBMLOPS_OWN_URI"
"""Set beside MLFLOW_TRACKING_URI when we, not the user, have set that."""


class Tracking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    uri: str = ""
    experiment: str = ""
    models: bool = True


class Capture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    """Wins over `exclude` and over what is left out by default."""
    roots: tuple[str, ...] = ()
    """Folders outside of the project that hold data; from the project's root, `~` is the home."""
    largest_watch: Annotated[int, msgspec.Meta(ge=1)] = 20_000
    """Folders."""
    inputs: Literal["auto", "hook", "off"] = "auto"


class Snapshots(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    largest_file: str = "2 GiB"

    @property
    def largest_bytes(self) -> int:
        return _bytes(self.largest_file)


class RemoteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str
    """A folder, seen from the project, or a URL that fsspec knows. Never with credentials in it."""
    endpoint: str = ""
    """Address of an S3 service that is not Amazon's."""


class Pipelines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    engine: str = "local"
    """Where steps run unless `--engine` says so."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tracking: Tracking = Tracking()
    capture: Capture = Capture()
    snapshot: Snapshots = Snapshots()
    remote: dict[str, RemoteSettings] = {}
    pipeline: Pipelines = Pipelines()
    engine: dict[str, dict[str, str]] = {}
    """Options of an engine, by its name."""
    forge: dict[str, dict[str, str]] = {}
    """Options of a forge, by its name."""
    monitor: dict[str, Any] = {}
    """What has to hold of deployments, and who is told: read by monitor/rules.py."""


def read_settings(path: Path, environ: dict[str, str] | None = None) -> tuple[Settings, dict[str, str]]:
    """Settings of a project and, per dotted name that was set, the file or variable it came from.

    Raises UsageError for broken TOML, unknown names and values of the wrong type.
    """
    environ = dict(os.environ) if environ is None else environ
    raw: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if path.exists():
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path.name} is not valid TOML: {error}.", kind="settings-malformed") from error
        origins = {
            f"{section}.{name}": path.name
            for section, values in raw.items()
            if isinstance(values, dict)
            for name in values
        }
    for variable, (section, name) in ENVIRONMENT.items():
        # What a kernel of ours has set for its own project must not pull a child's project along.
        is_ours = environ.get(variable) == environ.get(OWN_URI)
        if environ.get(variable) and not is_ours:
            section_values = raw.setdefault(section, {})
            if isinstance(section_values, dict):  # anything else is refused below
                section_values[name] = environ[variable]
            origins[f"{section}.{name}"] = variable
    try:
        settings = msgspec.convert(raw, Settings)
        _ = settings.snapshot.largest_bytes
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{path.name}: {error}.", kind="settings-malformed", hint="See docs/settings.md for the names."
        ) from error
    return settings, origins


def _bytes(text: str) -> int:
    try:
        return bytes_of(text)
    except ValueError as error:
        raise UsageError(
            f"nbmlops.toml: snapshot.largest_file is {text!r}.",
            kind="settings-malformed",
            hint='Write a size such as "500 MB" or "2 GiB".',
        ) from error
