"""A table that is named, or what is kept of one: a file, a file of a snapshot, an address, a profile, a model."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from nbmlops.errors import NbmlopsError, NotFoundError, UsageError
from nbmlops.model.profile import ModelProfile, Profile
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.evaluation_data import Source, find_data, read_table


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Either a table or a profile."""

    name: str
    table: Source | None = None
    profile: Profile | None = None
    outputs: Profile | None = None
    """Of a model's answers."""
    model: str = ""
    """As it was called, where it is what a model was trained on."""

    def profiled(self, call: Call) -> Profile:
        if self.profile is not None:
            return self.profile
        from nbmlops.profile.files import profile_file

        assert self.table is not None
        found = profile_file(
            self.table.path,
            source=self.name,
            told=lambda rows: call.progress(Progress(task="profile", done=rows, note=self.name)),
        )
        call.progress(Progress(task="profile", state="done", note=self.name))
        return found

    def read(self) -> object:
        """A DataFrame."""
        assert self.table is not None
        return read_table(self.table)


def find_kept(call: Call, text: str, scratch: Path, *, is_trusted: bool = False) -> Kept:
    """Raises NotFoundError for what is neither, UsageError for a file that is no table."""
    path = call.path(text)
    if path.suffix == ".json" and path.is_file():
        return _written(path, text)
    if path.is_file() or "://" in text or (":" in text and not text.startswith(("runs:/", "models:/"))):
        try:
            source = find_data(call, text, scratch)
            return Kept(name=source.place, table=source)
        except NotFoundError as missing:
            if path.is_file() or "://" in text:
                raise
            return _of_model(call, text, scratch, is_trusted, missing)
    return _of_model(call, text, scratch, is_trusted, None)


def _written(path: Path, text: str) -> Kept:
    data = path.read_bytes()
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        of_model = msgspec.json.decode(data, type=ModelProfile)
        return Kept(name=text, profile=of_model.inputs, outputs=of_model.outputs)
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        return Kept(name=text, profile=msgspec.json.decode(data, type=Profile))
    raise UsageError(f"{text} is no profile.", kind="profile-malformed", hint="Make one: nbmlops profile DATA -o FILE")


def _of_model(call: Call, text: str, scratch: Path, is_trusted: bool, missing: NbmlopsError | None) -> Kept:
    from nbmlops.ops.evaluated_model import find_candidate
    from nbmlops.profile.model_file import read_model_profile

    folder = scratch / "model"
    folder.mkdir()
    try:
        candidate = find_candidate(call, text, folder, is_trusted=is_trusted)
    except NotFoundError as error:
        raise NotFoundError(
            f"{text} is no table here, no package and no run with a model.",
            kind="data-missing",
            hint="Name a table (.csv, .parquet, .jsonl), SNAPSHOT:path, a profile (.json), or a run.",
        ) from (missing or error)
    found = read_model_profile(candidate.folder)
    if found is None:
        raise NotFoundError(
            f"{text} has no profile of what it was trained on.",
            kind="profile-missing",
            hint="Name the training table instead, or train the model again with tracking on.",
        )
    return Kept(name=text, profile=found.inputs, outputs=found.outputs, model=text)
