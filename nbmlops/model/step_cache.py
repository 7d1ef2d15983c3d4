"""What one execution of a step gave, and on what it rested: enough to know when it need not be executed again."""

from __future__ import annotations

from datetime import datetime

import msgspec

from nbmlops.model.documents import Document


class StepKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a step before it is executed. Its digest finds the entries that may stand for it."""

    kernel: str
    python: str
    """Major and minor version."""
    cells: tuple[tuple[str, str], ...]
    """Id of each cell and the digest of its code, in order; comments and layout do not count."""
    parameters: dict[str, str]
    """Digest of each parameter's value: a value may be a secret."""
    takes: dict[str, str]
    """Digest of each value that the step takes."""
    env: dict[str, str] = {}
    """Digest of each environment variable that the pipeline gives the step."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the step left: a value for later steps, or a file of the project."""

    path: str
    """Of a value: its file's name in the step's handoff folder. Of a file: as records name it."""
    digest: str
    size: int


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What the step was seen to rest on beside its key."""

    files: dict[str, str] = {}
    """Digest of each file that it read and did not write itself."""
    modules: dict[str, dict[str, str]] = {}
    """Local modules, from the project, and the digests of the definitions in them that the step uses."""
    packages: dict[str, str] = {}
    """Version of each distribution that it imported."""
    variables: dict[str, str] = {}
    """Digest of each environment variable that its code names; empty: it was not set."""
    models: dict[str, str] = {}
    """The version that each address of a registered model meant when the step began; empty: there was none."""
    unchecked: tuple[str, ...] = ()
    """What cannot be looked at again: an entry that has any is never used."""


class StepEntry(Document, frozen=True, kw_only=True, tag="step-entry"):
    id: str
    key: StepKey
    observed: Observed
    pipeline: str
    """Name of the pipeline."""
    step: str
    made: datetime
    seconds: float
    """What it took to execute."""
    manifest: str = ""
    """Digest of the handoff's manifest; empty when the step gives nothing."""
    given: tuple[Given, ...] = ()
    """The files of the handoff."""
    written: tuple[Given, ...] = ()
    """Files of the project that the step wrote."""
    notebook: str
    """Digest of the executed notebook."""
    metrics: dict[str, float] = {}
    is_measured: bool = True
    """False from the step's end to that of its pipeline's run: `metrics` are not known yet."""
    run: str = ""
    """MLflow run id of the step that was executed."""
    session: str = ""
    """Of the kernel that executed it: what it read and ran is recorded under it."""
    result: str = ""
    """Id of the PipelineResult that it belongs to."""


class LatestEntry(Document, frozen=True, kw_only=True, tag="step-latest"):
    """The last execution of a step, by the pipeline's folder and the step's name: what misses are explained from."""

    entry: str


class StepEntries(Document, frozen=True, kw_only=True, tag="step-entries"):
    """What one push brought to a remote: the objects that the entries name lie in its packs."""

    entries: tuple[StepEntry, ...]
