"""Results of steps in a project: where a run looks for them, and how it keeps its own, beside its work."""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.lib.distributions import providers
from nbmlops.model.cell import Execution, SessionInfo
from nbmlops.model.pipeline import Pipeline, Step, StepResult
from nbmlops.model.run import RunView
from nbmlops.model.step_cache import StepEntry
from nbmlops.ops.measured import measured
from nbmlops.pipeline.handoff import folder_name
from nbmlops.pipeline.step_cache import Found, Ran, StepCache
from nbmlops.project import Project
from nbmlops.track.registry import version_of

logger = logging.getLogger("nbmlops")

MACHINERY = frozenset(
    {
        "asttokens", "backcall", "blake3", "comm", "debugpy", "decorator", "executing", "ipykernel", "ipython",
        "ipython-pygments-lexers", "jedi", "jupyter-client", "jupyter-core", "matplotlib-inline", "msgspec",
        "nbmlops", "nest-asyncio", "packaging", "parso", "pexpect", "pickleshare", "pip", "platformdirs",
        "prompt-toolkit", "psutil", "ptyprocess", "pure-eval", "pygments", "python-dateutil", "pyzmq", "setuptools",
        "six", "stack-data", "tornado", "traitlets", "typing-extensions", "wcwidth", "zstandard",
    }
)  # fmt: skip
"""What every kernel has loaded: a new version of it does not make results old."""


def step_cache(project: Project, pipeline: Pipeline, folder: Path, values: Mapping[str, Any]) -> StepCache:
    return StepCache(
        pipeline,
        folder,
        root=project.root,
        values=values,
        records=project.records,
        objects=project.objects,
        stats=project.stats,
        relative=project.relative,
        version_of=_version,
        largest_bytes=project.settings.snapshot.largest_bytes,
        version_now=lambda address: version_of(project.uri, address),
        measured=lambda entry: measured(project, entry),
    )


class Keeper:
    """Keeps results in a thread of its own, one after another, while the next steps run."""

    def __init__(self, project: Project, cache: StepCache, handoff: Path, id: str) -> None:
        self._project = project
        self._cache = cache
        self._handoff = handoff
        self._id = id
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nbmlops-keep")
        self._kept: dict[str, StepEntry] = {}

    def keep(self, step: Step, result: StepResult, found: Found, session: str) -> None:
        """`session`: of the kernel that executed the step."""
        self._thread.submit(self._keep, step, result, found, session)

    def close(self, runs: Mapping[str, RunView]) -> None:
        """Wait for all, and note under which MLflow run each step was executed and what it has measured."""
        self._thread.shutdown()
        for name, entry in self._kept.items():
            if name in runs:
                run = runs[name]
                self._cache.note(msgspec.structs.replace(entry, run=run.id, metrics=run.metrics, is_measured=True))

    def _keep(self, step: Step, result: StepResult, found: Found, session: str) -> None:
        try:
            info = self._project.records.get(SessionInfo, session)
            if info is None or info.ended is None:
                logger.info("Step %s is not kept: its kernel did not tell what it read.", step.name)
                return
            handoff = self._handoff / folder_name(step.name)
            ran = Ran(
                session=session,
                executions=self._project.records.oldest(Execution, subject=session),
                modules=tuple(self._project.absolute(name) for name in info.modules),
                packages=_packages(info.imported),
            )
            self._kept[step.name] = self._cache.keep(step, found, result, handoff, ran, self._id)
        except Exception as error:  # noqa: BLE001 - the step has been executed all the same
            logger.warning("The results of step %s are not kept for later runs: %s", step.name, error)


def _packages(imported: tuple[str, ...]) -> dict[str, str]:
    brought = providers()
    names = {_plain(name) for module in imported for name in brought.get(module, ())}
    return {name: version for name in sorted(names - MACHINERY) if (version := _version(name)) is not None}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


@lru_cache(maxsize=4096)
def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
