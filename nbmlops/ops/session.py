"""One kernel with tracking on: cells become Executions, fits and marked cells become MLflow runs.

The session holds the sensors (capture/) and the pen (track/scribe_client.py) and knows nothing of IPython: the
magics and the batch engine tell it when cells begin and end. MLflow itself is written by the scribe, a child
process (ops/scribe.py), so that the kernel pays neither for its import nor for its database.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
import time
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from pathlib import Path

import msgspec

from nbmlops.capture.environment import git_prefix, git_state
from nbmlops.capture.files import FileWatch
from nbmlops.capture.outputs import OutputLog
from nbmlops.capture.random_states import RandomWatch
from nbmlops.capture.recorder import Begun, Recorder
from nbmlops.errors import StateError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.process import boot_id, process_started
from nbmlops.model.cell import Execution, Outcome, SessionInfo
from nbmlops.model.run import Tags
from nbmlops.model.run_plan import RunPlan
from nbmlops.model.trace import CellOutputs, RandomStates
from nbmlops.ops.sensors import Sensors
from nbmlops.project import Project
from nbmlops.settings import OWN_URI
from nbmlops.store.background import BackgroundRecords
from nbmlops.track import address, context
from nbmlops.track import messages as say
from nbmlops.track.messages import Message
from nbmlops.track.scribe_client import Scribe, command

GOODBYE_SECONDS = 3.0


class OpenedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of this session that is open."""

    key: str
    name: str
    kind: str


class Session:
    def __init__(
        self,
        project: Project,
        *,
        notebook: Path | None,
        namespace: MutableMapping[str, object],
        door: str = "notebook",
        experiment: str = "",
        plan: RunPlan | None = None,
        outputs: OutputLog | None = None,
    ) -> None:
        self.project = project
        self.id = (plan.session if plan is not None else "") or new_id()
        self.namespace = namespace
        self.notebook = project.relative(notebook) if notebook is not None else ""
        self.experiment = experiment or project.settings.tracking.experiment or self._default_experiment()
        self.recorder = Recorder(self.id, self.notebook, FileWatch(project.root, project.settings.capture))
        self.records = BackgroundRecords(project.records)
        self.outputs = outputs
        self._random = RandomWatch()
        self._moments = 0
        self._recorded = ""
        """The last execution that has ended."""
        self._shown = ""
        """The last execution whose outputs may still grow."""
        self.is_on = True
        self.failure: Execution | None = None
        self.sensors = Sensors(self)
        self._environ = self._set_environment()
        self.scribe = Scribe(
            command(project.home, self.id, project.uri, module="nbmlops.ops.scribe"),
            project.layout.spool,
            session=self.id,
            is_elsewhere=plan is not None and bool(plan.key),
        )
        self._batch: OpenedRun | None = None
        self._cell_run: OpenedRun | None = None
        self._last: OpenedRun | None = None
        self._touched: list[str] = []
        self._met_mlflow = False
        self._prefix: str | None = None
        """Of the project in its repository."""
        self._git: tuple[float, dict[str, str]] = (0.0, {})
        self.info = SessionInfo(
            id=self.id,
            notebook=self.notebook,
            host=socket.gethostname(),
            pid=os.getpid(),
            process_started=process_started(os.getpid()),
            boot=boot_id(),
            started=utc_now(),
            door=door,
            folder=_folder(project),
        )
        project.records.put(self.info, id=self.id)
        context.set_context(self.tags_for_mlflow)
        atexit.register(self.close)
        self._is_closed = False
        if plan is not None:
            self.experiment = plan.experiment or self.experiment
            self._batch = (
                self._adopt(plan)
                if plan.key
                else self.open_run(plan.name, plan.kind, params=plan.params, tags=plan.tags)
            )
        self._is_adopted = plan is not None and bool(plan.key)
        os.environ.setdefault("MLFLOW_EXPERIMENT_NAME", self.experiment)

    # Cells

    def before_cell(self, source: str, plain: str, cell_id: str | None) -> None:
        if not self.is_on:
            return
        self._keep_outputs(is_last_call=True)
        begun = self.recorder.begin(source, plain, self.namespace, cell_id)
        moved = self._random.moved()
        if moved is not None:
            self.records.put(RandomStates(execution=begun.id, states=moved), id=begun.id, subject=self.id)
        if self.outputs is not None:
            self.outputs.begin(begun.id)
            self._shown = begun.id

    def after_cell(self, error: BaseException | None, count: int | None) -> None:
        """Record the cell, end the run that was its own, and tie its inputs and code to the runs it touched."""
        begun = self.recorder.running
        if begun is None:
            return
        self.sensors.settle()
        opened = self._cell_run or self._batch
        execution = self.recorder.finish(error, count, run=opened.key if opened else None)
        if execution is None:
            return
        self.records.put(execution, id=execution.id, subject=self.id)
        self._recorded = execution.id
        if execution.outcome is not Outcome.OK and self.failure is None:
            self.failure = execution
        cell_run, self._cell_run = self._cell_run, None
        if self._touched or self._met_mlflow:
            self._tie(begun, tuple(dict.fromkeys(self._touched)))
            self._touched, self._met_mlflow = [], False
        if cell_run is not None:
            self.end_run(cell_run, execution)
            self._last = cell_run

    def settle(self) -> None:
        """Everything recorded so far is where others can read it."""
        self._keep_outputs()
        self.records.flush()

    def _keep_outputs(self, *, is_last_call: bool = False) -> None:
        if self.outputs is None or not self._shown:
            return
        found, left_out = self.outputs.taken(self._shown)
        if found or left_out:
            document = CellOutputs(execution=self._shown, outputs=found, left_out=left_out)
            self.records.put(document, id=self._shown, subject=self.id)
        if is_last_call:
            self.outputs.forget(self._shown)
            self._shown = ""

    # Runs

    @property
    def current(self) -> OpenedRun | None:
        """The run that what happens now belongs to: the cell's own, else the batch run."""
        return self._cell_run or self._batch

    def open_cell_run(self, name: str, params: dict[str, str], experiment: str = "") -> OpenedRun:
        """`%%mlops run NAME`: a run for the rest of this cell."""
        if not self.is_on:
            raise StateError("Tracking is off.", kind="tracking-off", hint="Switch it on: %mlops track on")
        if self._cell_run is not None:
            raise StateError(
                f"Run {self._cell_run.name} is open in this cell already.",
                kind="run-open",
                hint="One %%mlops run per cell.",
            )
        parent = self._batch.key if self._batch else ""
        self._cell_run = self.open_run(name, "cell", params=params, parent=parent, experiment=experiment)
        return self._cell_run

    def open_run(
        self,
        name: str,
        kind: str,
        *,
        params: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        parent: str = "",
        experiment: str = "",
        is_of_cell: bool = True,
        started: datetime | None = None,
    ) -> OpenedRun:
        """`is_of_cell`: what this session has read and run is the run's data and code; not so for a pipeline's runs."""
        key = new_id()
        self.send(
            say.OpenRun(
                key=key,
                name=name,
                experiment=experiment or self.experiment,
                started_ms=int(started.timestamp() * 1000) if started is not None else time.time_ns() // 1_000_000,
                tags={**self.tags(), Tags.KIND: kind, **(tags or {})},
                params=params or {},
                parent=parent,
            )
        )
        if is_of_cell:
            self.touch(key)
        return OpenedRun(key=key, name=name, kind=kind)

    def _adopt(self, plan: RunPlan) -> OpenedRun:
        opened = OpenedRun(key=new_id(), name=plan.name, kind=plan.kind)
        self.send(say.AdoptRun(key=opened.key, run=plan.key, experiment=plan.experiment))
        self.send(say.SetTags(key=opened.key, tags={**self.tags(), Tags.KIND: plan.kind, **plan.tags}))
        if plan.params:
            self.send(say.LogParams(key=opened.key, params=plan.params))
        return opened

    def end_run(self, run: OpenedRun, failed: Execution | None = None) -> None:
        failure, status = "", "FINISHED"
        if failed is not None and failed.failure is not None:
            status = "KILLED" if failed.outcome is Outcome.INTERRUPTED else "FAILED"
            failure = f"{failed.failure.error}: {failed.failure.message}"
            self.send(say.LogText(key=run.key, text=failed.failure.traceback, file="traceback.txt"))
        self.send(say.EndRun(key=run.key, ended_ms=time.time_ns() // 1_000_000, status=status, failure=failure))

    def run_for_logging(self) -> OpenedRun:
        """Where `%mlops log` writes: the open run, else the last one of this session, else a new one."""
        if self.current is not None:
            return self.current
        if self._last is None:
            name = f"{Path(self.notebook).stem or 'session'}-log"
            self._last = self.open_run(name, "log")
            self.end_run(self._last)
        return self._last

    def touch(self, key: str) -> None:
        """The running cell belongs to this run: at its end, the run gets the cell's inputs and code."""
        self._touched.append(key)

    def fitted(self, key: str) -> None:
        """A model was fitted in the run of this key."""
        self.touch(key)
        if self.current is None:
            self._last = OpenedRun(key=key, name="the last fitted model", kind="fit")

    def send(self, message: Message) -> None:
        self.scribe.send(message)

    def resolve(self, key: str, timeout: float = 60.0) -> str:
        """The MLflow run id of a run of ours. Raises StateError with the scribe's reason when it has none."""
        flushed = self.scribe.flush(timeout)
        if key not in flushed.runs:
            reason = "; ".join(flushed.errors) or "MLflow has not taken it yet"
            raise StateError(f"The run is kept, but not in MLflow: {reason.rstrip('.')}.", kind="run-not-sent")
        return flushed.runs[key]

    def patched(self) -> tuple[str, ...]:
        """What of other people's code stands in our hands now."""
        return (*self.sensors.patched(), *(self.outputs.patched() if self.outputs is not None else ()))

    def tags_for_mlflow(self) -> dict[str, str]:
        """Asked by the user's own mlflow when it makes a run: the cell is tied to that run when it ends."""
        self._met_mlflow = True
        return {Tags.KIND: "mlflow", **self.tags()} if self.is_on else {}

    def tags(self) -> dict[str, str]:
        """What every MLflow run made now should say of where it comes from."""
        tags = {
            Tags.SESSION: self.id,
            Tags.NOTEBOOK: self.notebook,
            Tags.MLFLOW_SOURCE: self.notebook,
            **self._git_tags(),
        }
        begun = self.recorder.running
        if begun is not None:
            tags[Tags.EXECUTION] = begun.id
            if begun.cell_id:
                tags[Tags.CELL] = begun.cell_id
        return {name: value for name, value in tags.items() if value}

    def bring(self, values: Mapping[str, object]) -> None:
        """Put variables into the notebook, as if a cell had set them."""
        self.namespace.update(values)

    # Ending

    def switch(self, is_on: bool, experiment: str = "") -> None:
        if experiment:
            self.experiment = experiment
            os.environ["MLFLOW_EXPERIMENT_NAME"] = experiment
        if is_on and not self.is_on:
            self.sensors.install()
        if not is_on and self.is_on:
            self.sensors.uninstall()
            self.recorder.files.end()
            self.recorder.running = None
        if is_on is not self.is_on:
            self.info = msgspec.structs.replace(self.info, is_on=is_on)
            self.project.records.put(self.info, id=self.id)
        self.is_on = is_on

    def rename(self, notebook: Path) -> None:
        """The front end says where the notebook lies now: cells to come and runs to come belong to it."""
        self.notebook = self.recorder.notebook = self.project.relative(notebook)
        self.info = msgspec.structs.replace(self.info, notebook=self.notebook)
        self.project.records.put(self.info, id=self.id)

    def close(self, timeout: float = GOODBYE_SECONDS, *, is_clean: bool = True) -> None:
        """End what is open and let the scribe finish. Idempotent; called at exit too.

        `is_clean` is false where the user or an error got in between: no run that is still open looks finished.
        """
        if self._is_closed:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        self.sensors.uninstall()
        if self._batch is not None:
            if self._touched:
                self._tie(None, tuple(dict.fromkeys(self._touched)))
            self._tie(None, (self._batch.key,))
            if not self._is_adopted:
                self.end_run(self._batch, self.failure)
            elif self.failure is not None and self.failure.failure is not None:
                text = self.failure.failure.traceback
                self.send(say.LogText(key=self._batch.key, text=text, file="traceback.txt"))
        self._keep_outputs(is_last_call=True)
        if self.outputs is not None:
            self.outputs.uninstall()
        self.records.flush()
        self.scribe.close(timeout, is_clean=is_clean)
        context.set_context(None)
        self.info = msgspec.structs.replace(
            self.info,
            ended=utc_now(),
            imported=_imported(),
            modules=tuple(self.project.relative(Path(path)) for path in _local_modules(self.project.root)),
        )
        self.project.records.put(self.info, id=self.id)
        for name, value in self._environ.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _tie(self, begun: Begun | None, keys: tuple[str, ...]) -> None:
        """Ask the scribe to snapshot what the session has read and run so far, for these runs."""
        self.settle()  # the scribe reads them
        body = self._body(self._recorded)
        for key in keys:
            self.send(say.Extra(name="tie", key=key, body=body))
        if self._met_mlflow and begun is not None and "mlflow" in sys.modules:
            self.send(say.Extra(name="tie", body={**body, "execution": begun.id}))

    def tie(self, key: str, *, upto: str) -> None:
        """The same for one run, with what ran up to an execution."""
        self.settle()
        self.send(say.Extra(name="tie", key=key, body=self._body(upto)))

    def _body(self, upto: str) -> dict[str, object]:
        self._moments += 1
        return {
            "sessions": [self.id],
            "upto": upto,
            "moment": self._moments,
            "notebook": self.notebook,
            "modules": _local_modules(self.project.root),
            "imported": _imported(),
            "workspace": self.project.workspace,
        }

    def _default_experiment(self) -> str:
        return Path(self.notebook).stem if self.notebook else self.project.root.name

    def _git_tags(self) -> dict[str, str]:
        """Commit and branch, asked for at most every two seconds: git takes some milliseconds."""
        if self.project.workspace:
            return {}  # it lies in the repository, and is no state of it
        asked, tags = self._git
        if not asked or time.monotonic() - asked > 2.0:
            found = git_state(self.project.root)
            tags = {}
            if found is not None:
                state, _ = found
                if self._prefix is None:
                    self._prefix = git_prefix(self.project.root)
                tags = {
                    # As people find it in the repository.
                    Tags.MLFLOW_SOURCE: self._prefix + self.notebook if self.notebook else "",
                    Tags.GIT_COMMIT: state.commit,
                    Tags.GIT_BRANCH: state.branch,
                    Tags.GIT_DIRTY: "true" if state.dirty else "false",
                    Tags.MLFLOW_COMMIT: state.commit,
                    Tags.MLFLOW_BRANCH: state.branch,
                }
            self._git = (time.monotonic(), tags)
        return tags

    def _set_environment(self) -> dict[str, str | None]:
        """Point the user's own mlflow at the project; returns what was there, to be put back."""
        wanted = {**address.environment(self.project.home, self.project.uri), OWN_URI: self.project.uri}
        wanted |= {name: value for name, value in address.own_environment().items() if name not in os.environ}
        before = {name: os.environ.get(name) for name in (*wanted, "MLFLOW_EXPERIMENT_NAME")}
        os.environ.update(wanted)
        return before


def _folder(project: Project) -> str:
    try:
        return project.relative(Path.cwd())
    except OSError:  # it is gone
        return "."


def _imported() -> tuple[str, ...]:
    return tuple(sorted({name.partition(".")[0] for name in list(sys.modules)}))


def _local_modules(root: Path) -> list[str]:
    """Files of imported modules that lie in the project: code of the user's own."""
    prefix = str(root) + os.sep
    found = set()
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and path.startswith(prefix) and "site-packages" not in path:
            found.add(path)
    return sorted(found)
