"""A code cell as plain Python whose line numbers are those of the cell as written.

    parsed = parse_cell(cell)       # "%%time\nmodel.fit(X)\n"
    parsed.body[0].lineno           # 2

IPython's own transformer does the work, one transformation at a time, so that a command continued over
several lines can be given its lines back.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache

from IPython.core.inputtransformer2 import TransformerManager

from nbmlops.dataflow import magics
from nbmlops.errors import NotebookError
from nbmlops.model.notebook import NotebookCell

_MAGIC_HEADER = re.compile(r"^%%(\S+)[ \t]*(.*)$")
_AUTOMAGIC = re.compile(r"^(pip3?|conda|mamba|cd|ls|pwd|who|whos)\b(?!\s*[=.(\[,:])(.*)$")
_ROUNDS = 500


@dataclass(frozen=True)
class ParsedCell:
    body: tuple[ast.stmt, ...]
    header_lines: int = 0
    """Lines to strip so that the rest runs without us."""
    plain: list[str] = field(default_factory=list)
    """The lines as plain Python."""


def parse_cell(cell: NotebookCell) -> ParsedCell:
    """Raises NotebookError(kind="cell-syntax") naming cell and line. The nodes are not to be changed."""
    try:
        return _parsed(cell.id or str(cell.index), cell.source)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        reason = getattr(error, "msg", None) or str(error)
        raise NotebookError(
            f"{cell.label.capitalize()}, line {line} is not valid Python: {reason}.",
            kind="cell-syntax",
            hint="Correct the cell, or tag it `skip`.",
            cell=cell.index,
            line=line,
        ) from error


@lru_cache(maxsize=1024)
def _parsed(cell: str, source: str) -> ParsedCell:
    """Remembered: of a notebook that is looked at again, most cells are as they were.

    By cell, so that two cells with the same text do not share nodes. Raises what `ast.parse` raises.
    """
    header = 0
    start = 0
    captured: list[str] = []
    measured = False
    setup: list[ast.stmt] = []
    while match := _header(source, start):
        line, name, rest = match
        if name == "mlops" and rest.split()[:1] in (["run"], ["needs"]):
            header = line + 1
        elif name == "capture":
            captured += [word for word in rest.split() if word.isidentifier()][:1]
        elif name in magics.MEASURING:
            measured = True
            setup = magics.code_behind_options(rest) or []
        elif name not in magics.TRANSPARENT_CELLS:
            text = "\n".join(source.splitlines()[line + 1 :])
            statements = [_at(each, 1, source) for each in magics.cell_magic(name, rest, text)]
            return ParsedCell(tuple(statements), header)
        start = line + 1
    plain = _plain(source, start)
    tree = magics.lower(_parse(plain))
    body = list(tree.body)
    if measured:
        body = [_at(magics.measured([*setup, *body]), 1, source)] if body else []
    for name in captured:
        # Some object: a literal would become a parameter.
        assign = ast.parse(f"{name} = object()").body[0]
        body.append(_at(assign, 1, source))
    return ParsedCell(tuple(body), header, plain.splitlines())


def _header(source: str, start: int) -> tuple[int, str, str] | None:
    """A cell magic on the first line with text from `start` on: (line index, name, rest)."""
    for number, line in enumerate(source.splitlines()):
        if number < start or not line.strip():
            continue
        found = _MAGIC_HEADER.match(line.strip() if start == 0 else line)
        return (number, found[1], found[2].strip()) if found else None
    return None


def _plain(source: str, start: int) -> str:
    """Python source with the same line numbers; lines before `start` are blank."""
    lines = source.splitlines()
    if len([line for line in lines if line.strip()]) == 1:
        lines = [f"%{line.strip()}" if _AUTOMAGIC.match(line.strip()) else line for line in lines]
    kept = [f"{line}\n" for line in lines[start:]]
    blank = 0
    while kept and not kept[0].strip():
        kept.pop(0)
        blank += 1
    manager = TransformerManager()
    for transform in manager.cleanup_transforms:
        kept = transform(kept)
    for _ in range(_ROUNDS):
        changed, after = manager.do_one_token_transform(kept)
        if not changed:
            break
        kept = _padded(kept, after)
    return "\n" * (start + blank) + "".join(kept)


def _padded(before: list[str], after: list[str]) -> list[str]:
    """Put blank lines after a transformed line, as many as it swallowed."""
    missing = len(before) - len(after)
    if missing <= 0:
        return after
    same = 0
    while same < len(after) and before[same] == after[same]:
        same += 1
    return [*after[: same + 1], *["\n"] * missing, *after[same + 1 :]]


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        tree = ast.parse(text)
        # Top-level await is IPython's; `return` outside a function is nobody's.
        compile(tree, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        return tree


def _at(node: ast.stmt, line: int, source: str) -> ast.stmt:
    """Place a made-up statement over the whole cell."""
    last = max(line, len(source.splitlines()))
    for each in ast.walk(node):
        if isinstance(each, ast.expr | ast.stmt):
            each.lineno, each.end_lineno, each.col_offset, each.end_col_offset = line, last, 0, 0
    return node
