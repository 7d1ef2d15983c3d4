"""pipeline.yaml: written for people, read with care, because people edit it.

text = dump(pipeline)
pipeline = load(text, "pipelines/wine/pipeline.yaml")
"""

from __future__ import annotations

import difflib
from collections import Counter
from pathlib import PurePosixPath
from typing import Any

import msgspec
import yaml

from nbmlops.errors import UsageError
from nbmlops.model.names import slug
from nbmlops.model.pipeline import Parameter, ParameterType, Pipeline, Step
from nbmlops.pipeline.conditions import with_needs
from nbmlops.pipeline.flow_rules import check_flow
from nbmlops.pipeline.needs import trouble_with_needs

_HEAD = """\
# A pipeline of nbmlops: steps (each a notebook beside this file), and what flows between them.
# Edit it freely: defaults, needs, titles. `nbmlops run FOLDER` runs it, `-p name=value` sets a parameter.
"""


def dump(pipeline: Pipeline) -> str:
    plain = msgspec.json.decode(msgspec.json.encode(pipeline))
    ordered = {
        "kind": plain.pop("kind"),
        "version": plain.pop("version"),
        "name": plain.pop("name"),
        **{key: value for key, value in plain.items() if value not in ([], "", {})},
    }
    ordered["parameters"] = [_parameter(each) for each in plain["parameters"]]
    ordered["steps"] = [_compact(each) for each in plain["steps"]]
    text = yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return _HEAD + text


def load(text: str, place: str) -> Pipeline:
    """Raises UsageError (kind `pipeline-...`) with one line that names the place and the trouble."""
    try:
        raw = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise _refusal(f"{place}{where} is not YAML: {problem}", "pipeline-not-yaml") from error
    if not isinstance(raw, dict):
        raise _refusal(f"{place} holds no pipeline", "pipeline-invalid", "It needs `name:` and `steps:`.")
    raw.setdefault("kind", "pipeline")
    raw.setdefault("notebook", "")
    version = raw.get("version", 1)
    if isinstance(version, int) and version > Pipeline.VERSION:
        raise _refusal(
            f"{place} was written in version {version}; this nbmlops reads up to {Pipeline.VERSION}",
            "pipeline-too-new",
            "Upgrade nbmlops.",
        )
    _known_keys(raw, Pipeline, place, "", extra=("kind",))
    for number, step in enumerate(_dicts(raw.get("steps"))):
        _known_keys(step, Step, place, f" in step {step.get('name', number + 1)}")
        step.setdefault("notebook", f"steps/{number + 1:02d}-{step.get('name', '')}.ipynb")
    for number, parameter in enumerate(_dicts(raw.get("parameters"))):
        _known_keys(parameter, Parameter, place, f" in parameter {parameter.get('name', number + 1)}")
    try:
        pipeline = msgspec.convert(raw, Pipeline)
    except msgspec.ValidationError as error:
        raise _refusal(f"{place} is no pipeline: {_words(error)}", "pipeline-invalid") from error
    check(pipeline, place)
    check_flow(pipeline, place)
    pipeline = with_needs(pipeline)
    _no_cycle(pipeline, place)
    return pipeline


def check(pipeline: Pipeline, place: str) -> None:
    """What the types do not say: names that fit together, no cycle, defaults of their type."""
    if not pipeline.steps:
        raise _refusal(f"{place} has no steps", "pipeline-no-steps")
    for what, names in (
        ("step", [s.name for s in pipeline.steps]),
        ("parameter", [p.name for p in pipeline.parameters]),
    ):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise _refusal(f"{place} has two {what}s named {twice[0]}", f"{what}-duplicate", "Rename one of them.")
    steps = {step.name: step for step in pipeline.steps}
    parameters = {each.name for each in pipeline.parameters}
    for step in pipeline.steps:
        if not step.name or slug(step.name, fallback="") != step.name:
            near = slug(step.name, fallback="step")
            raise _refusal(f"{place}: {step.name!r} is no name for a step", "step-name", f"Call it {near}.")
        place_of = PurePosixPath(step.notebook)
        if not step.notebook or place_of.is_absolute() or ".." in place_of.parts:
            raise _refusal(
                f"{place}: the notebook of step {step.name}, {step.notebook!r}, is not inside of the pipeline",
                "step-notebook",
                "Name it as a path below this folder.",
            )
        if trouble := trouble_with_needs(step):
            raise _refusal(f"{place}: step {step.name} {trouble[0]}", "step-needs", trouble[1])
        for need in (*step.needs, *(take.step for take in step.takes)):
            if need not in steps:
                raise _refusal(
                    f"{place}: step {step.name} needs {need}, and there is no such step",
                    "step-unknown",
                    _near(need, steps),
                )
        for take in step.takes:
            if not any(take.name in give.names for give in steps[take.step].gives):
                raise _refusal(
                    f"{place}: step {step.name} takes {take.name} from {take.step}, which does not give it",
                    "take-not-given",
                    f"Add it to `gives` of {take.step}, in the file and at the end of its notebook.",
                )
        for name in step.parameters:
            if name not in parameters:
                raise _refusal(
                    f"{place}: step {step.name} has the parameter {name}, which is not declared",
                    "parameter-unknown",
                    _near(name, parameters),
                )
    _no_cycle(pipeline, place)
    for parameter in pipeline.parameters:
        if not parameter.name.isidentifier():
            raise _refusal(f"{place}: {parameter.name!r} is no Python name for a parameter", "parameter-name")
        if not fits(parameter, parameter.default):
            raise _refusal(
                f"{place}: the default of {parameter.name}, {parameter.default!r}, is no {parameter.type}",
                "parameter-type",
                f"Write a value of type {parameter.type}, or change its type.",
            )


def fits(parameter: Parameter, value: Any) -> bool:
    """Is it a value that the parameter may have?"""
    if value is None:
        return parameter.optional or parameter.type is ParameterType.NONE
    if isinstance(value, bool):
        return parameter.type in (ParameterType.BOOL, ParameterType.NONE)
    allowed: dict[ParameterType, type | tuple[type, ...]] = {
        ParameterType.INT: int,
        ParameterType.FLOAT: (int, float),
        ParameterType.STR: str,
        ParameterType.LIST: list,
        ParameterType.TUPLE: (list, tuple),
        ParameterType.DICT: dict,
        ParameterType.NONE: object,
    }
    return parameter.type in allowed and isinstance(value, allowed[parameter.type])


def _no_cycle(pipeline: Pipeline, place: str) -> None:
    waiting = {step.name: {*step.needs, *(take.step for take in step.takes)} for step in pipeline.steps}
    while waiting:
        ready = [name for name, needs in waiting.items() if not needs & waiting.keys()]
        if not ready:
            raise _refusal(
                f"{place}: the steps {', '.join(waiting)} wait for each other",
                "pipeline-cycle",
                "Take one `needs` away.",
            )
        for name in ready:
            del waiting[name]


def _known_keys(
    raw: dict[str, Any], cls: type[msgspec.Struct], place: str, where: str, extra: tuple[str, ...] = ()
) -> None:
    known = (*cls.__struct_fields__, *extra)
    for key in raw:
        if key not in known:
            raise _refusal(f"{place} has an unknown key {key!r}{where}", "pipeline-unknown-key", _near(str(key), known))


def _dicts(raw: Any) -> list[dict[str, Any]]:
    return [each for each in raw if isinstance(each, dict)] if isinstance(raw, list) else []


def _near(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(known))}."


def _words(error: msgspec.ValidationError) -> str:
    return str(error).replace("Object missing required field", "missing").replace(" - at `$.", ", at `")


def _refusal(message: str, kind: str, hint: str = "") -> UsageError:
    return UsageError(f"{message}.", kind=kind, hint=hint)


def _parameter(raw: dict[str, Any]) -> dict[str, Any]:
    shown = {"name": raw["name"], "type": raw["type"], "default": raw["default"]}
    return (
        shown
        | {key: raw[key] for key in ("optional", "help") if raw[key]}
        | ({"cell": raw["cell"]} if raw["cell"] is not None else {})
    )


def _compact(raw: dict[str, Any]) -> dict[str, Any]:
    unsaid = {"cpu", "gpu", "exit"} - {key for key, value in raw.items() if value}
    shown = {key: value for key, value in raw.items() if key not in unsaid}
    return {key: value for key, value in shown.items() if value not in ([], "", {}) or key in ("name", "notebook")}


class _Loader(yaml.SafeLoader):
    """Safe, and a key given twice is an error instead of a surprise."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if isinstance(name, str) and name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{name} is given twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """Short lists of plain values on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent_list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    plain = all(not isinstance(each, dict | list) for each in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=plain)


def _represent_dict(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.Node:
    small = 0 < len(value) <= 2 and set(value) <= {"name", "step", "names"}
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=small or None)


_Dumper.add_representer(list, _represent_list)
_Dumper.add_representer(dict, _represent_dict)
