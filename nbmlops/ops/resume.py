"""`resume`: go on with a pipeline's run where it broke. What it had finished is kept; the rest is executed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.lib.redact import MARK
from nbmlops.model.pipeline import Pipeline
from nbmlops.ops import run as run_verb
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.find_result import find_result
from nbmlops.pipeline.folder import read_pipeline
from nbmlops.pipeline.parameters import checked, defaults, values

Result = run_verb.Result


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: Annotated[str, positional("The run: id, first letters of it, name, or `last`.")] = "last"
    param: Annotated[tuple[str, ...], option("Set a parameter to another value.", short="p", metavar="NAME=VALUE")] = ()
    jobs: Annotated[int, option("Steps at once. Default: all that fit.", short="j", metavar="N")] = 0
    engine: Annotated[str, option("Where steps run: local, dask. Default: that of the settings.", metavar="NAME")] = ""
    engine_option: Annotated[
        tuple[str, ...], option("An option of the engine: address=tcp://HOST:8786.", metavar="NAME=VALUE")
    ] = ()


def resume(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a run that is none of a pipeline, and what `run` raises."""
    result = find_result(call.project, request.run)
    folder = call.project.absolute(result.source)
    if not result.source or not folder.is_dir():
        raise NotFoundError(
            f"The pipeline of run {result.name} is not at {folder} any more.",
            kind="pipeline-missing",
            hint="Run it from where it is: nbmlops run PIPELINE",
        )
    pipeline = read_pipeline(folder)
    given = values(pipeline, request.param)
    chosen = {**defaults(pipeline), **_as_then(pipeline, result.parameters, given), **given}
    wanted = run_verb.Request(
        pipeline=str(folder),
        name=result.name,
        jobs=request.jobs,
        engine=request.engine,
        engine_option=request.engine_option,
        data=result.data,
        code=result.code,
    )
    return run_verb.run_pipeline(call, wanted, pipeline, folder, chosen)


def _as_then(pipeline: Pipeline, then: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Values of the run, as far as the pipeline still has the parameters."""
    found = {}
    for parameter in pipeline.parameters:
        if parameter.name not in then or parameter.name in given:
            continue
        value = then[parameter.name]
        if value == MARK:
            raise UsageError(
                f"The value of {parameter.name} was a secret, and is not kept.",
                kind="parameter-secret",
                hint=f"Give it again: -p {parameter.name}=...",
            )
        found[parameter.name] = checked(parameter, value)
    return found
