"""`diff` of two packages, by every name that a package has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbmlops import api
from nbmlops.doors.render import pages
from nbmlops.doors.render.html import html
from nbmlops.doors.render.terminal import plain_text
from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.model.snapshot import ChangeKind
from nbmlops.ops import diff_packages
from nbmlops.package.layout import Layout, default_root
from nbmlops.project import Project
from tests.unit.ops.mlflow_runs import Runs
from tests.unit.package.kits import folder_of, kit_of, tar_of

KITFILE = """\
package: {{name: wine, version: "{number}"}}
model:
  path: model
  parameters: {{mlflow_provenance: {{mlflow_metrics: {{accuracy: 0.{number}}}, mlflow_params: {{trees: "{number}0"}}}}}}
code:
- path: wine.ipynb
datasets:
- path: data
docs:
- path: README.md
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path)


def kit(number: int, **more: str) -> str:
    cells = [{"cell_type": "code", "id": name, "source": text} for name, text in (("a", "1"), ("b", f"fit({number})"))]
    files = {
        "model/MLmodel": f"number: {number}\n",
        "model/weights": "w" * 10,
        "wine.ipynb": json.dumps({"cells": cells}),
        "data/train.csv": "alcohol\n" + "".join(f"{row * number}\n" for row in range(50)),
        "README.md": "# Wine\n",
    }
    api.pack(source=str(folder_of(files, Path(f"kit{number}"), KITFILE.format(number=number))), tag=f"wine:v{number}",
             **more)  # fmt: skip
    digest: str = api.inspect(package=f"wine:v{number}").package.digest
    return digest


def test_layers_files_tables_cells_and_figures() -> None:
    kit(1)
    kit(2)
    found = api.diff(before="wine:v1", after="wine:v2")
    assert [(each.path, each.change) for each in found.packages.layers] == [
        ("model", ChangeKind.CHANGED),
        ("wine.ipynb", ChangeKind.CHANGED),
        ("data", ChangeKind.CHANGED),
        ("README.md", None),
    ]
    assert [each.path for each in found.changes] == ["data/train.csv", "model/MLmodel", "wine.ipynb"]
    assert found.same == 1
    inside = {each.path: each for each in found.details}
    assert [column.name for column in inside["data/train.csv"].table.columns] == ["alcohol"]
    assert inside["data/train.csv"].table.columns[0].bars
    assert [cell.after for cell in inside["wine.ipynb"].cells] == ["fit(2)"]
    assert "+number: 2" in inside["model/MLmodel"].text
    (accuracy,) = found.packages.metrics
    assert (accuracy.name, accuracy.before, accuracy.after) == ("accuracy", 0.1, 0.2)
    assert api.diff(before="wine:v1", after="wine:v2", names=True).details == ()
    assert not list(Path("tmp").iterdir())


def test_what_a_person_reads() -> None:
    kit(1)
    kit(2)
    page = pages.page(api.diff(before="wine:v1", after="wine:v2"))
    text = plain_text(page)
    assert text.splitlines()[0].startswith("wine:v1 → wine:v2: 1 of 4 layers the same")
    for line in ("≠  accuracy      0.1      0.2        +0.1", "≠  trees  10       20              +10",
                 "Files of layers that differ: 1 the same, 3 not", "data/train.csv: 50 → 50 rows"):  # fmt: skip
        assert line in text
    assert "wine.ipynb: 1 cell changed" in html(page)


def test_one_package_and_one_that_is_only_packed_otherwise() -> None:
    kit(1)
    api.tag(package="wine:v1", name="same:v1")
    same = api.diff(before="wine:v1", after="same:v1")
    assert same.packages.is_same
    assert "the same package" in plain_text(pages.page(same))
    api.pack(source="kit1", tag="wine:small", compression="gzip")
    smaller = api.diff(before="wine:v1", after="wine:small")
    assert not smaller.packages.is_same
    assert smaller.changes == ()
    assert smaller.same == 5
    assert "only packed otherwise" in plain_text(pages.page(smaller))


def test_by_digests() -> None:
    digest, other = kit(1), kit(2)
    for name in (digest, digest[:20], digest[7:23], f"wine@{digest}"):
        found = api.diff(before=name, after=other)
        assert (found.packages.digest_before, found.packages.digest_after) == (digest, other)
    with pytest.raises(NotFoundError, match="There is no package sha256:000000000000"):
        api.diff(before=f"sha256:{'0' * 64}", after=other)


def test_what_is_no_package() -> None:
    kit(1)
    with pytest.raises(UsageError, match=r"wine:v1 is a package, and wine is none.*wine:v1"):
        api.diff(before="wine:v1", after="wine")
    with pytest.raises(UsageError, match="wine:v1 is a package, and what is here now is none"):
        api.diff(before="wine:v1")
    with pytest.raises(NotFoundError, match=r"There is no project.*If the package is meant: wine:v1"):
        api.diff(before="wine", after="wine")
    with pytest.raises(NotFoundError, match="There is no package wine:v9 on this machine"):
        api.diff(before="wine:v9", after="wine:v1")


def test_the_name_of_a_run_is_a_run(tmp_path: Path) -> None:
    kit(1)
    kit(2)
    project = Project.init(tmp_path / "project")
    runs = Runs(project)
    for name in ("wine:v1", "wine:v2"):
        runs.add(name)
    here = str(project.root)
    assert api.diff(before="wine:v1", after="wine:v2", folder=here).runs.before == "wine:v1"
    digest = api.inspect(package="wine:v1").package.digest
    assert api.diff(before=f"wine@{digest}", after=f"wine:v2@{digest}", folder=here).packages.is_same
    with pytest.raises(NotFoundError, match=r"There is no snapshot or run 'wine'\. If the package is meant: wine:v1"):
        api.diff(before="wine", after="wine:v1", folder=here)


def test_a_hostile_package_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    layout = Layout(default_root())
    for tag, path in (("good", "model/a.csv"), ("bad", "../a.csv")):
        layout.add("localhost/kit", kit_of(layout, tar_of(("model/a.csv", b"x\n1\n"), (path, b"x\n2\n"))), [tag])
    with pytest.raises(IntegrityError, match=r"^kit:bad: model model of the package is refused"):
        api.diff(before="kit:good", after="kit:bad")
    assert not (tmp_path / "a.csv").exists()
    assert not list((tmp_path / "tmp").iterdir())


def test_large_files_are_compared_by_their_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    kit(1)
    kit(2)
    monkeypatch.setattr(diff_packages, "LARGEST_TABLE", 100)
    found = api.diff(before="wine:v1", after="wine:v2")
    assert "data/train.csv" in [each.path for each in found.changes]
    assert "data/train.csv" not in [each.path for each in found.details]


def test_a_parquet_file_that_swells_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    for number in (1, 2):
        folder = folder_of({"README.md": ""}, tmp_path / f"swelling{number}", "datasets:\n- path: a.parquet\n")
        parquet.write_table(pa.table({"x": pa.array([number] * 100_000)}), folder / "a.parquet")
        api.pack(source=str(folder), tag=f"swelling:v{number}")
    assert api.diff(before="swelling:v1", after="swelling:v2").details[0].table.rows_after == 100_000
    monkeypatch.setattr(diff_packages, "MOST_CELLS", 99_999)
    assert api.diff(before="swelling:v1", after="swelling:v2").details == ()
