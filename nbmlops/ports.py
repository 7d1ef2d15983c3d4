"""What a plug-in has to be. Each Protocol has an entry-point group (plugins.py) and a suite in testing/."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from nbmlops.lib.stop import Stop
from nbmlops.model.drift import Measure
from nbmlops.model.pipeline import Pipeline, Step, StepResult, StepState
from nbmlops.model.profile import Kind
from nbmlops.model.reconciler import ProposalState


class StepSpec(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to execute one step anywhere: one notebook in, one executed notebook out."""

    step: str
    notebook: str
    """Absolute path of the step's notebook."""
    output: str
    """Absolute path of the executed notebook."""
    folder: str
    """Working directory: relative paths in the notebook mean what they meant in the source notebook."""
    kernel: str = "python3"
    parameters: dict[str, Any] = {}
    environment: dict[str, str] = {}
    """Variables added to those of the process."""
    is_tracked: bool = True
    is_fresh: bool = False
    """Started anew, sharing nothing with other steps: not even the addresses that objects get."""
    timeout: float = 0.0
    """Seconds after which the step is stopped; 0: never."""
    memory: int = 0
    """Bytes that the kernel and its children may use; 0: no limit."""
    cpu: float = 0.0
    """Cores that it is to have; 0: it does not say."""
    gpu: int = 0
    """Graphics cards that it is to have."""


class StepProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of a step began or ended."""

    step: str
    cell: int
    total: int
    preview: str = ""


class Engine(Protocol):
    """Where steps run. It is made with its options, texts by name, all of which may be left out."""

    def check(self, steps: Sequence[Step], folder: Path) -> None:
        """Told once, before any of these steps is executed. `folder` is the project's.

        Raises StateError when it cannot give a step what it asks for (cpu, gpu, secrets) or does not see the folder,
        MissingDependencyError when a library is missing and UnavailableError when nothing answers.
        """
        ...

    def places(self) -> int:
        """How many steps may run at once, unless somebody asks for another number. Asked after `check`."""
        ...

    def prepare(self, notebooks: Sequence[Path]) -> None:
        """Told which notebooks will be executed, a while before the first one is. Returns at once."""
        ...

    def run(self, spec: StepSpec, report: Callable[[StepProgress], None], stop: Stop) -> StepResult:
        """Execute a step. Called from several threads at once. Returns when it has ended, however it has.

        When `stop` is asked, or on KeyboardInterrupt, what was done is saved and the step's processes end first.
        """
        ...

    def describe(self) -> str:
        """A few words for people: where this runs."""
        ...

    def close(self) -> None:
        """Give back what was held for more steps."""
        ...


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a compiler is given: a pipeline, and where its project lies in the image that executes the steps."""

    pipeline: Pipeline
    place: str
    """Path of the pipeline's folder in the project."""
    image: str
    """Holds nbmlops, what the steps import, and the project."""
    project: str = "/project"
    """The project's folder in the image."""


class Compiler(Protocol):
    """Writes a pipeline for an engine that takes it as a whole. It is made with its options, texts by name."""

    def compile(self, target: Target) -> dict[str, bytes]:
        """Name -> content of each file.

        Raises StateError for what the engine cannot give a step, and MissingDependencyError when a library is missing.
        """
        ...


class OrchestratedRun(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is that an orchestrator was given."""

    state: StepState
    """RUNNING, also while it waits for a place; DONE; FAILED; KILLED, also while it is being ended, or gone."""
    why: str = ""
    """Of one that has not ended well, in a line."""
    step: str = ""
    """The step that failed, by its name there."""
    done: int = 0
    """Steps that have ended well."""
    total: int = 0
    """Steps that it has; 0: it cannot be told."""
    seconds: float = 0.0
    """Since it was submitted, by the clock there."""


class Orchestrator(Protocol):
    """Executes whole pipelines, as its compiler of the same name has written them. Entry points `nbmlops.orchestrators`
    name its class.

    It is made with its options, texts by name, all of which may be left out. What is refused raises DeniedError, what
    does not answer now UnavailableError: it may be asked again.
    """

    def submit(
        self, files: Mapping[str, bytes], name: str, parameters: Mapping[str, str], *, but: Collection[str] = ()
    ) -> str:
        """The run's id, none of `but`. One of this name that goes on, or has ended well, is given back: a crash between
        submitting and remembering starts no second one. `parameters`: texts, as typed after `-p`.

        Raises UsageError for a name or a value that it cannot have.
        """
        ...

    def look(self, id: str) -> OrchestratedRun: ...

    def cancel(self, id: str) -> None:
        """Asked to end. Ended already, or gone: nothing."""
        ...

    def address(self, id: str) -> str:
        """Where people look at it; empty: nobody said."""
        ...

    def describe(self) -> str:
        """A few words for people: where this runs."""
        ...


class ValueFormat(Protocol):
    """How values of some kind lie in a file between two steps. Entry points `nbmlops.formats` name one, or its class.

    It must be there wherever steps run: to write a value, and to read it.
    """

    name: str
    """Stands in the manifest beside each file; no other format has it."""
    suffix: str
    """Of its files: `.zarr`."""

    def takes(self, value: Any) -> bool:
        """Whether `read` of what `write` leaves gives an equal value of the same type.

        Asked of every value, also of kinds that it does not know: it answers quickly, imports nothing (a value's
        library is in sys.modules) and raises nothing.
        """
        ...

    def write(self, value: Any, path: Path) -> None:
        """One file. Equal values make equal files, byte for byte, as far as that can be: then steps after it are kept.

        What it raises, other than OSError, makes the next format try.
        """
        ...

    def read(self, path: Path) -> Any:
        """Its bytes are known to be those that were written. The value may be changed; the file must not be."""
        ...


class DriftCheck(Protocol):
    """Another measure of how far a column has moved. Entry points `nbmlops.drift_checks` name its class.

    It is asked with all values of both tables: `nbmlops drift OLD NEW --also NAME`.
    """

    name: str
    """Of its measure."""

    def takes(self, kind: Kind) -> bool:
        """Whether it can measure columns of that kind."""
        ...

    def measure(self, before: Any, now: Any) -> Measure | None:
        """Of values that are not missing: arrays of finite floats (of datetimes, seconds since 1970), or lists of
        strings. Neither is empty, and neither may be changed.

        A measure with a limit decides: at or above it the column has drifted, and what chance says of that is the
        check's own matter. None: it says nothing of this column.
        """
        ...


class Forge(Protocol):
    """Where people look at a branch and agree to it: GitHub, GitLab... Entry points `nbmlops.forges` name its class.

    It is made with `remote`, the address of the git remote, and with options, texts by name, all of which may be left
    out. A request (a pull request, a merge request) is told by the address that `open` gave, or by its branch: then the
    newest of that branch is meant. What is refused raises DeniedError, what is not there NotFoundError, and what does
    not answer now UnavailableError, whose fact `retry_after` says after how many seconds it may.
    """

    def open(self, *, branch: str, target: str, title: str, body: str) -> str:
        """Ask for the branch to be merged into the target. The address for people; of the one that is open already,
        which then gets this title and body.
        """
        ...

    def state(self, request: str) -> ProposalState:
        """GONE: there is none."""
        ...

    def close(self, request: str, why: str = "") -> None:
        """Without merging it; `why` is said there. Closed already: nothing. Raises ConflictError for a merged one."""
        ...

    def merge(self, request: str, commit: str = "") -> None:
        """Merged already: nothing. Raises ConflictError when it cannot be merged, when it is closed, and when its
        branch is no longer at the commit.
        """
        ...
