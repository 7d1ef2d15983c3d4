"""A live notebook, worked in as people do: out of order, with a cell deleted and one executed again."""

from __future__ import annotations

from tests.journeys.conftest import Terminal, eventually, write
from tests.kernels import Kernel


def test_what_a_kernel_has_executed_becomes_a_pipeline_equivalent_to_its_values(terminal: Terminal) -> None:
    saved = write(
        terminal.folder,
        "live.ipynb",
        "# %% [markdown]\n# # Numbers\n# %%\nbase = 10\n# %% [markdown]\n# # Sums\n# %%\ntotal = sum(values) + base",
    )
    with Kernel(terminal.folder, terminal.variables, notebook=saved) as kernel:
        kernel.good("%load_ext nbmlops", cell_id="load")
        kernel.run("total = sum(values)", cell_id="early")  # fails: values are not there yet
        kernel.good("base = 10", cell_id="c1")
        kernel.good("values = [1, 2, 3]", cell_id="deleted")  # not in the saved notebook
        kernel.good("values.append(base)", cell_id="again")
        kernel.good("total = sum(values) + base", cell_id="c3")
        kernel.good("values.append(base)", cell_id="again")  # and again
        kernel.good("base = 20", cell_id="c1")  # back to the top
        kernel.good("total = sum(values) + base", cell_id="c3")
        assert kernel.good("total").shown == "46"
        reply = kernel.good("made = %mlops export")
        assert "46" not in reply.error
        verdict = kernel.good("print(made.certificate.verdict, made.certificate.reason)").text
        assert verdict.strip() == "EQUIVALENT"
        compared = kernel.good("print([c.name for c in made.certificate.comparisons])").text
        assert "total" in compared
        assert kernel.good("total, base, values").shown == "(46, 20, [1, 2, 3, 10, 10])"
    done = terminal.good("run", "pipelines/live")
    assert done["result"]["state"] == "done"


def test_what_the_notebook_no_longer_shows_is_told_with_the_moves_that_repair_it(terminal: Terminal) -> None:
    saved = write(
        terminal.folder,
        "hidden.ipynb",
        "# %%\ntotal = sum(values) * rate\n# %%\nvalues = [1, 2, 3]\n# %%\nlabel = 'new'\n# %%\ntext = label",
    )
    with Kernel(terminal.folder, terminal.variables, notebook=saved) as kernel:
        kernel.good("%load_ext nbmlops", cell_id="load")
        kernel.good("rate = 10", cell_id="gone")  # deleted afterwards
        kernel.good("values = [1, 2, 3]", cell_id="c1")
        kernel.good("total = sum(values) * rate", cell_id="c0")  # stands above the cell that it needs
        kernel.good("label = 'old'", cell_id="c2")  # edited afterwards
        kernel.good("text = label", cell_id="c3")
        kernel.good("found = %mlops explain")
        told = kernel.good("for each in found.state.hidden: print(each.loss, each.name, repr(each.source))").text
        assert told.splitlines() == [
            "out of order values ''",
            "deleted rate 'rate = 10'",
            "edited label \"label = 'old'\"",
        ]
        moves = kernel.good("for each in found.state.moves: print(each.sentence)").text
        assert moves.strip() == "Move cell 2 (values = [1, 2, 3]) above cell 1"
        shown = kernel.run("%mlops explain")
        page = str(shown.value or shown.displayed)
        assert "whose cell is deleted" in page
        assert "rate = 10" in page
        count = kernel.good("print([c.count for c in found.cells if c.preview.startswith('total')][0])").text.strip()
        kernel.good(f"one = %mlops explain [{count}]")
        assert kernel.good("print([link.name for link in one.cells[0].reads])").text.strip() == "['rate', 'values']"
        kernel.good("made = %mlops export --no-verify")
        assert kernel.good("len(made.state.hidden), len(made.state.moves)").shown == "(3, 1)"
        kernel.good("cut = %mlops slice -w total -o total.ipynb")
        assert kernel.good("print(cut.is_verified)").text.strip() == "True"
    assert (terminal.folder / "total.ipynb").is_file()


def test_a_live_notebook_without_a_name_says_what_to_type(terminal: Terminal) -> None:
    with Kernel(terminal.folder, terminal.variables) as kernel:
        kernel.good("%load_ext nbmlops")
        kernel.good("x = 1")
        reply = kernel.run("%mlops export")
        assert "Name it: %mlops export NOTEBOOK.ipynb" in reply.error
        assert "Traceback" not in reply.error


def test_a_kernel_that_goes_ends_what_it_had_open(terminal: Terminal) -> None:
    write(terminal.folder, "gone.ipynb", "x = 1")
    with Kernel(terminal.folder, terminal.variables, notebook=terminal.folder / "gone.ipynb") as kernel:
        kernel.good("%load_ext nbmlops")
        kernel.good("%%mlops run kept\n%mlops log score=1")

    def found() -> list[tuple[str, str, dict[str, float]]]:
        return [(run["name"], run["status"], run["metrics"]) for run in terminal.good("runs")["runs"]]

    # The kernel does not wait for MLflow to be imported; its scribe goes on without it.
    assert eventually(lambda: found() == [("kept", "FINISHED", {"score": 1.0})], 30), found()
