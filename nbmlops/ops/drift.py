"""`drift`: how far a table has moved from another one, or from what a model was trained on.

drift data/2025.parquet data/2026.parquet
drift tuned data/today.csv -o drift.html
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from nbmlops import plugins
from nbmlops.errors import UsageError
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.drift import Drift
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional

if TYPE_CHECKING:
    from nbmlops.drift.limits import Limits
    from nbmlops.ops.table_source import Kept

HAS_DRIFTED = 1


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reference: Annotated[
        str,
        positional("A table, SNAPSHOT:path, a profile (.json); or a run or package: what its model was trained on."),
    ]
    current: Annotated[str, positional("A table, SNAPSHOT:path or a profile.")]
    columns: Annotated[tuple[str, ...], option("Only these columns.", short="c", metavar="NAME")] = ()
    limit: Annotated[
        tuple[str, ...],
        option(
            "From when on a column has drifted: psi=0.2, ks=0.2, missing=0.1, new=0.05, words=0.3.", metavar="NAME=N"
        ),
    ] = ()
    also: Annotated[
        tuple[str, ...],
        option("Another measure as well, by its name: energy, or one that a package brings. Needs both tables."),
    ] = ()
    together: Annotated[
        bool, option("Ask as well whether all columns together have moved. Takes seconds; needs both tables.")
    ] = False
    check: Annotated[bool, option("Exit code 1 if anything has drifted.")] = False
    output: Annotated[str, option("Write the report there, as HTML.", short="o", metavar="FILE")] = ""


class Result(Drift, frozen=True, kw_only=True):
    report: str = ""
    """The file that was asked for."""
    is_checked: bool = False

    @property
    def exit_code(self) -> int:
        has_drifted = bool(self.drifted) or any(each.has_drifted for each in self.together)
        return HAS_DRIFTED if self.is_checked and has_drifted else 0


def drift(call: Call, request: Request) -> Result:
    """From all rows where both are tables, else from profiles.

    Raises NotFoundError for what is not there, ExternalError for a plug-in that fails, UsageError for what is no table,
    an unknown column or limit.
    """
    from nbmlops.ops.table_source import find_kept

    limits = _limits(request.limit)
    with tempfile.TemporaryDirectory(prefix="nbmlops-drift-") as name:
        folders = Path(name) / "before", Path(name) / "now"
        for folder in folders:
            folder.mkdir()
        before, now = find_kept(call, request.reference, folders[0]), find_kept(call, request.current, folders[1])
        found = _weighed(call, _compared(call, request, before, now, limits), before.model)
    if request.output:
        from nbmlops.drift.report import report

        path = call.path(request.output)
        with refusing_disk_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, report(found))
        found = msgspec.structs.replace(found, report=str(path))
    return found


def _compared(call: Call, request: Request, before: Kept, now: Kept, limits: Limits) -> Result:
    from nbmlops.drift.compare import compare_profiles, compare_tables

    if before.table is None or now.table is None:
        if request.together or request.also:
            raise UsageError(
                "--together and --also need all values of two tables; one of these is a profile.",
                kind="tables-needed",
                hint="Name both tables.",
            )
        kept = [_chosen(each.profiled(call), request.columns, each.name) for each in (before, now)]
        return _result(compare_profiles(kept[0], kept[1], limits), request)
    reference, current = (_chosen_table(each.read(), request.columns, each.name) for each in (before, now))
    total = len(reference.columns)
    found = compare_tables(
        reference,
        current,
        limits,
        names=(before.name, now.name),
        checks=[plugins.load(plugins.DRIFT_CHECKS, each)() for each in request.also],
        told=lambda done: call.progress(Progress(task="drift", done=done, total=total)),
    )
    if request.together:
        from nbmlops.drift.together import together

        call.progress(Progress(task="drift", note="all columns together"))
        found = msgspec.structs.replace(found, together=together(reference, current, limits))
    call.progress(Progress(task="drift", state="done"))
    return _result(found, request)


def _weighed(call: Call, found: Result, model: str) -> Result:
    """With what `explain` has found of the model's columns, if somebody has asked it."""
    from nbmlops.drift.judge import weigh
    from nbmlops.ops.explanation_run import importances_of

    return weigh(found, importances_of(call, model)) if model else found


def _result(found: Drift, request: Request) -> Result:
    return Result(**msgspec.structs.asdict(found), is_checked=request.check)


def _chosen(profile: Any, names: tuple[str, ...], place: str) -> Any:
    _check_names([each.name for each in profile.columns], names, place)
    kept = tuple(each for each in profile.columns if not names or each.name in names)
    return msgspec.structs.replace(profile, columns=kept, source=place)


def _chosen_table(table: Any, names: tuple[str, ...], place: str) -> Any:
    table.columns = [str(each) for each in table.columns]
    _check_names(list(table.columns), names, place)
    return table[[each for each in table.columns if each in names]] if names else table


def _check_names(known: list[str], names: tuple[str, ...], place: str) -> None:
    for name in names:
        if name not in known:
            raise UsageError(
                f"{place} has no column {name!r}.",
                kind="column-missing",
                hint=f"It has {', '.join(known[:20])}{' ...' if len(known) > 20 else ''}.",
            )


def _limits(texts: tuple[str, ...]) -> Limits:
    """Raises UsageError for one that is unknown or no number."""
    from nbmlops.drift.limits import Limits

    asked: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            asked[name] = int(value) if name == "min_rows" else float(value)
        except ValueError:
            raise UsageError(
                f"--limit {text} is no NAME=NUMBER.", kind="limit-malformed", hint="As in: --limit psi=0.25"
            ) from None
    known = [each.name for each in msgspec.structs.fields(Limits)]
    for name in asked:
        if name not in known:
            raise UsageError(f"There is no limit {name!r}.", kind="limit-unknown", hint=f"There is {', '.join(known)}.")
    return Limits(**asked)
