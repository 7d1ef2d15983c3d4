"""Parameters of every kind, from the notebook in which somebody tries values to each way of setting them."""

from __future__ import annotations

import nbformat
import pytest

from tests.journeys.conftest import Terminal, write
from tests.kernels import Kernel

SOURCE = """
# %%
import datetime as dt
from pathlib import Path
# %% tags=["parameters"]
start = dt.date(2024, 1, 31)  # first day
data = Path("a.csv")
pair = (1, 2)
label: str | None = None
week = start + dt.timedelta(days=7)
# %%
lines = data.read_text().split()
# %%
text = f"{start} {week} {lines} {pair} {label} {type(start).__name__} {type(pair).__name__}"
Path("out.txt").write_text(text)
print(text)
"""


def seen(terminal: Terminal) -> str:
    return (terminal.folder / "out.txt").read_text()


@pytest.mark.slow
def test_dates_paths_and_tuples_are_set_in_every_way_there_is(terminal: Terminal) -> None:
    write(terminal.folder, "days.ipynb", SOURCE)
    (terminal.folder / "a.csv").write_text("1 2")
    (terminal.folder / "b.csv").write_text("3")
    made = terminal.good("export", "days.ipynb")
    assert made["certificate"]["verdict"] == "EQUIVALENT"
    types = {each["name"]: (each["type"], each["default"]) for each in made["pipeline"]["parameters"]}
    assert types == {
        "start": ("date", "2024-01-31"),
        "data": ("path", "a.csv"),
        "pair": ("tuple", [1, 2]),
        "label": ("str", None),
    }
    terminal.good("run", "pipelines/days", "-p", "start=2024-02-28", "-p", "data=b.csv", "-p", "pair=(3,)")
    assert seen(terminal) == "2024-02-28 2024-03-06 ['3'] (3,) None date tuple"
    (terminal.folder / "params.yaml").write_text("start: 2025-01-01\nlabel: new\n")
    terminal.good("run", "pipelines/days", "-f", "params.yaml")
    assert seen(terminal) == "2025-01-01 2025-01-08 ['1', '2'] (1, 2) new date tuple"
    wrong = terminal.nbmlops("run", "pipelines/days", "-p", "start=soon")
    assert wrong.returncode == 2
    assert "Parameter start is date, not 'soon'." in wrong.stderr

    step = str(terminal.folder / "pipelines" / "days" / made["pipeline"]["steps"][0]["notebook"])
    plain = ("papermill", step, "out.ipynb", "--cwd", str(terminal.folder), "--no-progress-bar", "-p", "start")
    assert terminal.run(*plain, "2024-03-01", "-p", "data", "b.csv").returncode == 0
    assert seen(terminal) == "2024-03-01 2024-03-08 ['3'] (1, 2) None date tuple"
    refused = terminal.run(*plain, "soon")
    assert refused.returncode != 0
    assert "Parameter start is date, not 'soon'." in refused.stderr

    ours = terminal.papermill("days.ipynb", "out.ipynb", "-p", "start", "2024-04-01")
    assert ours.returncode == 0, ours.stderr[-2000:]
    assert seen(terminal) == "2024-04-01 2024-04-08 ['1', '2'] (1, 2) None date tuple"
    assert "injected-parameters" not in str(nbformat.read(terminal.folder / "out.ipynb", 4).cells)
    typo = terminal.papermill("days.ipynb", "out.ipynb", "-p", "strat", "2024-04-01")
    assert typo.returncode != 0
    assert "The notebook has no parameter 'strat'. Did you mean start?" in typo.stderr


def test_what_was_tried_in_the_live_notebook_is_remembered_and_swept(terminal: Terminal) -> None:
    write(
        terminal.folder,
        "tune.ipynb",
        '# %% tags=["parameters"]\nrate = 0.5\n# %%\nloss = (rate - 0.2) ** 2\n%mlops log loss={loss}',
    )
    with Kernel(terminal.folder, terminal.variables, notebook=terminal.folder / "tune.ipynb") as kernel:
        kernel.good("%load_ext nbmlops", cell_id="load")
        for rate in (0.5, 0.1, 0.3):
            kernel.good(f"rate = {rate}", cell_id="c0")
            kernel.good("loss = (rate - 0.2) ** 2\n%mlops log loss={loss}", cell_id="c1")
        kernel.good("made = %mlops export")
        assert kernel.good("[p.tried for p in made.pipeline.parameters]").shown == "[(0.5, 0.1, 0.3)]"
    assert "tried: [0.5, 0.1, 0.3]" in (terminal.folder / "pipelines/tune/pipeline.yaml").read_text()
    swept = terminal.good(
        "sweep", "pipelines/tune", "--space", "rate", "--sampler", "grid", "--metric", "loss", "--direction", "minimize"
    )
    assert {float(each["values"]["rate"]) for each in swept["trials"]} == {0.5, 0.1, 0.3}
    assert float(swept["best"]["values"]["rate"]) in (0.1, 0.3)
