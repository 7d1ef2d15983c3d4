"""`compile`: write a pipeline for an engine that takes it as a whole, as files to deploy or to keep in git."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.errors import ConflictError
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.plugin import open_compiler
from nbmlops.ops.target import target_in
from nbmlops.pipeline.folder import read_pipeline
from nbmlops.project import Project


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pipeline: Annotated[str, positional("Folder of the pipeline.")]
    to: Annotated[str, option("The engine: kfp, tekton.", short="t", metavar="ENGINE")]
    image: Annotated[str, option("Holds nbmlops, what the steps import, and the project.", metavar="IMAGE")]
    project_folder: Annotated[
        str, option("Where the project lies in the image. Default: /project.", metavar="FOLDER")
    ] = "/project"
    output: Annotated[
        str, option("Folder for the files. Default: in the pipeline's, named as the engine.", short="o", metavar="DIR")
    ] = ""
    engine_option: Annotated[
        tuple[str, ...], option("An option of the engine: storage=20Gi.", metavar="NAME=VALUE")
    ] = ()
    force: Annotated[bool, option("Replace files that are there.", short="f")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    pipeline: str
    to: str
    folder: str
    files: tuple[str, ...]
    """Names in the folder."""


def compile(call: Call, request: Request) -> Result:
    """Raises StateError for what the engine cannot give a step, ConflictError for a file that is in the way and
    MissingDependencyError when a library is missing; then nothing is written."""
    folder = call.path(request.pipeline)
    pipeline = read_pipeline(folder)
    folder = folder.parent if folder.is_file() else folder
    project = Project.find(folder)
    target = target_in(project, folder, pipeline, image=request.image, project_folder=request.project_folder)
    compiler = open_compiler(project.settings, request.to, request.engine_option)
    files = compiler.compile(target)
    output = call.path(request.output) if request.output else folder / request.to
    for name, data in files.items():
        path = output / name
        if path.exists() and path.read_bytes() != data and not request.force:
            raise ConflictError(
                f"{path} is there already.", kind="file-exists", hint="Name another folder with -o, or use --force."
            )
    with refusing_disk_errors(output):
        for name, data in files.items():
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            write_atomic(output / name, data)
    return Result(pipeline=pipeline.name, to=request.to, folder=str(output), files=tuple(files))
