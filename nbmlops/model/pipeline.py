"""A pipeline: parameterized steps, what flows between them, and what was left out."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from nbmlops.model.documents import Document


class ParameterType(StrEnum):
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    STR = "str"
    NONE = "none"
    LIST = "list"
    DICT = "dict"
    TUPLE = "tuple"
    DATE = "date"
    DATETIME = "datetime"
    TIMESTAMP = "timestamp"
    """Of pandas."""
    PATH = "path"


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: ParameterType
    default: Any = None
    """A JSON value: a tuple is kept as a list, a date or time as ISO text, a path as text; the type tells them."""
    optional: bool = False
    """None is allowed too."""
    help: str = ""
    """The comment at the end of its line."""
    cell: int | None = None
    """Index of the notebook cell that sets it."""
    choices: tuple[Any, ...] = ()
    """The only values that it may have, where there are any."""
    minimum: Any = None
    maximum: Any = None
    tried: tuple[Any, ...] = ()
    """Values that it had in the live notebook, in the order in which they were tried."""


class Take(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that a step receives."""

    name: str
    step: str
    """The step that gave it last."""


class Give(msgspec.Struct, frozen=True, kw_only=True):
    """Variables that a step hands on. Names that may share mutable objects travel in one bundle."""

    names: tuple[str, ...]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    notebook: str
    """Path of the step's notebook, relative to the pipeline folder."""
    title: str = ""
    needs: tuple[str, ...] = ()
    """Names of steps that must have run before: those it takes from, and those that write files it reads."""
    takes: tuple[Take, ...] = ()
    gives: tuple[Give, ...] = ()
    outputs: tuple[str, ...] = ()
    """Results of the notebook that this step is the last to make."""
    parameters: tuple[str, ...] = ()
    """Only those that reach this step."""
    cells: tuple[int, ...] = ()
    """Indexes of the notebook cells it was made of."""
    reads: tuple[str, ...] = ()
    """Files that its code reads by literal path, as written there."""
    writes: tuple[str, ...] = ()
    retries: int = 0
    """How often it is tried again after it has failed."""
    backoff: float = 1.0
    """Seconds before the first new try; twice as many before each further one."""
    timeout: float = 0.0
    """Seconds after which one try is stopped and has failed; 0: never."""
    cache: bool = True
    """Whether it may be left out when nothing that it rests on has changed."""
    when: str = ""
    """An expression over parameters and values of earlier steps; where it is false, the step is left out."""
    foreach: str = ""
    """`NAME in EXPRESSION`: the step runs once for each item of a list, with the item as its parameter NAME."""
    exit: bool = False
    """It runs at the end of a run, whatever has happened."""
    memory: str = ""
    """What one try may use at most, like `2GiB`; empty: no limit."""
    cpu: float = 0.0
    """Cores that it is to have; 0: it does not say."""
    gpu: int = 0
    """Graphics cards that it is to have."""
    env: dict[str, str] = {}
    """Environment variables that it runs with."""
    secrets: tuple[str, ...] = ()
    """Names of environment variables that must be there where it runs; their values are never written anywhere."""


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of the notebook that is in no step, and why."""

    cell: int
    id: str
    why: str
    preview: str = ""
    """First line of its source."""


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """Sections of the notebook that had to become one step."""

    step: str
    sections: tuple[str, ...]
    """Names of the sections, in order."""
    why: str


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """Where a step begins because it was measured that this pays."""

    step: str
    cell: int
    """Index of the notebook cell that it begins with."""
    bytes: int = 0
    """Of the values that are handed over there."""
    seconds: float = 0.0
    """What a later run saves that changes nothing before it."""
    why: str = ""


class Pipeline(Document, frozen=True, kw_only=True, tag="pipeline"):
    """What `pipeline.yaml` says. Its identity is the digest of its canonical form."""

    VERSION: ClassVar[int] = 1

    name: str
    notebook: str
    """The source notebook, relative to the pipeline folder."""
    folder: str = ""
    """Where the steps run (the notebook's own folder), relative to the pipeline folder."""
    kernel: str = "python3"
    parameters: tuple[Parameter, ...] = ()
    steps: tuple[Step, ...]
    outputs: tuple[str, ...] = ()
    """Names whose final values are the result of the notebook: compared by the certificate."""
    dropped: tuple[Dropped, ...] = ()
    modules: tuple[str, ...] = ()
    """Local modules that the steps import, relative to `folder`."""
    merged: tuple[Merge, ...] = ()
    cuts: tuple[Cut, ...] = ()
    """Where neither tags nor headings say where steps begin."""
    whole: str = ""
    """Why it is one step, where that was measured."""


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not started: another step failed, or it was not asked for."""
    KILLED = "killed"


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    state: StepState
    seconds: float = 0.0
    notebook: str = ""
    """The executed notebook."""
    page: str = ""
    """The executed notebook as HTML."""
    run: str | None = None
    """MLflow run id of the step."""
    error: str = ""
    is_kept: bool = False
    """Not executed: its results are those of an earlier run."""
    entry: str = ""
    """Id of the kept results that stand for it."""
    why: str = ""
    """Why it was executed, or left out."""
    tries: int = 1


class PipelineResult(Document, frozen=True, kw_only=True, tag="pipeline-result"):
    """One execution of a pipeline."""

    id: str
    pipeline: str
    name: str
    folder: str
    """Where executed notebooks, handed values and the record lie."""
    run: str
    """MLflow run id of the parent."""
    source: str = ""
    """The pipeline's folder, relative to the project."""
    parameters: dict[str, Any]
    state: StepState
    started: datetime
    seconds: float
    steps: tuple[StepResult, ...] = ()
    notebook: str = ""
    """The notebook that the pipeline was made from, with what the steps have shown."""
    metrics: dict[str, float] = {}
    error: str = ""
    data: str = ""
    """The data snapshot that the steps ran on; empty: the project's files as they were then."""
    code: str = ""
    """The code snapshot or commit; empty: as it was then."""
    workspace: str = ""
    """Where the steps ran instead of the project: what they wrote is there."""
    parent: str = ""
    """Of a trial: key or MLflow id of its sweep's run."""
