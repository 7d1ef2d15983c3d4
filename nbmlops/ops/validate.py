"""`validate`: a table held against its contract, before anything is learned from it or answered by it.

validate data/new.csv --schema contract.yaml
validate data/train.csv --infer contract.yaml
%mlops validate df --schema contract.yaml       a DataFrame of the notebook; the cell fails where it breaks the contract
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from nbmlops.errors import BrokenContractError, ConflictError, NotFoundError, UsageError
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.contract import Contract, Outcome, Validation
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional

if TYPE_CHECKING:
    from nbmlops.evaluate.validate import Column
    from nbmlops.quality.expectations import Translated

DEFAULT = "contract.yaml"
BROKEN = 1
SAMPLE = 5
_MOST_SAMPLE = 1000
_MOST_TOLD = 5
_MOST_ROWS_TOLD = 3


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    data: Annotated[
        str,
        positional(
            "The table: a file (.csv, .parquet, .jsonl), SNAPSHOT:path or RUN:path, an address, or in a notebook the "
            "name of a DataFrame."
        ),
    ] = ""
    schema: Annotated[
        str,
        option("The contract. Default: contract.yaml beside the data, else in the project.", short="s", metavar="FILE"),
    ] = ""
    infer: Annotated[str, option("Write a contract that the table keeps, to be edited.", metavar="FILE")] = ""
    from_: Annotated[
        str,
        option("Infer the contract from what a run was trained on, or a file of a snapshot.", metavar="RUN|SNAP:PATH"),
    ] = ""
    sample: Annotated[int, option("Rows that are shown of each broken rule.", metavar="N")] = SAMPLE
    export: Annotated[
        Literal["", "pandera", "gx"],
        option("Write the contract for pandera or Great Expectations.", metavar="pandera|gx"),
    ] = ""
    import_: Annotated[
        str, option("Make the contract of a suite of Great Expectations: a JSON file.", metavar="FILE")
    ] = ""
    output: Annotated[
        str, option("Where --export and --import write. Default: shown; contract.yaml.", short="o", metavar="FILE")
    ] = ""
    force: Annotated[bool, option("Write over a file that is there.")] = False
    no_fail: Annotated[bool, option("Only tell what is broken: the exit code is 0, and a cell goes on.")] = False


class Result(Validation, frozen=True, kw_only=True):
    checked: bool = True
    """False: only a contract was written or translated."""
    written: str = ""
    """The file that was asked for."""
    text: str = ""
    """The contract for another library, where no file was named for it."""
    untranslated: tuple[str, ...] = ()
    """What the other library, or this one, has no word for."""
    is_fatal: bool = True
    """A broken contract is a failure."""

    @property
    def exit_code(self) -> int:
        return BROKEN if self.failure is not None else 0

    @property
    def failure(self) -> BrokenContractError | None:
        """In a notebook, what the cell ends with."""
        if not self.errors or not self.is_fatal:
            return None
        told = "; ".join(_told(each) for each in self.errors[:_MOST_TOLD])
        more = f"; and {len(self.errors) - _MOST_TOLD} more" if len(self.errors) > _MOST_TOLD else ""
        return BrokenContractError(
            f"{self.place} breaks {self.contract}: {told}{more}.",
            kind="contract-broken",
            hint="Mend the data, or the contract; --no-fail only tells.",
            rules=len(self.errors),
        )


def validate(call: Call, request: Request) -> Result:
    """Never fails for a table that breaks its contract: the result says so, and the exit code.

    Raises UsageError for what is no table or no contract, NotFoundError for what is not there, ConflictError for a file
    that would be written over.
    """
    _check(request)
    with tempfile.TemporaryDirectory(prefix="nbmlops-validate-") as name:
        scratch = Path(name)
        contract, untranslated, written = _imported(call, request)
        if contract is None and not request.infer:
            contract = _contract(call, request, scratch)
        found = Result(
            place="", contract=contract.place if contract else "", rows=0, columns=0, outcomes=(), checked=False
        )
        if request.data:
            found = _held(call, request, contract, scratch)
        if contract is not None and request.export:
            exported, untranslated = _exported(contract, request.export)
            written = _write(call, request.output, exported, force=request.force) if request.output else ""
            found = msgspec.structs.replace(found, text="" if written else exported)
    found = msgspec.structs.replace(
        found,
        written=written or found.written,
        untranslated=untranslated,
        is_fatal=not request.no_fail,
    )
    if found.checked and call.has_session:
        from nbmlops.ops.validation_run import record

        record(call.session, found)
    return found


def _held(call: Call, request: Request, contract: Contract | None, scratch: Path) -> Result:
    """The table against the contract, or, where one is to be inferred, against its own."""
    from nbmlops.quality.check import check
    from nbmlops.quality.infer import infer
    from nbmlops.quality.write import write

    table, place = _table(call, request, contract, _made(scratch / "data"))
    call.progress(Progress(task="validate", note=f"{len(table):,} rows"))
    written = ""
    if contract is None:
        contract = infer(table, place=place)
        if not contract.columns:
            raise UsageError(f"{place} has no columns.", kind="data-empty", hint="Name a table that has some.")
        written = _write(call, request.infer, write(contract), force=request.force)
        contract = msgspec.structs.replace(contract, place=Path(written).name)
    found = check(table, contract, place=place, sample=request.sample)
    call.progress(Progress(task="validate", state="failed" if found.errors else "done"))
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    return Result(**fields, written=written)


def _contract(call: Call, request: Request, scratch: Path) -> Contract:
    from nbmlops.quality.document import load
    from nbmlops.quality.infer import infer

    if request.from_:
        from nbmlops.ops.evaluation_data import find_data, read_table
        from nbmlops.ops.trained_on import trained_on

        source = find_data(call, trained_on(call, request.from_), _made(scratch / "from"))
        return infer(read_table(source), place=source.place)
    places = [call.path(request.schema)] if request.schema else [each / DEFAULT for each in _folders(call, request)]
    for path in places:
        if request.schema or path.is_file():
            call.inputs.append(path)
            return load(path)
    raise UsageError(
        f"Which contract {request.data or 'it'} has to keep is not said, and there is no {DEFAULT}.",
        kind="contract-unnamed",
        hint=f"Infer one: nbmlops validate {request.data or 'DATA'} --infer {DEFAULT}",
    )


def _folders(call: Call, request: Request) -> list[Path]:
    """Where a contract may lie without being named: beside the data, and in the project."""
    found = [call.path(request.data).parent] if request.data and "://" not in request.data else [call.folder]
    try:
        found.append(call.project.root)
    except NotFoundError:
        found.append(call.folder)
    return found


def _table(call: Call, request: Request, contract: Contract | None, scratch: Path) -> tuple[Any, str]:
    from nbmlops.ops.evaluation_data import SUFFIXES, Source, find_data, read_table
    from nbmlops.ops.live_table import live_table

    live = live_table(call.variables, request.data)
    if live is not None:
        return live, request.data
    try:
        source = find_data(call, request.data, scratch)
    except NotFoundError as error:
        path = call.path(request.data)
        if error.kind == "project-missing" and path.is_file() and path.suffix.lower() in SUFFIXES:
            # A file needs no project.
            source = Source(path=path, place=request.data, kept="", digest="", bytes=path.stat().st_size)
            return read_table(source, _texts(contract)), source.place
        if call.variables and request.data.isidentifier() and error.kind == "data-missing":
            raise NotFoundError(
                f"There is neither a DataFrame nor a file {request.data}.",
                kind="data-missing",
                hint="Name a DataFrame of this notebook, or a table's file.",
            ) from error
        raise
    if not source.path.is_relative_to(scratch):
        call.inputs.append(source.path)
    return read_table(source, _texts(contract)), source.place


def _texts(contract: Contract | None) -> list[Column]:
    """To be read as text from files that have no types."""
    from nbmlops.evaluate.validate import Column

    return [Column(name=each, kind="string") for each in (contract.texts() if contract is not None else ())]


def _imported(call: Call, request: Request) -> tuple[Contract | None, tuple[str, ...], str]:
    """The contract of a suite, what of it has no word here, and the file that it was written to."""
    if not request.import_:
        return None, (), ""
    from nbmlops.quality.expectations import read_suite
    from nbmlops.quality.write import write

    made: Translated = read_suite(call.path(request.import_))
    written = _write(call, request.output or DEFAULT, write(made.contract), force=request.force)
    return msgspec.structs.replace(made.contract, place=Path(written).name), made.untranslated, written


def _exported(contract: Contract, kind: str) -> tuple[str, tuple[str, ...]]:
    if kind == "pandera":
        from nbmlops.quality.pandera_text import pandera_text

        return pandera_text(contract)
    from nbmlops.quality.expectations import write_suite

    return write_suite(contract)


def _write(call: Call, name: str, text: str, *, force: bool) -> str:
    path = call.path(name)
    if path.exists() and not force:
        raise ConflictError(
            f"{name} exists already.", kind="file-exists", hint="Choose another name, or add --force to write over it."
        )
    with refusing_disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    return str(path)


def _check(request: Request) -> None:
    problem = ""
    if not request.data and (request.infer or not (request.export or request.import_)):
        problem = "Which table is not said"
    elif sum(map(bool, (request.schema, request.infer, request.from_, request.import_))) > 1:
        problem = "--schema, --infer, --from and --import each name a contract: one of them"
    elif not 0 <= request.sample <= _MOST_SAMPLE:
        problem = f"--sample is from 0 to {_MOST_SAMPLE}"
    elif request.output and not (request.export or request.import_):
        problem = "--output is for --export and --import; a contract is inferred with --infer FILE"
    elif request.export and request.import_ and request.output:
        problem = "--export and --import cannot both write to --output"
    if problem:
        raise UsageError(
            f"{problem}.", kind="validate-malformed", hint="As in: nbmlops validate data.csv --schema contract.yaml"
        )


def _told(each: Outcome) -> str:
    rows = ", ".join(f"row {one.row}: {one.value}" for one in each.offenders[:_MOST_ROWS_TOLD])
    return each.why.removesuffix(".") + (f" ({rows})" if rows else "")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
