"""What a notebook would become as a pipeline, known from its text alone; remembered while the text stays the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import msgspec

from nbmlops.dataflow import analyse, cut, find_parameters
from nbmlops.dataflow.analyse import refuse_unbound
from nbmlops.dataflow.explain import CellStory, explain
from nbmlops.errors import NotebookError
from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.garbage import uncollected
from nbmlops.model.names import slug
from nbmlops.model.notebook import Notebook
from nbmlops.model.pipeline import Pipeline
from nbmlops.ops.local_source import module_paths, module_source
from nbmlops.pipeline.build import cut_into_steps

REMEMBERED = 16
_known: OrderedDict[str, tuple[dict[Path, object], Outline]] = OrderedDict()
_lock = threading.Lock()


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    stories: tuple[CellStory, ...] = ()
    """Of the code cells; none where a cell is no Python."""
    pipeline: Pipeline | None = None
    problem: str = ""
    """Why there is none."""


def outline(notebook: Notebook) -> Outline:
    """The local modules that the notebook imports are looked at again, each time."""
    plain = [msgspec.structs.replace(cell, count=None) for cell in notebook.cells]
    key = digest_bytes(msgspec.json.encode([notebook.path, notebook.kernel, plain]))
    with _lock:
        files, found = _known.get(key, ({}, None))
        if found is not None and all(_state(path) == state for path, state in files.items()):
            _known.move_to_end(key)
            return found
    files = {}
    with uncollected():
        found = _made(notebook, _noting(Path(notebook.path).parent, files))
    with _lock:
        _known[key] = (files, found)
        _known.move_to_end(key)
        while len(_known) > REMEMBERED:
            _known.popitem(last=False)
    return found


def _made(notebook: Notebook, modules: Callable[[str], str | None]) -> Outline:
    stories: tuple[CellStory, ...] = ()
    try:
        flow = analyse(notebook, modules, is_lenient=True)
        slice = cut(flow, ())
        stories = explain(flow, slice)
        refuse_unbound(flow.unbound)
        parameters = find_parameters(flow, slice)
        name = slug(Path(notebook.path).stem, "notebook")
        pipeline, _ = cut_into_steps(notebook, flow, slice, parameters, name=name)
    except NotebookError as error:
        has_code = any(cell.source.strip() for cell in notebook.code_cells)
        return Outline(stories=stories, problem=" ".join(str(error).split()) if has_code else "")
    return Outline(stories=stories, pipeline=pipeline)


def _noting(folder: Path, files: dict[Path, object]) -> Callable[[str], str | None]:
    """Sources of modules; `files` gets the state of each file that was looked for."""
    source = module_source(folder)

    def noting(name: str) -> str | None:
        files.update((path, _state(path)) for path in module_paths(folder, name))
        return source(name)

    return noting


def _state(path: Path) -> object:
    try:
        info = path.stat()
    except OSError:
        return None
    return (info.st_ino, info.st_size, info.st_mtime_ns)
