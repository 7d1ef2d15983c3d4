"""`python -m nbmlops.ops.raw_rows.wrap`: put a step in front of a model, and prove that it gives the same.

Reads an `Order` from standard input and writes an `Outcome` to the file that it names. A process of its own, in an
empty folder: the cells' code runs here as it will where the model is served, with nothing of the project but modules.
"""

from __future__ import annotations

import importlib.util
import json
import random
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NbmlopsError, StateError
from nbmlops.model.names import slug
from nbmlops.ops.raw_rows import nbmlops_raw_rows as served
from nbmlops.ops.raw_rows.code import StepCode, modules_in, names_in, needed_code, step_code
from nbmlops.pipeline.carriers import CARRIERS
from nbmlops.pipeline.equality import Incomparable, difference
from nbmlops.pipeline.handoff import read
from nbmlops.pipeline.requirements import requirements_text

_ALONE = 20
"""Rows that are asked one by one."""
_TOGETHER = 200
_EXAMPLE = 5


class Order(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    notebook: str
    """Of the step."""
    takes: tuple[tuple[str, str], ...]
    """Names, and the steps that gave them."""
    gives: tuple[str, ...]
    parameters: dict[str, Any]
    """Values that the run had, of those that reach the step."""
    names: tuple[str, ...]
    """Of all parameters that reach it."""
    handoff: str
    """Folder with what steps have given in the run."""
    model: str
    """Folder of the model, which becomes that of the two."""
    modules: str
    """Folder with the project's own modules."""
    outcome: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    columns: tuple[str, ...] = ()
    """That callers send."""
    table: str = ""
    result: str = ""
    rows: int = 0
    """On which it was proven."""
    problem: str = ""
    kind: str = ""
    hint: str = ""


def wrap(order: Order) -> Outcome:
    """Raises StateError for a step that cannot stand in front of the model, with the reason."""
    import cloudpickle
    import mlflow.pyfunc

    model = Path(order.model)
    inner = mlflow.pyfunc.load_model(str(model))
    code = step_code(Path(order.notebook))
    values = {**_taken(order), **_parameters(order, code)}
    result, expected = _result(order, inner)
    text = needed_code(code.cells, tuple(values), result)
    values = {name: values[name] for name in sorted(values.keys() & names_in(text))}
    table = _table(order, values, expected)
    raw = values.pop(table)
    kept = cloudpickle.dumps(values)
    transform = served.Transform(text, kept, table, result)
    _prove(order, transform, raw, expected)
    raw = _needed(transform, raw, expected)
    _prove(order, transform, raw, expected)
    if categories := [str(name) for name in raw.columns if raw[name].dtype.name == "category"]:
        raise _unfit(order, f"column {categories[0]} is categorical: rows that come as JSON do not know its categories")
    if cloudpickle.dumps(transform.values) != kept:
        raise _unfit(order, "it changes what it takes from other steps: one request would have to do with the next")
    _write(order, text, kept, table, result, raw, inner)
    _prove_served(order, raw, expected, inner)
    for cache in model.rglob("__pycache__"):  # whoever imports its module leaves bytecode: so did we
        shutil.rmtree(cache)
    return Outcome(columns=tuple(map(str, raw.columns)), table=table, result=result, rows=len(raw))


def _taken(order: Order) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, step in order.takes:
        if name not in CARRIERS:
            found |= read(Path(order.handoff) / slug(step), (name,))
    return found


def _parameters(order: Order, code: StepCode) -> dict[str, Any]:
    """As the step's own cells make them of plain values."""
    names: dict[str, Any] = {}
    setting, typed = code.setting, ""
    marker = "from nbmlops import parameters"
    if marker in setting:
        at = setting.index(marker)
        setting, typed = setting[:at], setting[at:]
    exec(setting, names)
    names |= order.parameters
    exec(typed, names)
    return {name: names[name] for name in order.names}


def _result(order: Order, inner: Any) -> tuple[str, Any]:
    """The table that the step gives and the model takes."""
    import pandas as pd

    schema = inner.metadata.get_input_schema()
    columns = schema.input_names() if schema is not None and not schema.is_tensor_spec() else None
    if not columns:
        raise _unfit(order, "the model does not say by its signature which columns it takes")
    given = read(Path(order.handoff) / slug(order.step), order.gives)
    found = [name for name, each in given.items() if isinstance(each, pd.DataFrame) and list(each.columns) == columns]
    if len(found) != 1:
        shown = f"{len(found)} tables ({', '.join(found)})" if found else "no table"
        raise _unfit(order, f"it gives {shown} with the columns that the model takes: {', '.join(columns[:10])}")
    return found[0], given[found[0]]


def _table(order: Order, values: dict[str, Any], expected: Any) -> str:
    """The table that it takes, row for row with its result."""
    import pandas as pd

    tables = [name for name, each in values.items() if isinstance(each, pd.DataFrame)]
    found = [name for name in tables if values[name].index.equals(expected.index)]
    if len(found) != 1:
        shown = f"{', '.join(found)} each have" if found else f"none of {', '.join(tables) or 'its values'} has"
        raise _unfit(order, f"it has to take one table, row for row with what it gives; {shown} its rows")
    return found[0]


def _prove(order: Order, transform: served.Transform, raw: Any, expected: Any) -> None:
    """On all rows at once, on some of them, and on single ones, numbered anew as a request's are."""
    for number, (rows, wanted) in enumerate(_parts(raw, expected)):
        try:
            found = transform(rows)
            apart = difference(wanted, found)
        except Incomparable as error:
            raise _unfit(order, f"its result cannot be compared: {error}") from error
        except Exception as error:  # whatever a notebook's code raises
            where = "on all rows" if not number else f"on {len(rows)} of its rows"
            raise _unfit(order, f"it fails {where}: {type(error).__name__}: {' '.join(str(error).split())}") from error
        if apart is not None:
            if not number:
                raise _unfit(
                    order, f"its code gives another table than the notebook: {apart.path or '.'}: {apart.text}"
                )
            raise _unfit(
                order,
                f"a row's result rests on other rows ({apart.path or '.'}: {apart.text} for {len(rows)} of them)",
                hint="What is learned from the data (means, categories) belongs into a step before, which gives it.",
            )


def _parts(raw: Any, expected: Any) -> Iterator[tuple[Any, Any]]:
    yield raw, expected
    chance = random.Random(0)
    several = sorted(chance.sample(range(len(raw)), min(_TOGETHER, len(raw) // 2)))
    alone = chance.sample(range(len(raw)), min(_ALONE, len(raw)))
    for places in ([several] if several else []) + [[each] for each in alone]:
        yield raw.iloc[places].reset_index(drop=True), expected.iloc[places].reset_index(drop=True)


def _needed(transform: served.Transform, raw: Any, expected: Any) -> Any:
    """Without the columns that it gives the same without."""
    part, wanted = raw.head(_TOGETHER), expected.head(_TOGETHER)
    for column in list(raw.columns):
        without = part.drop(columns=[column])
        try:
            is_same = difference(wanted, transform(without)) is None
        except Exception:  # noqa: BLE001 - it needs that column
            continue
        if is_same and len(without.columns):
            part = without
    return raw[list(part.columns)]


def _write(order: Order, text: str, kept: bytes, table: str, result: str, raw: Any, inner: Any) -> None:
    """The model of the two, in place of the one."""
    import mlflow.pyfunc
    from mlflow.models import ModelSignature, infer_signature

    model = Path(order.model)
    made = model.with_name(f"{model.name}.made")
    about = infer_signature(raw)
    wrapped = ModelSignature(inputs=about.inputs, outputs=inner.metadata.get_output_schema(),
                             params=inner.metadata.get_params_schema())  # fmt: skip
    mlflow.pyfunc.save_model(
        str(made),
        loader_module=served.__name__.rpartition(".")[2],
        code_paths=[served.__file__],
        signature=wrapped,
        input_example=raw.head(_EXAMPLE),
        pip_requirements=_requirements(model, text, order),
    )
    model.rename(made / served.MODEL)
    (made / served.CODE).write_text(text, encoding="utf-8")
    (made / served.VALUES).write_bytes(kept)
    about_it = {"step": order.step, "table": table, "result": result}
    (made / served.ABOUT).write_text(json.dumps(about_it, indent=2) + "\n", encoding="utf-8")
    made.rename(model)


def _requirements(model: Path, text: str, order: Order) -> list[str]:
    """The model's own, and what the code imports beside it."""
    file = model / "requirements.txt"
    found = [line.strip() for line in file.read_text("utf-8").splitlines()] if file.is_file() else []
    found = [line for line in found if line and not line.startswith("#")]
    named = {line.partition("==")[0].lower() for line in found}
    local = [each for each in modules_in(text) if _is_local(each, order.modules)]
    more = [line for line in requirements_text(modules_in(text), local, ()).splitlines() if line and line[0] != "#"]
    return found + [line for line in more if line.partition("==")[0].lower() not in named]


def _is_local(module: str, folder: str) -> bool:
    spec = importlib.util.find_spec(module.partition(".")[0])
    return spec is not None and bool(spec.origin) and str(spec.origin).startswith(folder)


def _prove_served(order: Order, raw: Any, expected: Any, inner: Any) -> None:
    """By the whole way of a request: rows as JSON, read by the signature."""
    import mlflow.pyfunc
    from mlflow.pyfunc.scoring_server import infer_and_parse_data

    model = mlflow.pyfunc.load_model(order.model)
    part = raw.head(_TOGETHER).reset_index(drop=True)
    wanted = inner.predict(expected.head(_TOGETHER).reset_index(drop=True))
    body = {"dataframe_split": json.loads(part.to_json(orient="split", date_format="iso"))}
    try:
        found = model.predict(infer_and_parse_data(body, model.metadata.get_input_schema()))
    except Exception as error:  # whatever MLflow and the code raise
        raise _unfit(order, f"its rows do not survive as JSON: {type(error).__name__}: {error}") from error
    apart = difference(wanted, found)
    if apart is not None:
        raise _unfit(order, f"its rows are others as JSON: {apart.path or '.'}: {apart.text}")


def _unfit(order: Order, why: str, hint: str = "") -> StateError:
    return StateError(
        f"Step {order.step} cannot stand in front of the model: {why[:400]}.",
        kind="transform-unfit",
        hint=hint or "See docs/packages.md, raw rows.",
    )


def main() -> int:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    # Where it is served, the package's own modules come after all others.
    sys.path.append(order.modules)
    warnings.simplefilter("ignore")
    try:
        outcome = wrap(order)
    except NbmlopsError as error:
        outcome = Outcome(problem=error.message, kind=error.kind, hint=error.hint)
    Path(order.outcome).write_bytes(msgspec.json.encode(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())
