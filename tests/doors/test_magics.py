"""The magics in a real kernel: displays, cell runs, completion, manners."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmlops.ops.verbs import VERBS
from tests.doors.conftest import copy_of
from tests.journeys.conftest import eventually
from tests.kernels import Kernel, Reply


@pytest.fixture(scope="module")
def place(counted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(counted, tmp_path_factory.mktemp("magics") / "counting")


@pytest.fixture(scope="module")
def kernel(place: Path, variables: dict[str, str]) -> Iterator[Kernel]:
    with Kernel(place, variables, notebook=place / "count.ipynb") as kernel:
        kernel.good("%load_ext nbmlops")
        yield kernel


def show(kernel: Kernel, run: str) -> Any:
    """The run, as MLflow has it."""
    kernel.good(f"_r = %mlops show {run}")
    return json.loads(kernel.good("import msgspec; print(msgspec.json.encode(_r.result).decode())").text)["run"]


def one_line(reply: Reply) -> str:
    assert reply.status == "error"
    assert "Traceback" not in reply.error
    assert reply.error.strip().count("\n") == 0, reply.error
    return reply.error


def test_help_lists_exactly_the_verbs_that_work_in_a_notebook(kernel: Kernel) -> None:
    reply = kernel.good("%mlops")
    listed = set(re.findall(r"^ +([a-z]+)  ", reply.shown, re.MULTILINE))
    assert listed == {verb.name for verb in VERBS if not verb.is_terminal}
    assert kernel.good("%mlops --help").shown == reply.shown


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS if verb.is_terminal])
def test_a_verb_of_the_terminal_says_so(kernel: Kernel, verb: str) -> None:
    assert f"{verb} works in a terminal only. Type it there: `nbmlops {verb}`" in one_line(kernel.run(f"%mlops {verb}"))


def test_each_verb_explains_itself_in_the_grammar_of_the_notebook(kernel: Kernel) -> None:
    shown = kernel.good("%mlops export --help").shown
    assert shown.startswith("%mlops export")
    assert "nbmlops export" not in shown


def test_a_result_is_shown_as_html_and_text_and_is_a_value(kernel: Kernel) -> None:
    reply = kernel.good("%mlops runs")
    assert {"text/html", "text/plain"} <= set(reply.value)
    assert "count" in reply.shown
    assert kernel.good("r = %mlops runs --limit 1\nlen(r.runs), r.runs[0].status").shown.startswith("(1, ")


def test_a_list_becomes_a_table(kernel: Kernel) -> None:
    kernel.good("r = %mlops runs")
    assert kernel.good("t = r.to_pandas()\ntype(t).__name__, 'name' in t.columns, len(t) == len(r.runs)").shown == (
        "('DataFrame', True, True)"
    )
    assert kernel.good("s = %mlops snapshots\nlen(s.to_pandas()) == len(s.snapshots)").shown == "True"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%mlops runns", "There is no verb 'runns'. Did you mean runs?"),
        ("%mlops show absent", "absent"),
        ("%mlops runs --limit many", "Usage: runs"),
        ("%mlops runs 'open", "Close the quotes."),
        ("%mlops log", "log: NAME=VALUE is missing. Usage: log"),
        ("%mlops log accuracy", "is not NAME=VALUE"),
        ("%mlops track maybe", "Usage: track"),
        ("%mlops run absent", "There is no pipeline"),
    ],
)
def test_an_error_is_one_line_without_traceback(kernel: Kernel, line: str, said: str) -> None:
    assert said in one_line(kernel.run(line))


def test_a_hint_is_in_the_grammar_of_the_notebook(kernel: Kernel) -> None:
    assert "%mlops export NOTEBOOK" in one_line(kernel.run("%mlops run absent"))


def test_a_variable_is_put_in_where_it_is_named(kernel: Kernel) -> None:
    kernel.good("loss = 0.25\nname = 'forest'")
    kernel.good("%%mlops run $name-{1 + 1} -p rate=$loss\n%mlops log loss={loss} kind=$name")
    run = show(kernel, "forest-2")
    assert run["metrics"] == {"loss": 0.25}
    assert run["params"]["kind"] == "forest"
    assert run["params"]["rate"] == "0.25"


def test_a_cell_run_finishes_and_shows_its_last_expression(kernel: Kernel) -> None:
    reply = kernel.good("%%mlops run good -p lr=0.1\nx = 20\nx + 1")
    assert reply.shown == "21"
    run = show(kernel, "good")
    assert (run["status"], run["params"]) == ("FINISHED", {"lr": "0.1"})
    assert run["tags"]["nbmlops.notebook"] == "count.ipynb"
    assert kernel.good("x").shown == "20"


def test_a_cell_run_that_raises_has_failed_and_keeps_the_traceback(kernel: Kernel, place: Path) -> None:
    reply = kernel.run("%%mlops run bad\nx = 1\nraise ValueError('on purpose')")
    assert reply.status == "error"
    assert "----> 3 raise ValueError" in reply.error, "lines are numbered as in the notebook"
    run = show(kernel, "bad")
    assert run["status"] == "FAILED"
    assert "on purpose" in run["tags"]["nbmlops.failure"]
    kept = list((place / ".nbmlops" / "artifacts").rglob(f"{run['id']}/artifacts/traceback.txt"))
    assert len(kept) == 1
    assert "ValueError: on purpose" in kept[0].read_text()


@pytest.mark.parametrize(
    "header",
    [
        "%%mlops run",
        "%%mlops",
        "%%mlops runs",
        "%%mlops run a b",
        "%%mlops run a --colour red",
        "%%mlops run a -p lr",
        "%%mlops run a -p lr=1 -p lr=2",
        "%%mlops run 'a",
        "%%mlops runner x",
    ],
)
def test_a_cell_with_a_bad_header_does_not_execute(kernel: Kernel, header: str) -> None:
    kernel.good("touched = False")
    one_line(kernel.run(f"{header}\ntouched = True"))
    assert kernel.good("touched").shown == "False"


def test_a_second_header_in_one_cell_is_refused(kernel: Kernel) -> None:
    reply = kernel.run("%%mlops run outer\nget_ipython().run_line_magic('mlops', 'cell run inner')")
    assert "outer is open in this cell already" in reply.error
    assert show(kernel, "outer")["status"] == "FAILED"


def test_a_cell_run_awaits_at_top_level(kernel: Kernel) -> None:
    reply = kernel.good("%%mlops run waiting\nimport asyncio\nawait asyncio.sleep(0.01, result=7)")
    assert reply.shown == "7"
    assert show(kernel, "waiting")["status"] == "FINISHED"


def test_another_cell_magic_may_follow_the_header(kernel: Kernel) -> None:
    reply = kernel.good("%%mlops run timed\n%%time\ny = 40\ny + 2")
    assert "Wall time" in reply.text
    assert reply.shown == "42"
    assert kernel.good("y").shown == "40"
    assert show(kernel, "timed")["status"] == "FINISHED"


def test_a_cell_that_raises_below_another_cell_magic_shows_it_once(kernel: Kernel) -> None:
    reply = kernel.run("%%mlops run timed-bad\n%%time\nraise KeyError('once')")
    assert reply.status == "error"
    assert reply.error.count("KeyError: 'once'") == 1
    assert show(kernel, "timed-bad")["status"] == "FAILED"


def test_a_cell_with_a_syntax_error_makes_no_run(kernel: Kernel) -> None:
    assert "SyntaxError" in kernel.run("%%mlops run crooked\nx = = 1").error
    one_line(kernel.run("%mlops show crooked"))


def test_tracking_can_be_switched_off_and_on(kernel: Kernel) -> None:
    kernel.good("off = %mlops track off")
    assert kernel.good("off.is_on").shown == "False"
    assert "Switch it on: %mlops track on" in one_line(kernel.run("%%mlops run never\n1"))
    kernel.good("on = %mlops track on --experiment other")
    assert kernel.good("on.is_on, on.experiment").shown == "(True, 'other')"
    kernel.good("%mlops track on --experiment count")


def test_completion_knows_verbs_options_paths_and_runs(kernel: Kernel) -> None:
    assert {"run", "runs", "restore"} <= set(kernel.complete("%mlops r"))
    assert "init" in kernel.complete("%mlops ")
    assert not {verb.name for verb in VERBS if verb.is_terminal} & set(kernel.complete("%mlops "))
    assert "--limit" in kernel.complete("%mlops runs --li")
    assert "pipelines/" in kernel.complete("%mlops run pipe")
    assert "data/numbers.txt" in kernel.complete("%mlops snapshot data/nu")
    assert "count" in kernel.complete("%mlops show cou")
    assert kernel.complete("%mlops nonsense x") == [] or "x" not in kernel.complete("%mlops nonsense x")


def test_doctor_lists_what_is_patched(kernel: Kernel) -> None:
    kernel.good("import sklearn.linear_model")
    assert kernel.good("d = %mlops doctor\nlen(d.patched) > 0").shown == "True"


def test_loading_imports_nothing_heavy_and_twice_is_once(
    counted: Path, tmp_path: Path, variables: dict[str, str]
) -> None:
    place = copy_of(counted, tmp_path / "light")
    with Kernel(place, variables) as kernel:
        heavy = ("mlflow", "pandas", "pyarrow", "sklearn", "numpy", "matplotlib", "ipywidgets", "papermill")
        before = "import sys, os; _env = dict(os.environ); _sh = get_ipython(); _path = list(sys.meta_path)\n"
        before += (
            "_t, _e = list(_sh.input_transformers_cleanup), {k: list(v) for k, v in _sh.events.callbacks.items()}\n"
        )
        before += "_m = {k: set(v) for k, v in _sh.magics_manager.magics.items()}; _open = open\n"
        before += "_c = {k: len(getattr(_sh.strdispatchers.get(k), 'strs', {})) for k in ('complete_command',)}"
        kernel.good(before)
        kernel.good("%load_ext nbmlops")
        kernel.good("x = 1")
        assert kernel.good(f"[n for n in {heavy!r} if n in sys.modules]").shown == "[]"
        kernel.good("%load_ext nbmlops\n%reload_ext nbmlops")
        kernel.good("%%mlops run once\n1")
        kernel.good("import sklearn.linear_model, sklearn.metrics; _fit = sklearn.linear_model.LinearRegression.fit")
        kernel.good("%unload_ext nbmlops")
        # Those beginning with KMP are scikit-learn's own.
        changed = kernel.good("sorted(n for n, _ in set(os.environ.items()) ^ set(_env.items()) if n[:4] != 'KMP_')")
        assert changed.shown == "[]"
        assert kernel.good("_sh.input_transformers_cleanup == _t").shown == "True"
        assert kernel.good("{k: list(v) for k, v in _sh.events.callbacks.items()} == _e").shown == "True"
        assert kernel.good("{k: set(v) for k, v in _sh.magics_manager.magics.items()} == _m").shown == "True"
        assert kernel.good("sys.meta_path == _path, open is _open").shown == "(True, True)"
        left = "{k: len(getattr(_sh.strdispatchers.get(k), 'strs', {})) for k in ('complete_command',)} == _c"
        assert kernel.good(left).shown == "True"
        assert "nbmlops" not in kernel.good("sklearn.linear_model.LinearRegression.fit.__module__").shown
        assert "nbmlops" not in kernel.good("sklearn.metrics.accuracy_score.__module__").shown
        assert kernel.run("%mlops runs").status == "error"
        assert kernel.run("%%mlops run x\n1").status == "error"
        kernel.good("%load_ext nbmlops")
        # The scribe of the session before may still be at it.
        assert eventually(lambda: "once" in kernel.good("%mlops runs").shown)


def test_a_cell_is_a_need_of_reconcilers(kernel: Kernel, place: Path) -> None:
    cell = "%%mlops needs many\ndef many():\n    return len('xyz') > LIMIT, 'by {:d}'.format(3)\n"
    assert "LIMIT" in one_line(kernel.run(cell))
    shown = kernel.good(cell.replace("LIMIT", "2")).shown
    assert "by 3" in shown
    assert "needs/many.py:many" in shown
    assert "return len('xyz') > 2" in (place / "needs" / "many.py").read_text()
    assert kernel.good("print(many())").text.strip() == "(True, 'by 3')"
    (place / "needs" / "mine.py").write_text("def mine():\n    return True\n")
    refused = one_line(kernel.run("%%mlops needs mine\ndef mine():\n    return False\n"))
    assert "was written by somebody else" in refused
    assert "defines no function other" in one_line(kernel.run("%%mlops needs other\ndef many():\n    return True\n"))
