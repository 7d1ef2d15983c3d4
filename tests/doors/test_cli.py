"""The command line: help, codes, one line for each error, output for people and for machines."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nbmlops
from nbmlops import errors
from nbmlops.doors import failures
from nbmlops.doors.render.help import offered
from nbmlops.ops.verbs import VERBS
from tests.doors.conftest import Say


def test_help_lists_exactly_the_verbs_that_work_in_a_terminal(say: Say) -> None:
    code, out, _ = say("--help")
    listed = set(re.findall(r"^ +([a-z-]+)  ", out, re.MULTILINE))
    assert code == 0
    assert listed == {verb.name for verb in VERBS if not verb.needs_kernel}


@pytest.mark.parametrize("words", [(), ("-h",), ("help",)])
def test_help_is_what_is_shown_when_nothing_is_asked(say: Say, words: tuple[str, ...]) -> None:
    assert say(*words) == say("--help")


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_each_verb_explains_its_arguments_and_gives_an_example(say: Say, verb: str) -> None:
    code, out, _ = say(verb, "--help")
    assert code == 0
    assert out.startswith(f"nbmlops {verb}")
    assert "Examples" in out


def test_the_examples_of_every_help_page_can_be_parsed() -> None:
    import shlex

    from nbmlops.doors.arguments import parse
    from nbmlops.ops.verbs import find_verb

    for verb in VERBS:
        for example in verb.examples:
            name, *tokens = shlex.split(example)
            parse(find_verb(name), tokens)


def test_version_is_that_of_the_package(say: Say) -> None:
    assert say("--version") == (0, f"nbmlops {nbmlops.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["runns"], 3, "There is no verb 'runns'. Did you mean runs?"),
        (["runs", "--limit", "many"], 2, "runs: "),
        (["runs", "--limt", "3"], 2, "runs: "),
        (["runs", "surplus"], 2, "runs: "),
        (["show"], 2, "show: "),
        (["export"], 2, "Which notebook?"),
        (["show", "absent"], 3, "no run"),
        (["log", "a=1"], 5, "This verb needs a notebook's kernel."),
        (["track"], 5, "This verb needs a notebook's kernel."),
        (["-C", "absent", "runs"], 2, "-C needs a folder"),
        (["-C"], 2, "-C needs a folder"),
        (["init"], 4, "is a project already"),
    ],
)
def test_an_error_is_one_line_and_a_code_of_its_family(
    say: Say, project: Path, words: list[str], code: int, line: str
) -> None:
    found, out, err = say(*words)
    assert found == code
    assert out == ""
    assert line in err
    assert err.startswith("nbmlops: ")
    assert err.count("\n") == 1
    assert say(*words, "--json")[0] == code


def test_every_error_family_has_a_code_and_a_status() -> None:
    def families(cls: type[errors.NbmlopsError]) -> set[type[errors.NbmlopsError]]:
        return {cls}.union(*(families(each) for each in cls.__subclasses__() if each.__module__ == errors.__name__))

    assert families(errors.NbmlopsError) - {errors.NbmlopsError} == set(failures.FAMILIES)
    for family, (code, status) in failures.FAMILIES.items():
        # 1 is what does not come out well, as `evaluate --gate` and `drift --check` have it.
        assert (code == 1) == (family is errors.BrokenContractError)
        assert code <= 130
        assert 400 <= status < 600


def test_json_is_the_result_and_nothing_else(say: Say, project: Path) -> None:
    code, out, err = say("runs", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["runs"][0]["name"] == "count"


def test_an_error_with_json_is_json_on_standard_output(say: Say, project: Path) -> None:
    code, out, err = say("--json", "show", "absent")
    assert (code, err) == (3, "")
    assert json.loads(out)["kind"] == "run-not-found"


def test_c_acts_in_another_folder(say: Say, counted: Path, tmp_path: Path) -> None:
    code, out, _ = say("-C", str(counted), "snapshots", "--json")
    assert code == 0
    assert len(json.loads(out)["snapshots"]) >= 1


def test_brackets_in_names_are_shown_as_they_are(say: Say, project: Path) -> None:
    assert "[red]x[/red]" in say("show", "[red]x[/red]")[2]


def test_a_file_with_brackets_in_its_name_is_shown_as_it_is(say: Say, project: Path) -> None:
    name = "data/[bold]a[/bold].txt"
    (project / "data" / "[bold]a[").mkdir()
    (project / name).write_text("x")
    assert say("snapshot", "data")[0] == 0
    assert name in " ".join(say("diff", "data", "count")[1].split())


def test_a_reader_that_goes_away_is_no_error(project: Path, variables: dict[str, str]) -> None:
    done = subprocess.run(
        f"{sys.executable} -m nbmlops runs --json | true; echo ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, env=variables, check=True,
    )  # fmt: skip
    assert done.stdout.strip() in ("0", "141")
    assert done.stderr == ""


def test_a_command_starts_without_the_heavy_libraries(project: Path, variables: dict[str, str]) -> None:
    code = (
        "import sys\nfrom nbmlops.doors.cli.main import run\nrun(['snapshots', '--json'])\nrun(['runs', '--json'])\n"
        "run(['snapshot', 'data', '--json'])\n"
        "heavy = ('mlflow', 'pandas', 'numpy', 'pyarrow', 'sklearn', 'IPython', 'rich', 'yaml')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_snapshot_loads_nothing_that_only_other_verbs_need(project: Path, variables: dict[str, str]) -> None:
    code = (
        "import sys\nfrom nbmlops.doors.cli.main import run\nrun(['snapshot', 'data', '--json'])\n"
        "others = ('subprocess', 'socket', 'shutil', 'hashlib', 'difflib', 'json', 'concurrent.futures')\n"
        "print([name for name in others if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_the_library_offers_the_verbs_as_functions(project: Path) -> None:
    from nbmlops import api

    assert set(dir(api)) == {verb.python_name for verb in offered(magics=False)}
    assert api.runs(limit=1).runs[0].name == "count"
    with pytest.raises(AttributeError, match="no verb"):
        api.runns()
    with pytest.raises(errors.UsageError):
        api.runs(surplus=1)
