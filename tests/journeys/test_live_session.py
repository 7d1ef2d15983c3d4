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
