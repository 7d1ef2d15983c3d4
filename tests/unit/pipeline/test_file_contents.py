"""Files with other bytes and the same content are the same; what differs is named."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from PIL import Image, PngImagePlugin

from nbmlops.model.certificate import Comparison, Verdict
from nbmlops.pipeline.comparing import ComparingSpec, main
from nbmlops.pipeline.file_contents import read_content


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Compare `name` as the notebook and as the pipeline have left it in their folders."""
    monkeypatch.setattr(sys, "path", [*sys.path])  # it is a process of its own in use
    folders = tmp_path / "notebook", tmp_path / "pipeline"
    for folder in folders:
        folder.mkdir()

    def compare(name: str, *write: Any) -> Comparison:
        for folder, each in zip(folders, write, strict=True):
            each(folder / name)
        spec = ComparingSpec(
            names={},
            files={"step": (name,)},
            expected="",
            actual="",
            expected_folder=str(folders[0]),
            actual_folder=str(folders[1]),
            tolerance=1e-9,
        )
        (tmp_path / "spec.json").write_text(json.dumps({key: getattr(spec, key) for key in spec.__struct_fields__}))
        assert main(str(tmp_path / "spec.json")) == 0
        (found,) = json.loads((tmp_path / "comparisons.json").read_bytes())
        return Comparison(**{**found, "verdict": Verdict(found["verdict"]), "causes": ()})

    return compare


def text(content: str) -> Any:
    return lambda path: path.write_text(content)


def test_rounding_is_no_difference_of_a_table(compared: Any) -> None:
    same = compared("a.csv", text("x,y\n1,0.30000000000000004\n"), text("x,y\n1,0.3\n"))
    assert (same.verdict, same.difference) == (Verdict.EQUIVALENT, "")
    assert same.expected.endswith("bytes, the same content")
    other = compared("a.csv", text("x,y\n1,0.3\n"), text("x,y\n1,0.4\n"))
    assert other.verdict is Verdict.DIVERGES
    assert "0.3" in other.difference
    assert "0.4" in other.difference


@pytest.mark.parametrize(("one", "other"), [("7", "007"), ("", "NA"), ("1", "1.0"), ("1000", "1e3")])
def test_cells_of_a_table_that_only_read_alike_differ(compared: Any, one: str, other: str) -> None:
    found = compared("a.csv", text(f"x,y\n{one},a\n"), text(f"x,y\n{other},a\n"))
    assert found.verdict is Verdict.DIVERGES


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_json_is_what_it_says(compared: Any, name: str) -> None:
    assert compared(name, text('{"a": 1, "b": 2}'), text('{"a":1,"b":2}')).verdict is Verdict.EQUIVALENT
    found = compared(name, text('{"a": 1}'), text('{"a": 2}'))
    assert (found.verdict, found.difference.startswith(name)) == (Verdict.DIVERGES, True)


def test_tables_arrays_and_pickles_by_what_they_hold(compared: Any) -> None:
    table = pandas.DataFrame({"x": range(1000)})
    write = [lambda path, how=how: table.to_parquet(path, compression=how) for how in ("snappy", "gzip")]
    assert compared("a.parquet", *write).verdict is Verdict.EQUIVALENT
    arrays = {"x": numpy.arange(9.0)}
    assert (
        compared(
            "a.npz", lambda path: numpy.savez(path, **arrays), lambda path: numpy.savez_compressed(path, **arrays)
        ).verdict
        is Verdict.EQUIVALENT
    )
    dumps = [lambda path, number=number: path.write_bytes(pickle.dumps({"x": [1, 2]}, number)) for number in (2, 5)]
    assert compared("a.pkl", *dumps).verdict is Verdict.EQUIVALENT
    values = [lambda path, value=value: path.write_bytes(pickle.dumps({"x": value})) for value in (1, 2)]
    assert compared("a.pkl", *values).difference.startswith("a.pkl['x']: 1 and 2")


def test_pictures_by_their_pixels(compared: Any) -> None:
    def draw(path: Path, colour: int, software: str) -> None:
        told = PngImagePlugin.PngInfo()
        told.add_text("Software", software)
        Image.new("L", (4, 4), colour).save(path, pnginfo=told)

    same = [lambda path, name=name: draw(path, 7, name) for name in ("one", "other")]
    assert compared("a.png", *same).verdict is Verdict.EQUIVALENT
    found = compared("a.png", *(lambda path, colour=colour: draw(path, colour, "one") for colour in (7, 8)))
    assert (found.verdict, found.difference) == (Verdict.NOT_COMPARABLE, "its pixels differ")


def test_what_nobody_reads_and_what_is_broken(compared: Any) -> None:
    found = compared("a.bin", text("a"), text("b"))
    assert (found.verdict, found.difference) == (Verdict.NOT_COMPARABLE, "its bytes differ")
    found = compared("a.json", text("{"), text("["))
    assert (found.verdict, found.difference) == (Verdict.DIVERGES, "its bytes differ")
    with pytest.raises(LookupError):
        read_content(Path("a.bin"))
