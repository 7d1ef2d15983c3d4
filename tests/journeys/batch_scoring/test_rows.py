"""Files are scored by a packaged model: in order, by several processes, and again where it was stopped."""

from __future__ import annotations

from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.journeys.batch_scoring.scored import batch, expected, trips, wines
from tests.journeys.conftest import Terminal, one_line
from tests.services import servers


def test_a_parquet_file_is_scored_in_order_and_tracked(terminal: Terminal, place: Path) -> None:
    table = wines()
    table.to_parquet(place / "in.parquet", row_group_size=100)
    done = terminal.good(
        "batch",
        "wine:v1",
        f"{place.name}/in.parquet",
        f"{place.name}/out.parquet",
        "--keep",
        "id",
        "--part-rows",
        "300",
    )
    assert (done["rows"], done["written"], done["failed"], done["parts"]) == (1000, 1000, 0, 4)
    found = pd.read_parquet(place / "out.parquet")
    assert list(found) == ["id", "prediction"]
    assert list(found["id"]) == list(range(1000))
    np.testing.assert_allclose(found["prediction"], expected(terminal, "wine", table), rtol=1e-10)
    assert not (place / "out.parquet.parts").exists()
    run = terminal.good("show", done["run"])["run"]
    assert (run["status"], run["tags"]["nbmlops.kind"]) == ("FINISHED", "scoring")
    assert run["params"]["package_digest"] == done["digest"]
    assert (run["metrics"]["rows"], run["metrics"]["failed_rows"]) == (1000, 0)
    assert run["tags"]["nbmlops.snapshot.output"] == done["snapshot"]
    (place / "out.parquet").unlink()
    terminal.good("restore", done["snapshot"])
    assert pd.read_parquet(place / "out.parquet").equals(found)


def test_files_of_a_pattern_follow_each_other_and_columns_are_found_by_name(terminal: Terminal, place: Path) -> None:
    table = wines(900)
    for number, names in enumerate((["ash", "id", "hue", "alcohol"], ["alcohol", "hue", "ash", "id"], list(table))):
        table[number * 300 : number * 300 + 300][names].to_csv(place / f"{number}.csv", index=False)
    done = batch(terminal, "wine:v1", f"{place.name}/*.csv", f"{place.name}/out.csv", "--keep", "id", "--workers", "2")
    assert (done["files"], done["rows"]) == (3, 900)
    found = pd.read_csv(place / "out.csv")
    assert list(found["id"]) == list(range(900))
    np.testing.assert_allclose(found["prediction"], expected(terminal, "wine", table), rtol=1e-10)


def test_texts_with_line_ends_are_cut_between_rows_and_kept_as_they_stand(terminal: Terminal, place: Path) -> None:
    table = trips()
    table.to_csv(place / "in.csv", index=False)
    words = ("trips:v1", f"{place.name}/in.csv", f"{place.name}/out.parquet", "--keep", "all", "--part-rows", "50")
    done = batch(terminal, *words)
    assert done["parts"] > 3
    found = pd.read_parquet(place / "out.parquet")
    assert list(found) == ["port", "age", "fare", "note", "prediction"]
    assert list(found["port"]) == list(table["port"]), "NA is a port here"
    assert list(found["note"]) == list(table["note"])
    assert list(found["age"]) == list(table["age"])
    wanted = table.assign(port=table["port"].replace("NA", None))
    assert list(found["prediction"]) == list(expected(terminal, "trips", wanted))


def test_a_folder_becomes_a_folder(terminal: Terminal, place: Path) -> None:
    (place / "in").mkdir()
    table = wines(600)
    table[:300].to_parquet(place / "in" / "a.parquet")
    table[300:].to_parquet(place / "in" / "b.parquet")
    (place / "in" / "_SUCCESS").write_text("")
    batch(terminal, "wine:v1", f"{place.name}/in", f"{place.name}/out/", "--keep", "id")
    assert sorted(each.name for each in (place / "out").iterdir()) == ["part-00000.parquet", "part-00001.parquet"]
    assert list(pd.read_parquet(place / "out")["id"]) == list(range(600))
    done = terminal.nbmlops("batch", "wine:v1", f"{place.name}/in", f"{place.name}/out/", "--no-track")
    assert "is there already" in one_line(done)
    batch(terminal, "wine:v1", f"{place.name}/in/a.parquet", f"{place.name}/out", "--overwrite", "--format", "csv")
    assert [each.name for each in (place / "out").iterdir()] == ["part-00000.csv"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows_that_break_the_schema(terminal: Terminal, place: Path, kind: str) -> None:
    """One is missing where the model takes whole numbers, one is text, and on one the model itself fails."""
    table = trips(60).astype({"age": object})
    if kind == "csv":
        table.loc[7, "age"] = "many"
        why = {7: "age: 'many' is no long"}
    else:
        table["age"] = table["age"].astype(float)
        table.loc[7, "age"] = 7.5
        why = {7: "age: '7.5' is no long"}
    table.loc[31, "age"] = None
    table.loc[40, "fare"] = None
    source, target = f"{place.name}/in.{kind}", f"{place.name}/out.{kind}"
    getattr(table, f"to_{kind}")(place / f"in.{kind}", index=False)
    words = ("batch", "trips:v1", source, target, "--part-rows", "20", "--no-track")
    refused = terminal.nbmlops(*words)
    assert refused.returncode == 2
    assert f"in.{kind}, row 8, column age: {why[7].partition(': ')[2]}." in one_line(refused)
    assert not list(place.glob("out*"))
    skipped = batch(terminal, *words[1:-1], "--on-error", "skip", "--keep", "fare")
    assert (skipped["rows"], skipped["written"], skipped["failed"]) == (60, 57, 3)
    good = table.drop(index=[7, 31, 40]).astype({"age": int})
    wanted = expected(terminal, "trips", good.assign(port=good["port"].replace("NA", None)))
    read = getattr(pd, f"read_{kind}")
    found = read(place / f"out.{kind}")
    assert list(found["fare"]) == list(good["fare"])
    assert list(found["prediction"]) == list(wanted)
    null = batch(terminal, *words[1:-1], "--on-error", "null", "--overwrite")
    assert (null["rows"], null["written"], null["failed"]) == (60, 60, 3)
    found = read(place / f"out.{kind}")
    assert list(found["prediction"].dropna()) == list(wanted)
    told = found["error"].dropna()
    assert (told[7], told[31]) == (why[7], "age: it is missing")
    assert list(told.index) == [7, 31, 40]
    assert "NaN" in told[40]


def test_what_cannot_be_scored_is_refused_in_one_line(terminal: Terminal, place: Path) -> None:
    table = wines(10)
    table.drop(columns="ash").to_parquet(place / "less.parquet")
    table.assign(ash="much").to_parquet(place / "text.parquet")
    table.to_csv(place / "in.csv", index=False)
    (place / "empty.csv").write_text("")
    (place / "no.parquet").write_text("alcohol,ash,hue\n1,2,3\n")

    def refused(*words: str) -> str:
        done = terminal.nbmlops("batch", words[0], *(f"{place.name}/{each}" for each in words[1:3]), *words[3:])
        assert not list(place.glob("out*"))
        return one_line(done)

    assert "less.parquet has no column ash" in refused("wine:v1", "less.parquet", "out.parquet")
    assert "Column ash of" in refused("wine:v1", "text.parquet", "out.parquet")
    assert "it is empty" in refused("wine:v1", "empty.csv", "out.csv")
    assert "no Parquet file" in refused("wine:v1", "no.parquet", "out.parquet")
    assert "There is no" in refused("wine:v1", "none.csv", "out.csv")
    assert "has no column size" in refused("wine:v1", "in.csv", "out.csv", "--keep", "size")
    assert "part of the input" in refused("wine:v1", "in.csv", "in.csv", "--overwrite")
    assert "neither a package nor a run" in refused("nothing", "in.csv", "out.csv")


def test_a_file_without_rows_gives_one_without_rows(terminal: Terminal, place: Path) -> None:
    wines(0).to_csv(place / "in.csv", index=False)
    wines(0).to_parquet(place / "in.parquet")
    for kind in ("csv", "parquet"):
        done = batch(terminal, "wine:v1", f"{place.name}/in.{kind}", f"{place.name}/out.{kind}", "--keep", "id")
        assert (done["rows"], done["written"]) == (0, 0)
    assert list(pd.read_csv(place / "out.csv")) == ["id", "prediction"]
    assert pq.read_schema(place / "out.parquet").field("prediction").type == pa.float64()


def test_a_dry_run_counts_and_leaves_nothing(terminal: Terminal, place: Path) -> None:
    wines(100).to_parquet(place / "in.parquet", row_group_size=10)
    words = ("wine:v1", f"{place.name}/in.parquet", f"{place.name}/out.csv")
    done = batch(terminal, *words, "--dry-run", "--part-rows", "30")
    assert (done["rows"], done["parts"], done["written"], done["is_dry_run"]) == (100, 4, 0, True)
    assert [each.name for each in place.iterdir()] == ["in.parquet"]
    said = terminal.nbmlops("batch", *words, "--dry-run")
    assert "would be written" in said.stdout


def test_an_address_is_read_and_written(terminal: Terminal, place: Path) -> None:
    table = wines(100)
    table.to_parquet(place / "in.parquet", row_group_size=50)
    table.to_csv(place / "in.csv", index=False)
    for kind in ("parquet", "csv"):
        batch(terminal, "wine:v1", f"file://{place}/in.{kind}", f"file://{place}/out.{kind}", "--keep", "id")
    np.testing.assert_allclose(
        pd.read_parquet(place / "out.parquet")["prediction"], expected(terminal, "wine", table), rtol=1e-10
    )
    assert list(pd.read_csv(place / "out.csv")["id"]) == list(range(100))


@pytest.mark.slow
def test_objects_in_a_bucket_are_scored_into_another(
    terminal: Terminal, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = wines(300)
    with servers.s3(place / "s3.log") as (_, address):
        for name, value in servers.aws(address).items():
            monkeypatch.setenv(name, value)
        bucket = fsspec.filesystem("s3", skip_instance_cache=True)
        for number in range(3):
            table[number * 100 : number * 100 + 100].to_parquet(place / f"{number}.parquet")
            bucket.put_file(str(place / f"{number}.parquet"), f"{servers.BUCKET}/in/{number}.parquet")
        words = (f"s3://{servers.BUCKET}/in", f"s3://{servers.BUCKET}/out/scored.parquet", "--keep", "id")
        done = terminal.good("batch", "wine:v1", *words, **servers.aws(address))
        assert (done["files"], done["rows"]) == (3, 300)
        bucket.get_file(f"{servers.BUCKET}/out/scored.parquet", str(place / "found.parquet"))
        again = terminal.nbmlops("batch", "wine:v1", *words, **servers.aws(address))
        assert "is there already" in one_line(again)
    found = pd.read_parquet(place / "found.parquet")
    assert list(found["id"]) == list(range(300))
    np.testing.assert_allclose(found["prediction"], expected(terminal, "wine", table), rtol=1e-10)
