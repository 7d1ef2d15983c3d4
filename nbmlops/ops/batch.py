"""`batch`: a model scores the rows of files, in parts, by several processes; what is stopped goes on later.

batch wine:v1 new.parquet scored.parquet
batch models:/wine@champion 'exports/*.csv' scored.csv --keep id --on-error skip
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from nbmlops.errors import ConflictError, InterruptedRunError, UsageError
from nbmlops.lib.digest import digest_bytes, short
from nbmlops.model.batch_scoring import Format, OnError, ScoredPart, ScoringPlan
from nbmlops.ops.batch_progress import BatchProgress
from nbmlops.ops.batch_run import BatchRun
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.deployed_package import deployed_package, lay_out, name_of
from nbmlops.ops.fields import option, positional
from nbmlops.ops.registries import PLAIN_HTTP
from nbmlops.package.opened import Opened
from nbmlops.package.reference import Reference

if TYPE_CHECKING:
    from nbmlops.batch_scoring.inputs import Source
    from nbmlops.batch_scoring.run_parts import Workers
    from nbmlops.batch_scoring.work_folder import WorkFolder

ADDRESS = "DASK_SCHEDULER_ADDRESS"
MOST_WORKERS = 256
_WORKER_BYTES = 8 << 20
"""Of the input, for which another process is worth its start."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: Annotated[
        str, positional("What scores: a package, a run or a registered model.", metavar="PACKAGE|RUN|MODEL")
    ]
    input: Annotated[
        str, positional("CSV or Parquet: a file, a folder of files, a pattern in quotes, an address.", metavar="IN")
    ]
    output: Annotated[
        str, positional("A file (.parquet, .csv), a folder of files, the address of a file.", metavar="OUT")
    ]
    keep: Annotated[
        tuple[str, ...], option("Write this column of the input, too; `all`: all of them.", metavar="COLUMN|all")
    ] = ()
    on_error: Annotated[
        OnError,
        option(
            "Of a row that the model cannot be asked about: stop, leave it out, or have no prediction for it.",
            metavar="fail|skip|null",
        ),
    ] = "fail"
    format: Annotated[Format | None, option("Of files whose names do not tell.", short="f", metavar="csv|parquet")] = (
        None
    )
    workers: Annotated[int, option("Processes that score. Default: one for each core.", short="w", metavar="N")] = 0
    on: Annotated[
        Literal["local", "dask"], option("Where they run: here, or on a cluster of Dask's.", metavar="local|dask")
    ] = "local"
    scheduler: Annotated[
        str, option(f"Of the cluster, as in tcp://10.0.0.5:8786. Default: {ADDRESS}.", metavar="ADDRESS")
    ] = ""
    part_rows: Annotated[
        int,
        option("About how many rows are scored, and lost, together. Default: 262144; of CSV 16 MiB.", metavar="N"),
    ] = 0
    overwrite: Annotated[bool, option("Replace an output that is there.")] = False
    no_track: Annotated[bool, option("Make no MLflow run and no snapshot of it.")] = False
    dry_run: Annotated[bool, option("Only show the model, the rows and the parts.")] = False
    policy: Annotated[str, option("What a package has to be. Default: nbmlops-policy.yaml here.", metavar="FILE")] = ""
    trust: Annotated[bool, option("Let a model run its code that nobody trusted has signed.")] = False
    plain_http: Annotated[bool, option(PLAIN_HTTP)] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    model: str
    """Its package."""
    digest: str
    input: str
    files: int
    output: str
    rows: int | None
    """Of the input; None where only scoring tells: a CSV file before it."""
    written: int
    failed: int
    """Rows that the model could not be asked about."""
    parts: int
    kept_parts: int
    """That were finished by an earlier call."""
    is_anew: bool
    """What an earlier call has left was of another model, input or options."""
    is_dry_run: bool
    run: str = ""
    """MLflow run id."""
    snapshot: str = ""
    """Of the output, where it lies in the project."""
    output_digest: str = ""
    seconds: float


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where the output goes."""

    text: str
    path: Path
    """Of the file or the folder; of one that is sent to an address, of what is sent."""
    work: Path
    format: Format
    is_folder: bool
    url: str = ""


def batch(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a model or an input, UsageError for rows and columns that the model does not take,
    ConflictError for an output that is there, InterruptedRunError on Ctrl-C; what is scored is kept until the same is
    asked again.
    """
    began = time.monotonic()
    _check(request)
    from nbmlops.batch_scoring.inputs import find_sources, format_of

    sources = find_sources(request.input, call.folder)
    format = format_of(sources, request.format)
    target = _target(call, request)
    _check_apart(sources, target, call, request)
    reference, package = deployed_package(
        call, request.model, policy=request.policy, is_trusted=request.trust, plain_http=request.plain_http
    )
    told = Result(
        model=str(reference), digest=package.descriptor.digest, input=request.input, files=len(sources),
        output=target.text, rows=None, written=0, failed=0, parts=0, kept_parts=0, is_anew=False,
        is_dry_run=request.dry_run, seconds=0.0,
    )  # fmt: skip
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(_work_folder(target, is_dry_run=request.dry_run))
        model = lay_out(call, reference, package, folder.package)
        workers = None if request.dry_run else _workers(stack, request, folder, model, sources)
        plan = _plan(folder, model, sources, format, target, package, request)
        told = msgspec.structs.replace(told, parts=len(plan.parts), rows=_rows(plan))
        if workers is None:
            return msgspec.structs.replace(told, seconds=round(time.monotonic() - began, 3))
        scored = _scored(call, request, reference, package, folder, model, plan, target, told, workers)
    return msgspec.structs.replace(scored, seconds=round(time.monotonic() - began, 3))


def _check(request: Request) -> None:
    if request.workers < 0 or request.workers > MOST_WORKERS:
        raise UsageError(f"--workers takes 1 to {MOST_WORKERS}.", kind="batch-malformed")
    if request.part_rows < 0:
        raise UsageError("--part-rows takes 1 or more.", kind="batch-malformed")
    if request.on == "dask" and not (request.scheduler or os.environ.get(ADDRESS)):
        raise UsageError(
            "Which cluster of Dask's shall score?", kind="batch-malformed", hint="Name it: --scheduler tcp://HOST:8786"
        )
    if request.on == "local" and request.scheduler:
        raise UsageError("--scheduler is for Dask.", kind="batch-malformed", hint="Add --on dask.")
    if request.on == "dask" and request.workers:
        raise UsageError(
            "--workers is for this machine: a cluster of Dask's has its own.",
            kind="batch-malformed",
            hint="Leave it out.",
        )


def _target(call: Call, request: Request) -> _Target:
    from nbmlops.batch_scoring.inputs import ENDINGS, check_url, is_url

    text = request.output
    ending = ENDINGS.get(Path(text).suffix.lower())
    if is_url(text):
        check_url(text)
        if ending is None:
            raise UsageError(
                f"{text} is neither .parquet nor .csv.",
                kind="format-unknown",
                hint="Only files are sent to an address.",
            )
        work = call.project.layout.folder / "scoring" / short(digest_bytes(text.encode()))
        path = work / Path(text).name
        return _Target(text=text, path=path, work=work, format=ending, is_folder=False, url=text)
    path = call.path(text)
    is_folder = not path.suffix or text.endswith("/") or path.is_dir()
    if ending is None and request.format is None and not is_folder:
        raise UsageError(
            f"{text} is neither .parquet nor .csv.",
            kind="format-unknown",
            hint="Say which it is: --format csv or --format parquet. A folder ends in /.",
        )
    return _Target(
        text=text,
        path=path,
        work=path.with_name(f"{path.name}.parts"),
        format=(None if is_folder else ending) or request.format or "parquet",
        is_folder=is_folder,
    )


def _check_apart(sources: tuple[Source, ...], target: _Target, call: Call, request: Request) -> None:
    """What is read is not written, and nothing is lost."""
    inputs = [Path(each.path) for each in sources if "://" not in each.path]
    asked = call.path(request.input)
    if not target.url and (
        any(each == target.path or each.is_relative_to(target.path) for each in inputs)
        or (asked.is_dir() and target.path.is_relative_to(asked))
    ):
        raise UsageError(f"{target.text} is part of the input.", kind="output-is-input", hint="Write to another place.")
    if request.overwrite and target.is_folder and not target.url:
        strange = next((each.name for each in _inside(target.path) if not each.name.startswith("part-")), "")
        if strange:
            raise ConflictError(
                f"{target.text} holds more than parts of an output: {strange}.",
                kind="output-exists",
                hint="Write to another folder.",
            )
    if not request.overwrite and not request.dry_run and _is_there(target):
        raise ConflictError(
            f"{target.text} is there already.", kind="output-exists", hint="Replace it with --overwrite."
        )


def _inside(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def _is_there(target: _Target) -> bool:
    if not target.url:
        return target.path.exists() and not (target.path.is_dir() and not any(target.path.iterdir()))
    from nbmlops.store.reach import open_url, reaching

    fs, place = open_url(target.url, target.url)
    with reaching(target.url):
        return bool(fs.exists(place))


@contextlib.contextmanager
def _work_folder(target: _Target, *, is_dry_run: bool) -> Iterator[WorkFolder]:
    from nbmlops.batch_scoring.work_folder import WorkFolder

    if is_dry_run:
        with tempfile.TemporaryDirectory(prefix="nbmlops-batch-") as place:
            yield WorkFolder(Path(place))
        return
    folder = WorkFolder(target.work)
    with folder.alone():
        try:
            yield folder
        except UsageError:
            # The same command would be refused again: there is nothing to go on with.
            folder.remove()
            raise
        except BaseException:
            if not folder.has_begun:
                folder.remove()
            raise


def _plan(
    folder: WorkFolder,
    model: str,
    sources: tuple[Source, ...],
    format: Format,
    target: _Target,
    package: Opened,
    request: Request,
) -> ScoringPlan:
    from nbmlops.batch_scoring.plan import make_plan
    from nbmlops.serve.signature import describe

    return make_plan(
        sources,
        describe(folder.package / model).signature,
        model=package.descriptor.digest,
        format=format,
        output_format=target.format,
        keep=request.keep,
        on_error=request.on_error,
        part_rows=request.part_rows,
    )


def _rows(plan: ScoringPlan) -> int | None:
    counts = [part.rows for part in plan.parts]
    return None if None in counts else sum(count or 0 for count in counts)


def _scored(
    call: Call,
    request: Request,
    reference: Reference,
    package: Opened,
    folder: WorkFolder,
    model: str,
    plan: ScoringPlan,
    target: _Target,
    told: Result,
    workers: Callable[[], Workers],
) -> Result:
    from nbmlops.batch_scoring.output import Output
    from nbmlops.batch_scoring.plan import empty_schema
    from nbmlops.batch_scoring.run_parts import run_parts
    from nbmlops.serve.signature import describe

    finished, is_anew = folder.begin(plan)
    if is_anew:
        call.progress(
            Progress(task="batch", note="Another model, input or option than before: starts anew", state="skipped")
        )
    elif finished:
        note = f"goes on: {len(finished)} of {len(plan.parts)} parts are scored already"
        call.progress(Progress(task="batch", note=note, state="skipped"))
    progress = BatchProgress(call.progress, plan, finished)
    output = Output(target.path, plan.output_format, is_folder=target.is_folder, work=folder.path)
    with BatchRun(call, request, plan, name_of(reference, package), told) as run:
        began = time.monotonic()

        def scored(part: ScoredPart) -> None:
            progress.scored(part)
            run.goes_on()

        try:
            parts = run_parts(plan, folder, finished, workers, output, scored)
            output.finish(empty_schema(plan, describe(folder.package / model).signature))
        except (KeyboardInterrupt, InterruptedRunError):
            raise InterruptedRunError(
                f"Stopped; {progress.done} of {len(plan.parts)} parts are scored and kept.",
                kind="interrupted",
                hint="Go on with the same command.",
                run=run.id,
            ) from None
        finally:
            output.abandon()
        _send(target)
        rows, failed = sum(each.read for each in parts), sum(each.failed for each in parts)
        progress.end(rows)
        told = msgspec.structs.replace(
            told,
            rows=rows,
            written=sum(each.written for each in parts),
            failed=failed,
            kept_parts=len(finished),
            is_anew=is_anew,
        )
        told = run.finished(told, target.path, time.monotonic() - began, is_sent=bool(target.url))
    folder.remove()
    return told


def _workers(
    stack: contextlib.ExitStack, request: Request, folder: WorkFolder, model: str, sources: tuple[Source, ...]
) -> Callable[[], Workers]:
    """Those of this machine load the model while the input is looked into."""
    from nbmlops.batch_scoring.scoring import Place

    place = Place(folder=str(folder.path), model=model)
    if request.on == "dask":

        def connected() -> Workers:
            from nbmlops.batch_scoring.dask_workers import DaskWorkers

            there = msgspec.structs.replace(place, plan=folder.plan_id)
            return DaskWorkers(there, request.scheduler or os.environ[ADDRESS])

        return connected
    from nbmlops.batch_scoring.local_workers import LocalWorkers, cores

    count = request.workers or cores()
    if not request.workers and not request.part_rows:
        count = min(count, 1 + sum(_size(each) for each in sources) // _WORKER_BYTES)
    crew = LocalWorkers(place, count)
    stack.callback(crew.close)
    return lambda: crew


def _size(source: Source) -> int:
    return _WORKER_BYTES * MOST_WORKERS if "://" in source.path else Path(source.path).stat().st_size


def _send(target: _Target) -> None:
    if not target.url:
        return
    from nbmlops.store.reach import open_url, reaching

    fs, place = open_url(target.url, target.url)
    with reaching(target.url):
        fs.put_file(str(target.path), place)
