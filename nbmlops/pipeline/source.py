"""Reading the source notebook; it is never written.

notebook = read_notebook(Path("analysis.ipynb"))
notebook.code_cells[0].source
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat

from nbmlops.errors import ExternalError, NotebookError, NotFoundError, UsageError
from nbmlops.lib.digest import digest_bytes, short
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell


def read_notebook(path: Path, *, is_lenient: bool = False) -> Notebook:
    """Raises NotFoundError, UsageError or NotebookError, each one line that says what to do.

    A lenient reading takes notebooks without code and in other languages than Python, too.
    """
    raw = _read(path)
    _check(raw, path)
    _forget_outputs(raw)
    try:
        node = nbformat.from_dict(raw)
        if node.nbformat_minor < 5:
            # Ids are made below, the same at every reading; nbformat would draw random ones.
            for cell in node.cells:
                cell.pop("id", None)
        nbformat.validate(_without_ids(node), relax_add_props=True)
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError) as error:
        raise NotebookError(
            f"{path} is no valid notebook: {str(error).splitlines()[0]}.",
            kind="notebook-invalid",
            hint="Open it in JupyterLab and save it.",
            path=str(path),
        ) from error
    cells = _cells(raw["cells"])
    if not is_lenient and not any(cell.kind is CellKind.CODE and cell.source.strip() for cell in cells):
        raise NotebookError(
            f"{path} has no code cells.", kind="notebook-empty", hint="Add some code to it.", path=str(path)
        )
    kernel, language = _kernel(raw.get("metadata", {}))
    if not is_lenient and language != "python":
        raise NotebookError(
            f"{path} is a notebook in {language}; only Python can be analysed.",
            kind="notebook-language",
            hint="Choose a Python kernel in JupyterLab and save it.",
            path=str(path),
        )
    return Notebook(path=path.as_posix(), cells=cells, kernel=kernel, language=language)


def _read(path: Path) -> Any:
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder, not a notebook.",
            kind="notebook-is-folder",
            hint="Name an .ipynb file in it.",
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        near = sorted(each.name for each in path.parent.glob("*.ipynb"))[:3] if path.parent.is_dir() else []
        raise NotFoundError(
            f"There is no notebook {path}.",
            kind="notebook-not-found",
            hint=f"In that folder: {', '.join(near)}." if near else "Check the path; save the notebook first.",
            path=str(path),
        ) from error
    except UnicodeDecodeError as error:
        raise NotebookError(
            f"{path} is no notebook: it is not UTF-8 text.", kind="notebook-not-json", path=str(path)
        ) from error
    except OSError as error:
        raise ExternalError(
            f"{path} cannot be read: {error.strerror}.", kind="notebook-unreadable", path=str(path)
        ) from error
    if not text.strip():
        raise NotebookError(
            f"{path} is empty.",
            kind="notebook-not-json",
            hint="Open it in JupyterLab and save it.",
            path=str(path),
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        merge = "<<<<<<<" in text and ">>>>>>>" in text
        raise NotebookError(
            f"{path} is no notebook: it is not JSON{where}.",
            kind="notebook-not-json",
            hint="It has merge conflict marks: resolve them first." if merge else "Open it in JupyterLab and save it.",
            path=str(path),
        ) from error


def _check(raw: Any, path: Path) -> None:
    version = raw.get("nbformat") if isinstance(raw, dict) else None
    if not isinstance(version, int) or (version >= 4 and not isinstance(raw.get("cells"), list)):
        raise NotebookError(
            f"{path} is JSON, but no notebook.",
            kind="notebook-invalid",
            hint="Name an .ipynb file.",
            path=str(path),
        )
    if version < 4:
        raise NotebookError(
            f"{path} is in the old notebook format {version}.",
            kind="notebook-too-old",
            hint=f"Open and save it in JupyterLab, or: jupyter nbconvert --to notebook {path}",
            path=str(path),
        )
    if version > 4:
        raise NotebookError(
            f"{path} is in notebook format {version}; this nbmlops reads format 4.",
            kind="notebook-too-new",
            hint="Upgrade nbmlops.",
            path=str(path),
        )


def _forget_outputs(raw: dict[str, Any]) -> None:
    """They are most of a large notebook, and nothing here is about them."""
    for cell in raw["cells"]:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            cell["outputs"] = []


def _without_ids(node: Any) -> Any:
    """What is validated: duplicate and missing ids are ours to mend."""
    plain = json.loads(json.dumps(node))
    plain["nbformat_minor"] = 4
    for cell in plain["cells"]:
        cell.pop("id", None)
        cell.setdefault("metadata", {})
        if cell.get("cell_type") == "code":
            cell.setdefault("execution_count", None)
    plain.setdefault("metadata", {})
    return nbformat.from_dict(plain)


def _cells(raw: list[dict[str, Any]]) -> tuple[NotebookCell, ...]:
    seen: set[str] = set()
    cells = []
    for index, cell in enumerate(raw):
        source = cell.get("source", "")
        source = "".join(source) if isinstance(source, list) else str(source)
        id_ = str(cell.get("id") or "")
        if not id_ or id_ in seen:
            id_ = f"cell-{index + 1}-{short(digest_bytes(source.encode()))[:8]}"
        seen.add(id_)
        tags = cell.get("metadata", {}).get("tags", [])
        cells.append(
            NotebookCell(
                index=index,
                id=id_,
                kind=CellKind(cell["cell_type"]),
                source=source.replace("\r\n", "\n").replace("\r", "\n"),
                tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
                count=count if isinstance(count := cell.get("execution_count"), int) else None,
            )
        )
    return tuple(cells)


def _kernel(metadata: dict[str, Any]) -> tuple[str, str]:
    spec = metadata.get("kernelspec") or {}
    name = str(spec.get("name") or "python3")
    language = str(spec.get("language") or (metadata.get("language_info") or {}).get("name") or "")
    if not language:
        language = "python" if "python" in name.lower() or not spec else name
    return name, "python" if language.lower() in ("python", "python3", "ipython") else language.lower()
