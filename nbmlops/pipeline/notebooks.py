"""A drafted step -> its notebook, a plain papermill notebook that people can read and edit.

about, parameters, definitions, takes, the cells of the step, gives
"""

from __future__ import annotations

import re
from pathlib import PurePath

import msgspec
import nbformat

from nbmlops.model.notebook import Notebook
from nbmlops.model.pipeline import Parameter, ParameterType, Step
from nbmlops.pipeline import parameter_types
from nbmlops.pipeline.carriers import CARRIERS, restoring, saving, travelling_name
from nbmlops.pipeline.step_parameters import type_words

_SIMPLE = {
    ParameterType.INT: "int",
    ParameterType.FLOAT: "float",
    ParameterType.BOOL: "bool",
    ParameterType.STR: "str",
    ParameterType.LIST: "list",
    ParameterType.DICT: "dict",
    ParameterType.TUPLE: "tuple",
}


class BodyCell(msgspec.Struct, frozen=True, kw_only=True):
    """A kept cell with the text that it has in the step."""

    index: int
    id: str
    tags: tuple[str, ...]
    text: str


class StepParts(msgspec.Struct, frozen=True, kw_only=True):
    """All that a step's notebook is written from."""

    step: Step
    parameters: tuple[Parameter, ...]
    header: tuple[str, ...]
    late: tuple[str, ...]
    """Definitions that need what is taken."""
    takes: tuple[tuple[str, tuple[str, ...]], ...]
    """(step, names), hidden state among them by its own name."""
    bundles: tuple[tuple[str, ...], ...]
    body: tuple[BodyCell, ...]


def step_notebook(parts: StepParts, source: Notebook) -> nbformat.NotebookNode:
    cells = [_markdown("nbmlops-about", about(parts, source))]
    if parts.parameters:
        cells.append(_code("nbmlops-parameters", parameters_text(parts.parameters), "parameters", tags=["parameters"]))
        if checks := typed_text(parts.parameters):
            cells.append(_code("nbmlops-typed", checks, "typed"))
    header = definitions(parts.header, uses_magic=any("%mlops" in each.text for each in parts.body))
    if header:
        cells.append(_code("nbmlops-definitions", header, "definitions"))
    if parts.takes:
        cells.append(_code("nbmlops-takes", take_text(parts.takes), "takes"))
    if parts.late:
        cells.append(_code("nbmlops-late-definitions", definitions(parts.late), "definitions"))
    for each in parts.body:
        made = _code(_plain_id(each.id), each.text, "cell")
        made.metadata["tags"] = [tag for tag in each.tags if tag != "parameters"]
        made.metadata["nbmlops"] = {"cell": each.id, "index": each.index}
        cells.append(made)
    if parts.bundles:
        cells.append(_code("nbmlops-gives", give_text(parts.bundles, parts.step.name), "gives"))
    node = nbformat.v4.new_notebook(cells=cells)
    node.metadata = nbformat.from_dict(
        {
            "kernelspec": {"name": source.kernel, "display_name": source.kernel, "language": "python"},
            "language_info": {"name": "python"},
            "nbmlops": {"step": parts.step.name, "notebook": PurePath(source.path).name},
        }
    )
    node.nbformat_minor = 5
    return node


def about(parts: StepParts, source: Notebook) -> str:
    step = parts.step
    lines = [
        f"# {step.title or step.name}",
        "",
        f"Step `{step.name}`, made from `{PurePath(source.path).name}` by nbmlops.",
        "",
    ]
    for giver, names in parts.takes:
        lines.append(f"- takes {_quoted(names)} from `{giver}`")
    if parts.bundles:
        lines.append(f"- gives {_quoted(tuple(name for bundle in parts.bundles for name in bundle))}")
    if step.reads:
        lines.append(f"- reads {_quoted(step.reads)}")
    if step.writes:
        lines.append(f"- writes {_quoted(step.writes)}")
    return "\n".join(lines).rstrip()


def parameters_text(parameters: tuple[Parameter, ...]) -> str:
    """One line for each, after the imports that dates and paths need."""
    modules = {parameter_types.MODULES[each.type]: None for each in parameters if _is_made(each)}
    imports = "".join(f"import {module}\n" for module in sorted(modules))
    return (f"{imports}\n" if imports else "") + "\n".join(map(parameter_line, parameters))


def typed_text(parameters: tuple[Parameter, ...]) -> str:
    """What makes objects of plain values that came from outside, and refuses what does not fit."""
    checked = [each for each in parameters if each.type is not ParameterType.NONE]
    if not checked:
        return ""
    names = ", ".join(each.name for each in checked)
    pairs = [f'{each.name}=({each.name}, "{type_words(each)}")' for each in checked]
    line = f"{names if len(checked) > 1 else f'({names},)'} = parameters.typed({', '.join(pairs)})"
    if len(line) > 100:
        line = f"{names} = parameters.typed(\n" + "".join(f"    {pair},\n" for pair in pairs) + ")"
        line = line if len(checked) > 1 else f"({names},){line.removeprefix(names)}"
    return f"from nbmlops import parameters\n\n{line}"


def _is_made(parameter: Parameter) -> bool:
    return parameter.type in parameter_types.MODULES and parameter.default is not None


def parameter_line(parameter: Parameter) -> str:
    """`lr: float = 0.1  # learning rate`."""
    default = parameter.default
    if _is_made(parameter):
        # Papermill finds a parameter with a dotted annotation not at all.
        text = f"{parameter.name} = {parameter_types.source(parameter.type, default)}"
        return f"{text}  # {parameter.help}" if parameter.help else text
    if parameter.type is ParameterType.TUPLE and isinstance(default, list):
        default = tuple(default)
    annotation = _SIMPLE.get(parameter.type, "")
    if annotation and parameter.optional:
        annotation += " | None"
    text = f"{parameter.name}{f': {annotation}' if annotation else ''} = {default!r}"
    return f"{text}  # {parameter.help}" if parameter.help else text


def definitions(sources: tuple[str, ...], uses_magic: bool = False) -> str:
    """Imports in a block, functions and classes apart from each other; `__future__` comes first."""
    future = [each for each in sources if each.startswith("from __future__")]
    others = [each for each in sources if each not in future]
    text = "%load_ext nbmlops" if uses_magic else ""
    previous_long = False
    for each in (*future, *others):
        long = "\n" in each
        gap = "\n\n\n" if long or previous_long else "\n"
        text = f"{text}{gap}{each}" if text else each
        previous_long = long
    return text


def take_text(takes: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    lines = ["from nbmlops import handoff", ""]
    after = []
    for giver, names in takes:
        travelling = [travelling_name(name) for name in names]
        arguments = ", ".join(f'"{name}"' for name in travelling)
        lines.append(f'{", ".join(travelling)} = handoff.take({arguments}, step="{giver}")')
        after += [restoring(name) for name in names if name in CARRIERS]
    return "\n".join([*lines, *after])


def give_text(bundles: tuple[tuple[str, ...], ...], step: str) -> str:
    lines = ["from nbmlops import handoff", ""]
    lines += [saving(name) for bundle in bundles for name in bundle if name in CARRIERS]
    texts = []
    for bundle in bundles:
        pairs = ", ".join(f'"{name}": {name}' for name in map(travelling_name, bundle))
        texts.append(f"{{{pairs}}}")
    texts.append(f'step="{step}"')
    call = f"handoff.give({', '.join(texts)})"
    if len(call) > 100:
        call = "handoff.give(\n" + "".join(f"    {text},\n" for text in texts) + ")"
    return "\n".join([*lines, call])


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _plain_id(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", text)[:64] or "cell"


def _code(id_: str, text: str, role: str, tags: list[str] | None = None) -> nbformat.NotebookNode:
    metadata = {"tags": tags or [], "nbmlops": {"role": role}}
    return nbformat.v4.new_code_cell(text, id=id_, metadata=nbformat.from_dict(metadata))


def _markdown(id_: str, text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(text, id=id_, metadata=nbformat.from_dict({"nbmlops": {"role": "about"}}))
