"""Parts are scored by whoever is free and written in their order; a row that ends everything is the first such."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from sklearn.linear_model import LinearRegression

from nbmlops.batch_scoring.inputs import find_sources
from nbmlops.batch_scoring.output import Output
from nbmlops.batch_scoring.plan import empty_schema, make_plan
from nbmlops.batch_scoring.run_parts import run_parts
from nbmlops.batch_scoring.scoring import PartScorer, Place
from nbmlops.batch_scoring.work_folder import WorkFolder
from nbmlops.errors import ConflictError, UsageError
from nbmlops.model.batch_scoring import OnError, ScoredPart, ScoringPlan
from nbmlops.serve.signature import describe

COLUMNS = [{"name": name, "type": kind, "required": True} for name, kind in (("x", "double"), ("n", "long"))]


class Backwards:
    """Workers in this process: of what is submitted, the last is scored first."""

    places = 4

    def __init__(self, place: Place) -> None:
        self._scorer = PartScorer(place)
        self._submitted: list[int] = []
        self.scored: list[int] = []

    def submit(self, number: int) -> None:
        self._submitted.append(number)

    def next(self) -> ScoredPart:
        number = self._submitted.pop()
        self.scored.append(number)
        return self._scorer.score(number)

    def close(self) -> None:
        self._submitted.clear()


@pytest.fixture
def folder(tmp_path: Path) -> WorkFolder:
    """With a model: x + 10 n."""
    model = tmp_path / "out.parquet.parts" / "package" / "model"
    model.mkdir(parents=True)
    table = pd.DataFrame({"x": [1.0, 2.0, 5.0], "n": [1, 5, 2]})
    fitted = LinearRegression().fit(table, table["x"] + 10 * table["n"])
    (model / "model.pkl").write_bytes(pickle.dumps(fitted))
    flavor = {"pickled_model": "model.pkl", "serialization_format": "pickle"}
    document = {
        "flavors": {"python_function": {"loader_module": "mlflow.sklearn"}, "sklearn": flavor},
        "signature": {"inputs": json.dumps(COLUMNS), "outputs": json.dumps([{"type": "double", "required": True}])},
    }
    (model / "MLmodel").write_text(yaml.safe_dump(document))
    return WorkFolder(tmp_path / "out.parquet.parts")


def rows(count: int = 100) -> pa.Table:
    return pa.table({"n": list(range(count)), "x": [0.5 * number for number in range(count)]})


def plan_of(folder: WorkFolder, table: pa.Table, on_error: OnError = "fail", **more: Any) -> ScoringPlan:
    source = folder.path.parent / "in.parquet"
    pq.write_table(table, source, row_group_size=25)
    signature = describe(folder.package / "model").signature
    return make_plan(
        find_sources(str(source), source.parent), signature, model="m", format="parquet", output_format="parquet",
        on_error=on_error, **{"keep": ("n",), "part_rows": 10, **more},
    )  # fmt: skip


def run(folder: WorkFolder, plan: ScoringPlan) -> tuple[pa.Table, list[int], list[ScoredPart]]:
    """What is written, which parts were scored for it, and all of them."""
    crews: list[Backwards] = []

    def workers() -> Backwards:
        crews.append(Backwards(Place(folder=str(folder.path), model="model")))
        return crews[-1]

    finished, _ = folder.begin(plan)
    target = folder.path.parent / "out.parquet"
    output = Output(target, "parquet", is_folder=False, work=folder.path)
    try:
        parts = run_parts(plan, folder, finished, workers, output, lambda part: None)
        output.finish(empty_schema(plan, describe(folder.package / "model").signature))
    finally:
        output.abandon()
    return pq.read_table(target), [number for crew in crews for number in crew.scored], parts


def test_rows_are_written_in_their_order_whoever_is_first(folder: WorkFolder) -> None:
    plan = plan_of(folder, rows())
    # A row group of 25 is cut into parts of 10, 10 and 5.
    assert [(part.start, part.skip, part.rows) for part in plan.parts[:4]] == [
        (0, 0, 10),
        (0, 10, 10),
        (0, 20, 5),
        (1, 0, 10),
    ]
    found, scored, parts = run(folder, plan)
    assert found.column("n").to_pylist() == list(range(100))
    assert found.column("prediction").to_pylist() == pytest.approx([10.5 * number for number in range(100)])
    assert sorted(scored) == list(range(12)) != scored
    assert sum(part.read for part in parts) == 100


def test_what_is_finished_is_not_scored_again_unless_it_was_cut_off(folder: WorkFolder) -> None:
    plan = plan_of(folder, rows())
    whole, _, _ = run(folder, plan)
    assert run(folder, plan)[1] == []
    folder.rows_of(3).write_bytes(folder.rows_of(3).read_bytes()[:-1])
    folder.rows_of(5).with_suffix(".json").write_text("{")
    folder.rows_of(7).with_suffix(".json").unlink()
    found, scored, _ = run(folder, plan)
    assert sorted(scored) == [3, 5, 7]
    assert found.equals(whole)
    assert folder.begin(plan_of(folder, rows(90))) == ({}, True)
    assert sorted(each.name for each in folder.path.iterdir()) == ["package", "plan.json"]


def test_row_groups_are_put_together_and_not_cut_unless_asked(folder: WorkFolder) -> None:
    assert [(part.start, part.end) for part in plan_of(folder, rows(), part_rows=0).parts] == [(0, 4)]
    assert [(part.start, part.end) for part in plan_of(folder, rows(), part_rows=60).parts] == [(0, 2), (2, 4)]
    assert plan_of(folder, rows(0)).parts == ()


def test_the_first_row_that_cannot_be_used_is_told(folder: WorkFolder) -> None:
    table = rows().set_column(0, "n", pa.array([None if number in (44, 47, 96) else number for number in range(100)]))
    with pytest.raises(UsageError, match=r"in\.parquet, row 45, column n: it is missing\."):
        run(folder, plan_of(folder, table))
    found, _, parts = run(folder, plan_of(folder, table, "skip"))
    assert found.column("n").to_pylist() == [number for number in range(100) if number not in (44, 47, 96)]
    assert sum(part.failed for part in parts) == 3
    found, _, _ = run(folder, plan_of(folder, table, "null"))
    assert found.column_names == ["n", "prediction", "error"]
    assert [row["n"] for row in found.to_pylist()] == table.column("n").to_pylist()
    assert {at: row["error"] for at, row in enumerate(found.to_pylist()) if row["error"]} == {
        44: "n: it is missing", 47: "n: it is missing", 96: "n: it is missing"
    }  # fmt: skip
    assert [at for at, value in enumerate(found.column("prediction").to_pylist()) if value is None] == [44, 47, 96]


def test_rows_on_which_the_model_fails_are_found_among_the_others(folder: WorkFolder) -> None:
    table = rows().set_column(1, "x", pa.array([float("inf") if number in (3, 64) else 1.0 for number in range(100)]))
    with pytest.raises(UsageError, match=r"in\.parquet, row 4: The model failed: ValueError: .*infinity"):
        run(folder, plan_of(folder, table))
    found, _, parts = run(folder, plan_of(folder, table, "skip", part_rows=0))
    assert found.num_rows == 98
    assert sum(part.failed for part in parts) == 2


def test_a_part_without_a_good_row_does_not_matter(folder: WorkFolder) -> None:
    table = rows(30).set_column(0, "n", pa.array([None] * 10 + list(range(20))))
    found, _, _ = run(folder, plan_of(folder, table, "skip"))
    assert found.schema.field("prediction").type == pa.float64()
    assert found.num_rows == 20
    found, _, _ = run(folder, plan_of(folder, table, "null"))
    assert found.column("prediction").to_pylist()[:10] == [None] * 10


def test_two_do_not_write_the_same_output(folder: WorkFolder) -> None:
    with folder.alone(), pytest.raises(ConflictError, match=r"Another `batch` is writing out\.parquet"), folder.alone():
        pass


def test_columns_that_are_kept_have_to_be_there_and_to_be_called_otherwise(folder: WorkFolder) -> None:
    table = rows(5).append_column("prediction", pa.array(range(5)))
    with pytest.raises(UsageError, match="prediction cannot be kept"):
        plan_of(folder, table, keep=("all",))
    with pytest.raises(UsageError, match="has no column size"):
        plan_of(folder, table, keep=("size",))
