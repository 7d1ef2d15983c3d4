"""Results of steps by what they rest on: found, explained, kept and brought back.

    found = cache.look(step, given)         # found.entry, or found.why it has to be executed
    cache.keep(step, result, found.key, ...)
    cache.bring_back(entry, handoff / "prepare")

Bytes lie in the object store, entries among the records. Nothing is trusted: a digest that does not hold, or an object
that is gone, makes the step run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import IntegrityError, NbmlopsError, NotFoundError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import digest_bytes, short
from nbmlops.lib.files import write_atomic
from nbmlops.model.cell import Execution
from nbmlops.model.documents import decode
from nbmlops.model.pipeline import Pipeline, Step, StepResult, StepState
from nbmlops.model.step_cache import Given, LatestEntry, StepEntry, StepKey
from nbmlops.pipeline.handed import plain_value
from nbmlops.pipeline.handoff import MANIFEST, Manifest
from nbmlops.pipeline.model_references import VersionNow, change, versions
from nbmlops.pipeline.module_code import beside
from nbmlops.pipeline.observed import VersionOf, changes, observe
from nbmlops.pipeline.plain_code import StepCell, step_cells
from nbmlops.pipeline.step_key import identity_of, step_key
from nbmlops.store.objects import Objects
from nbmlops.store.records import Records
from nbmlops.store.statcache import StatCache

CANDIDATES = 20
"""Entries of one key that are tried, the newest first."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    key: StepKey
    entry: StepEntry | None
    """What stands for the step; None: it has to be executed."""
    why: str
    models: dict[str, str] = {}
    """The version of each registered model that the step is given; empty: there is none."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What the step's kernel was seen to do."""

    session: str
    executions: tuple[Execution, ...]
    modules: tuple[Path, ...]
    """Files of the project's own modules that it imported."""
    packages: dict[str, str]
    """Versions of the distributions that it imported."""


class StepCache:
    """The steps of one pipeline, with their values, in one project."""

    def __init__(
        self,
        pipeline: Pipeline,
        folder: Path,
        *,
        root: Path,
        values: Mapping[str, Any],
        records: Records,
        objects: Objects,
        stats: StatCache,
        relative: Callable[[Path], str],
        version_of: VersionOf,
        largest_bytes: int,
        version_now: VersionNow = lambda address: None,
        measured: Callable[[StepEntry], StepEntry | None] = lambda entry: entry,
    ) -> None:
        """`folder` is the pipeline's, `root` the project's. Files that steps write are kept up to `largest_bytes`.

        `measured` completes an entry whose run did not come to its end; None: it cannot.
        """
        self._pipeline = pipeline
        self._folder = folder
        self._root = root
        self._values = values
        self._records = records
        self._objects = objects
        self._stats = stats
        self._relative = relative
        self._version_of = version_of
        self._largest_bytes = largest_bytes
        self._version_now = version_now
        self._measured = measured
        self._models: dict[str, dict[str, str]] = {}
        self._file_of = beside((folder / pipeline.folder).resolve())
        self._cells: dict[str, tuple[StepCell, ...]] = {}

    @property
    def values(self) -> Mapping[str, Any]:
        """The parameters of the pipeline."""
        return self._values

    def look(self, step: Step, given: Mapping[str, str], more: Mapping[str, Any] | None = None) -> Found:
        """`given`: the digest of each value that the step takes; `more`: parameters of this step alone.

        Raises NotebookError for a broken step notebook.
        """
        cells = self._cells_of(step)
        values = {**self._values, **(more or {})}
        key = step_key(step, cells, kernel=self._pipeline.kernel, values=values, given=given)
        models = self._models[step.name] = versions(cells, values, step.parameters, self._version_now)
        return msgspec.structs.replace(self._looked(step, key, cells, models), models=models)

    def models_of(self, step: Step) -> dict[str, str]:
        """Versions of the registered models that the step is given, as they were when it was looked for last."""
        return self._models.get(step.name, {})

    def _looked(self, step: Step, key: StepKey, cells: tuple[StepCell, ...], models: dict[str, str]) -> Found:
        if not step.cache:
            return Found(key=key, entry=None, why="it is never kept")
        try:
            entries = self._records.newest(StepEntry, subject=identity_of(key), limit=CANDIDATES)
            difference = "" if entries else self._difference(step, key)
        except IntegrityError:
            return Found(key=key, entry=None, why="what is kept of it cannot be read")
        why = ""
        for entry in entries:
            problem = change(entry.observed.models, models) or self._problem(entry, cells)
            whole = None if problem else self._whole(entry)
            if whole is not None:
                return Found(key=key, entry=whole, why=f"as in run {short(whole.run)}" if whole.run else "as before")
            why = why or problem or "what it measured is not known"
        return Found(key=key, entry=None, why=why or difference)

    def keep(self, step: Step, found: Found, result: StepResult, handoff: Path, ran: Ran, id: str) -> StepEntry:
        """`found`: as it was looked for before; `handoff`: where the values lie that the step gave; `id`: of the run.

        Raises OSError, and ExternalError for a full disk.
        """
        cells = self._cells_of(step)
        observed = observe(
            cells,
            ran.executions,
            file_of=self._file_of,
            modules=ran.modules,
            packages=ran.packages,
            digest_of=self._digest_of,
            relative=self._relative,
        )
        # The key knows what the pipeline sets, and nothing is written down of a secret.
        own = {*step.env, *step.secrets}
        variables = {name: digest for name, digest in observed.variables.items() if name not in own}
        observed = msgspec.structs.replace(observed, variables=variables, models=found.models)
        with self._objects.writing() as writer:
            manifest = ""
            given = []
            if (handoff / MANIFEST).is_file():
                data = (handoff / MANIFEST).read_bytes()
                manifest, _ = writer.put_bytes(data)
                for held in decode(data, Manifest, place=str(handoff)).held:
                    writer.put_file(handoff / held.file, held.digest)
                    given.append(Given(path=held.file, digest=held.digest, size=held.size))
            written = []
            for name in _written(ran.executions):
                path = self._root / name
                if path.is_file() and path.stat().st_size <= self._largest_bytes:
                    digest, size, _ = writer.put_path(path)
                    written.append(Given(path=name, digest=digest, size=size))
            notebook, _, _ = writer.put_path(Path(result.notebook))
        entry = StepEntry(
            id=new_id(),
            key=found.key,
            observed=observed,
            pipeline=self._pipeline.name,
            step=step.name,
            made=utc_now(),
            seconds=result.seconds,
            manifest=manifest,
            given=tuple(given),
            written=tuple(written),
            notebook=notebook,
            is_measured=False,
            session=ran.session,
            result=id,
        )
        self.note(entry)
        self._records.put(LatestEntry(entry=entry.id), id=self._name(step))
        return entry

    def note(self, entry: StepEntry) -> None:
        self._records.put(entry, id=entry.id, subject=identity_of(entry.key))

    def _whole(self, entry: StepEntry) -> StepEntry | None:
        if entry.is_measured:
            return entry
        whole = self._measured(entry)
        if whole is not None and whole.is_measured:
            self.note(whole)
        return whole

    def values_of(self, entry: StepEntry) -> dict[str, str]:
        """The digest of each value that an entry's step gave."""
        if not entry.manifest:
            return {}
        manifest = decode(self._objects.read(entry.manifest), Manifest, place=f"values of step {entry.step}")
        return digests_given(manifest)

    def handed(self, entry: StepEntry, name: str) -> Any:
        """A plain value that an entry's step gave. Raises NotFoundError, IntegrityError and StateError."""
        if not entry.manifest:
            raise NotFoundError(f"Step {entry.step} did not give {name}.", kind="handoff-missing", name=name)
        manifest = decode(self._objects.read(entry.manifest), Manifest, place=f"values of step {entry.step}")
        return plain_value(manifest, name, lambda held: self._objects.read(held.digest))

    def bring_back(self, entry: StepEntry, handoff: Path, notebook: Path) -> None:
        """Write values and executed notebook where a run would have left them.

        Raises IntegrityError and NotFoundError when they are damaged or gone.
        """
        if entry.manifest:
            for given in entry.given:
                self._objects.restore(given.digest, handoff / given.path)
            write_atomic(handoff / MANIFEST, self._objects.read(entry.manifest))
        self._objects.restore(entry.notebook, notebook)

    def _problem(self, entry: StepEntry, cells: tuple[StepCell, ...]) -> str:
        """Why an entry of the right key cannot stand for the step; empty when it can, and its files are in place."""
        changed = changes(
            entry.observed, cells, file_of=self._file_of, digest_of=self._digest_of, version_of=self._version_of
        )
        if changed:
            return changed
        named = {entry.notebook: "its notebook", **{each.digest: each.path for each in entry.given}}
        if entry.manifest:
            named[entry.manifest] = "its values"
        broken = self._objects.missing(named)
        if broken:
            return f"{named[broken.pop()]} is damaged or gone from the store"
        try:
            self.values_of(entry)
        except IntegrityError:
            return "its kept values are damaged, or of another version"
        for each in entry.written:
            if self._digest_of(each.path) != each.digest:
                try:
                    self._objects.restore(each.digest, self._root / each.path)
                except (IntegrityError, NotFoundError):
                    return f"{each.path} is not as it was written"
        return ""

    def _difference(self, step: Step, key: StepKey) -> str:
        """What sets the step apart from the last one of that name that was executed."""
        latest = self._records.get(LatestEntry, self._name(step))
        entry = self._records.get(StepEntry, latest.entry) if latest is not None else None
        if entry is None:
            return "it has not run before"
        before = entry.key
        names = sorted({*key.parameters, *before.parameters})
        for name in names:
            if key.parameters.get(name) != before.parameters.get(name):
                return f"parameter {name} changed"
        if [digest for _, digest in key.cells] != [digest for _, digest in before.cells]:
            return _changed_cell(dict(before.cells), dict(key.cells))
        for name in sorted({*key.takes, *before.takes}):
            if key.takes.get(name) != before.takes.get(name):
                return f"{name} changed"
        for name in sorted({*key.env, *before.env}):
            if key.env.get(name) != before.env.get(name):
                return f"environment variable {name} changed"
        if key.python != before.python:
            return f"Python {before.python} → {key.python}"
        return f"kernel {before.kernel} → {key.kernel}" if key.kernel != before.kernel else "it was executed otherwise"

    def _name(self, step: Step) -> str:
        return f"{self._relative(self._folder)}:{step.name}"

    def _cells_of(self, step: Step) -> tuple[StepCell, ...]:
        if step.name not in self._cells:
            self._cells[step.name] = step_cells(self._folder / step.notebook, step.parameters)
        return self._cells[step.name]

    def _digest_of(self, name: str) -> str | None:
        try:
            return self._stats.digest(self._root / name)
        except (OSError, NbmlopsError):
            return None


def digests_given(manifest: Manifest) -> dict[str, str]:
    """By value: a bundle is one file, of which each name is a part."""
    return {
        name: held.digest if len(held.names) == 1 else f"{held.digest}:{name}"
        for held in manifest.held
        for name in held.names
    }


def digests_of_lists(step: Step, parts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The digest of each list that the instances of a step have given together, by those of its items."""
    names = {name for part in parts for name in part} or {name for give in step.gives for name in give.names}
    return {name: digest_bytes(canonical_json([part.get(name, "") for part in parts])) for name in names}


def kept_result(step: str, entry: StepEntry, why: str) -> StepResult:
    """The result of a step for which an entry stands."""
    return StepResult(
        step=step,
        state=StepState.DONE,
        seconds=entry.seconds,
        run=entry.run or None,
        is_kept=True,
        entry=entry.id,
        why=why,
    )


def _written(executions: Iterable[Execution]) -> list[str]:
    names = {use.path: None for execution in executions for use in execution.outputs if not use.is_remote}
    return list(names)


def _changed_cell(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    for number, (name, digest) in enumerate(now.items(), start=1):
        if before.get(name) != digest:
            return f"cell {number} {'changed' if name in before else 'is new'}"
    return "a cell is gone" if len(now) < len(before) else "the order of its cells changed"
