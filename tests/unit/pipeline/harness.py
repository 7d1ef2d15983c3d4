"""Run a notebook as a whole and as a pipeline, and compare what comes out."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

import nbmlops
from nbmlops.dataflow import analyse, cut, find_parameters
from nbmlops.model.notebook import Notebook
from nbmlops.pipeline.build import Built, build
from nbmlops.pipeline.formats import format_named
from nbmlops.testing.notebooks import notebook


def built(text: str | Notebook, want: tuple[str, ...] = (), modules: dict[str, str] | None = None) -> Built:
    source = notebook(text) if isinstance(text, str) else text
    flow = analyse(source, (modules or {}).get)
    slice_ = cut(flow, want)
    return build(source, flow, slice_, find_parameters(flow, slice_), name="test")


@contextlib.contextmanager
def fake_main(namespace: dict[str, Any]) -> Iterator[None]:
    """cloudpickle takes functions and classes of `__main__` along by value."""
    module = types.ModuleType("__main__")
    module.__dict__.update(namespace)
    saved = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        yield
        namespace.update(module.__dict__)
    finally:
        sys.modules["__main__"] = saved


class _Shell:
    def run_line_magic(self, name: str, line: str) -> Any:
        if name == "time":
            return eval(line, sys.modules["__main__"].__dict__)
        return None

    def run_cell_magic(self, name: str, line: str, body: str) -> None:
        run_source(body, sys.modules["__main__"].__dict__)

    def system(self, command: str) -> None: ...

    def getoutput(self, command: str) -> list[str]:
        return ["output"]


def run_source(source: str, namespace: dict[str, Any]) -> None:
    code = TransformerManager().transform_cell(source)
    exec(compile(ast.parse(code), "<cell>", "exec"), namespace)


def run_whole(text: str | Notebook) -> tuple[dict[str, Any], str]:
    """Final names and printed text of the notebook run from top to bottom."""
    source = notebook(text) if isinstance(text, str) else text
    namespace: dict[str, Any] = {}
    shown = io.StringIO()
    with fake_main({"get_ipython": _Shell}), contextlib.redirect_stdout(shown):
        for cell in source.code_cells:
            if "skip" not in cell.tags:
                run_source(cell.source, sys.modules["__main__"].__dict__)
        namespace = dict(sys.modules["__main__"].__dict__)
    return namespace, shown.getvalue()


def _dumps(value: Any) -> bytes:
    """As the handoff stores it when no plainer format fits."""
    with tempfile.TemporaryDirectory() as place:
        format_named("pickle").write(value, Path(place) / "value")
        return (Path(place) / "value").read_bytes()


def _loads(data: bytes) -> Any:
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "value").write_bytes(data)
        return format_named("pickle").read(Path(place) / "value")


def run_pipeline(made: Built, parameters: dict[str, Any] | None = None) -> tuple[dict[str, Any], str]:
    """Each step in a namespace of its own; values travel as bytes. Returns what was given last, by name."""
    store: dict[tuple[str, str], tuple[bytes, str]] = {}
    final: dict[str, Any] = {}
    shown = io.StringIO()
    for step in made.pipeline.steps:
        handoff = types.ModuleType("nbmlops.handoff")

        def take(*names: str, step: str) -> Any:
            loaded: dict[bytes, Any] = {}
            values = []
            for name in names:
                data, _ = store[(step, name)]
                if data not in loaded:
                    loaded[data] = _loads(data)
                values.append(loaded[data][name])
            return values[0] if len(values) == 1 else tuple(values)

        def give(*bundles: dict[str, Any], step: str) -> None:
            for bundle in bundles:
                data = _dumps(bundle)
                for name in bundle:
                    store[(step, name)] = (data, step)
                final.update(_loads(data))

        handoff.take, handoff.give = take, give  # type: ignore[attr-defined]
        sys.modules["nbmlops.handoff"] = handoff
        nbmlops.handoff = handoff  # type: ignore[attr-defined]
        with fake_main({"get_ipython": _Shell}), contextlib.redirect_stdout(shown):
            for cell in made.notebooks[step.notebook].cells:
                if cell.cell_type == "code":
                    run_source(cell.source, sys.modules["__main__"].__dict__)
                    if "parameters" in cell.metadata.tags:
                        sys.modules["__main__"].__dict__.update(
                            {k: v for k, v in (parameters or {}).items() if k in step.parameters}
                        )
    return final, shown.getvalue()


def assert_same(text: str, *names: str, prints: bool = True, modules: dict[str, str] | None = None) -> Built:
    """The pipeline prints and gives what the notebook prints and binds."""
    made = built(text, modules=modules)
    whole, said = run_whole(text)
    given, shown = run_pipeline(made)
    if prints:
        assert shown == said
    for name in names or made.pipeline.outputs:
        assert shape(given[name]) == shape(whole[name]), name
    return made


def shape(value: Any) -> str:
    """Text of a value that does not say where in memory it lies."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


@contextlib.contextmanager
def folder(path: Any) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)
