"""A notebook without tags and headings is cut where its own run shows that this pays."""

from __future__ import annotations

import re
from pathlib import Path

from nbmlops.testing.notebooks import notebook_file
from tests.journeys.conftest import Terminal, write
from tests.kernels import Kernel

SOURCE = """
# %%
import time
import numpy as np
# %%
time.sleep({seconds})
table = np.arange(100_000.0).reshape(1000, 100)
# %%
total = float(table.sum())
# %%
print(total)
"""


def test_what_takes_long_becomes_a_step_of_its_own(terminal: Terminal) -> None:
    write(terminal.folder, "slow.ipynb", SOURCE.format(seconds=5.5))
    made = terminal.good("export", "slow.ipynb")
    assert made["certificate"]["verdict"] == "EQUIVALENT"
    assert [step["name"] for step in made["pipeline"]["steps"]] == ["prepare", "finish"]
    (cut,) = made["pipeline"]["cuts"]
    assert cut["cell"] in (2, 3)
    assert re.fullmatch(r"\d+ (bytes|kB), saves \d.* s", cut["why"])
    shown = terminal.nbmlops("export", "slow.ipynb", "-o", "again", "--no-verify").stdout
    assert "Cut before" not in shown
    assert "why: " in Path(terminal.folder, "pipelines/slow/pipeline.yaml").read_text()


def test_a_quick_notebook_stays_one_step_and_says_why(terminal: Terminal) -> None:
    write(terminal.folder, "quick.ipynb", SOURCE.format(seconds=0))
    made = terminal.good("export", "quick.ipynb")
    assert made["certificate"]["verdict"] == "EQUIVALENT"
    assert len(made["pipeline"]["steps"]) == 1
    assert made["pipeline"]["whole"].endswith("no cut would save 5 s")
    ran = terminal.good("run", "pipelines/quick")
    assert ran["certificate"]["pipeline"] == ran["result"]["pipeline"]


def test_a_kernel_knows_how_long_its_cells_took(terminal: Terminal) -> None:
    saved = terminal.folder / "live.ipynb"
    saved.write_text(notebook_file(SOURCE.format(seconds=5.5)))
    with Kernel(terminal.folder, terminal.variables, notebook=saved) as kernel:
        kernel.good("%load_ext nbmlops", cell_id="load")
        for number, text in enumerate(SOURCE.format(seconds=5.5).split("# %%\n")[1:]):
            kernel.good(text, cell_id=f"c{number}")
        kernel.good("made = %mlops export --no-verify")
        found = kernel.good("print([(step.name, len(step.cells)) for step in made.pipeline.steps])").text
        assert found.strip() == "[('prepare', 1), ('finish', 2)]"


def test_what_turns_out_not_to_travel_makes_its_steps_one_with_the_reason(terminal: Terminal) -> None:
    write(
        terminal.folder,
        "held.ipynb",
        '# %% tags=["step:make"]\nclass Held:\n    def __reduce__(self):\n        raise TypeError("stays here")\n'
        'held = [Held()]\nn = 3\n# %% tags=["step:use"]\ncount = len(held) + n\n# %% tags=["step:end"]\nprint(count)',
    )
    made = terminal.good("export", "held.ipynb")
    assert made["certificate"]["verdict"] == "EQUIVALENT"
    assert [step["name"] for step in made["pipeline"]["steps"]] == ["make", "end"]
    (merge,) = made["pipeline"]["merged"]
    assert merge["sections"] == ["make", "use"]
    assert "held is of a kind that does not travel: it cannot be stored (TypeError: stays here)" in merge["why"]
