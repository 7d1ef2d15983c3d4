"""A notebook that reads with everything but `open`: its runs know every file all the same."""

from __future__ import annotations

import pytest

from nbmlops.capture.fanotify import Fanotify
from nbmlops.model.cell import Execution, SessionInfo
from nbmlops.model.run import Tags
from nbmlops.project import Project
from tests.journeys.conftest import Terminal, eventually, write
from tests.kernels import Kernel

try:
    Fanotify().close()
except OSError as no_fanotify:
    pytest.skip(f"this machine has no fanotify: {no_fanotify}", allow_module_level=True)


def test_a_kernels_native_and_foreign_reads_are_inputs_of_its_runs(terminal: Terminal) -> None:
    write(terminal.folder, "reads.ipynb", "x = 1")
    (terminal.folder / "data").mkdir(exist_ok=True)
    for number in range(3):
        (terminal.folder / "data" / f"part{number}.csv").write_text(f"a,b\n{number},2\n")
    with Kernel(terminal.folder, terminal.variables, notebook=terminal.folder / "reads.ipynb") as kernel:
        kernel.good("%load_ext nbmlops")
        kernel.good("!cat data/part*.csv")
        kernel.good("lines = !sort data/part0.csv")
        kernel.good("%%bash\ncat data/part1.csv")
        kernel.good("%%mlops run one\nimport polars as pl\ntrain = pl.read_csv('data/part2.csv')")
        kernel.good("y = 2")  # while the scribe reads the data of the run
        kernel.good("train.write_parquet('out.parquet')")
        doctor = kernel.good("%mlops doctor")
        assert "folders watched by fanotify" in str(doctor)
        kernel.good("%unload_ext nbmlops")

    project = Project(terminal.folder)
    (session,) = project.records.newest(SessionInfo, limit=5)
    cells = project.records.oldest(Execution, subject=session.id)
    project.database.close()
    used = [
        ([(use.path, use.by_child) for use in cell.inputs], [use.path for use in cell.outputs])
        for cell in cells
        if not cell.source.startswith("%mlops doctor") and "load_ext" not in cell.source
    ]
    parts = [(f"data/part{number}.csv", True) for number in range(3)]
    assert used == [
        (parts, []),
        ([parts[0]], []),
        ([parts[1]], []),
        ([("data/part2.csv", False)], []),
        ([], []),
        ([], ["out.parquet"]),
    ]
    assert {cell.completeness.value for cell in cells} == {"full"}, [cell.incomplete for cell in cells]
    assert cells[-2].frames == {"train": "data/part2.csv"}

    # The kernel does not wait for MLflow; its scribe goes on without it.
    assert eventually(lambda: [run["status"] for run in terminal.good("runs")["runs"]] == ["FINISHED"], 60)
    (run,) = terminal.good("runs")["runs"]
    assert run["tags"][Tags.COMPLETENESS] == "full"
    shown = terminal.good("show", run["id"])
    assert sorted(data["name"] for data in shown["datasets"]) == ["part0.csv", "part1.csv", "train"]
