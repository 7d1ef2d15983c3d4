"""Documents as TypeScript: what may be left out, what may be null, and what it is called."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from nbmlops.ops.verbs import VERBS

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def made() -> str:
    return str(_module().text())


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_typescript", ROOT / "docs" / "typescript.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def declared(made: str, name: str) -> str:
    """The lines of one interface."""
    _, _, rest = made.partition(f"export interface {name} {{\n")
    return rest.partition("\n}\n")[0]


def test_every_verb_has_its_request_and_its_result(made: str) -> None:
    here, kernel = declared(made, "Verbs"), declared(made, "KernelVerbs")
    for verb in VERBS:
        table = kernel if verb.needs_kernel else here
        assert (f"  {verb.name}: {{ request: " in table) is not verb.is_terminal
    assert "  runs: { request: RunsRequest; result: RunsResult };" in here


def test_what_has_a_default_may_be_left_out_of_a_request_only(made: str) -> None:
    assert "  limit?: number;" in declared(made, "RunsRequest")
    assert "  pipeline: string;" in declared(made, "RunRequest")
    assert "  arguments?: { [name: string]: unknown };" in declared(made, "JobRequest")
    for name in ("RunsResult", "RunView", "Job", "Rows", "Changes"):
        assert "?:" not in declared(made, name)


def test_what_was_measured_may_be_null(made: str) -> None:
    """JSON has neither NaN nor infinity."""
    assert "  metrics: { [name: string]: number | null };" in declared(made, "RunView")
    assert "  seconds: number;" in declared(made, "StepResult")


def test_choices_tags_and_comments(made: str) -> None:
    choices = "'runs' | 'records' | 'jobs' | 'files' | 'packages' | 'deployments' | 'reconcilers'"
    assert f"export type DocumentsKind = {choices};" in made
    assert "  kind: 'pipeline-result';" in declared(made, "PipelineResult")
    assert "  /** Last value of each. */" in declared(made, "RunView")
    assert "/** The event `nbmlops/changed`. */\nexport interface Changed {" in made


def test_no_name_is_given_twice(made: str) -> None:
    names = [line.split()[2] for line in made.splitlines() if line.startswith(("export interface", "export type"))]
    assert len(names) == len(set(names)) > 100
