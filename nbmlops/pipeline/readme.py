"""The page that greets who opens a pipeline folder."""

from __future__ import annotations

from pathlib import PurePath

from nbmlops.model.pipeline import Pipeline
from nbmlops.pipeline.notebooks import parameters_text


def readme_text(pipeline: Pipeline) -> str:
    lines = [
        f"# {pipeline.name}",
        "",
        f"A pipeline made from `{PurePath(pipeline.notebook).name}` by nbmlops; everything here may be edited.",
        "",
        "```",
        "nbmlops run ." + "".join(f" -p {each.name}=..." for each in pipeline.parameters[:2]),
        "```",
        "",
        "## Steps",
        "",
    ]
    for number, step in enumerate(pipeline.steps, 1):
        lines.append(f"{number}. **{step.title or step.name}** (`{step.notebook}`)")
        for take in step.takes:
            lines.append(f"   - takes `{take.name}` from `{take.step}`")
        names = [name for give in step.gives for name in give.names]
        if names:
            lines.append(f"   - gives {', '.join(f'`{name}`' for name in names)}")
        if step.parameters:
            lines.append(f"   - parameters {', '.join(f'`{name}`' for name in step.parameters)}")
    if pipeline.parameters:
        lines += ["", "## Parameters", "", "```python", parameters_text(pipeline.parameters), "```"]
        tried = [each for each in pipeline.parameters if each.tried]
        lines += ["", *(f"- `{each.name}`: tried {_listed(each.tried)}" for each in tried)] if tried else []
    if pipeline.cuts or pipeline.whole:
        lines += ["", "## Where it is cut", ""]
        lines += [f"- before cell {each.cell + 1} (`{each.step}`): {each.why}" for each in pipeline.cuts]
        lines += [f"One step: {pipeline.whole}."] if pipeline.whole else []
    if pipeline.merged:
        lines += ["", "## Sections that became one step", ""]
        lines += [f"- {', '.join(each.sections)}: {each.why}" for each in pipeline.merged]
    if pipeline.dropped:
        lines += ["", "## Cells left out", ""]
        lines += [f"- cell {each.cell + 1} (`{each.preview}`): {each.why}" for each in pipeline.dropped]
    return "\n".join(lines) + "\n"


def _listed(values: tuple[object, ...]) -> str:
    return ", ".join(f"`{value!r}`" for value in values)
