"""One table of requests through every door: the library, the command line, the magics and REST agree."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import nbmlops
from nbmlops.doors.failures import as_facts, exit_code, http_status
from nbmlops.errors import NbmlopsError
from nbmlops.model.names import slug
from nbmlops.ops.fields import fields_of
from nbmlops.ops.verbs import VERBS, find_verb
from nbmlops.testing.notebooks import notebook_file
from tests import isolation
from tests.doors.conftest import copy_of
from tests.kernels import Kernel

TOKEN = "between-tests-and-server"
SCORED = """
# %%
%load_ext nbmlops
# %% tags=["parameters"]
x = 1
# %%
%mlops log score={-x * x}
"""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A request: a verb and its arguments by name. `kind` is that of the error it has to end in."""

    verb: str
    values: dict[str, Any] = {}
    kind: str = ""

    def __str__(self) -> str:
        return slug(f"{self.verb} {' '.join(str(value) for value in self.values.values())}", "case")

    @property
    def tokens(self) -> list[str]:
        """As it is typed."""
        tokens = [self.verb]
        for field in fields_of(find_verb(self.verb).request):
            if field.name not in self.values:
                continue
            value = self.values[field.name]
            if field.is_positional:
                tokens += value if field.is_many else [value]
            elif field.is_flag:
                tokens += [field.flag] if value else []
            else:
                for each in value if isinstance(value, list) else [value]:
                    tokens += [field.flag, str(each)]
        return tokens


# In order: later ones see what earlier ones did. Every verb that works at all four doors is here.
CASES = (
    Case(verb="runs"),
    Case(verb="runs", values={"limit": 1, "sort": "name", "reverse": True}),
    Case(verb="runs", values={"offset": 1, "sort": "params.factor", "columns": True, "search": "COUNT"}),
    Case(verb="runs", values={"filter": ["factor >= 2", "status = FINISHED", "name ~ count"]}),
    Case(verb="runs", values={"deleted": True}),
    Case(verb="status"),
    Case(verb="verify"),
    Case(verb="verify", values={"rebuild_index": True}),
    Case(verb="gc", values={"dry_run": True}),
    Case(verb="gc", values={"older_than": "soon"}, kind="age-malformed"),
    Case(verb="doctor"),
    Case(verb="show", values={"run": "count"}),
    Case(verb="history", values={"runs": ["count"], "points": 20}),
    Case(verb="history", values={"runs": ["count"], "metric": ["loss"]}, kind="metric-missing"),
    Case(verb="annotate", values={"run": "count", "tag": ["team=red"], "note": "<b>first</b>"}),
    Case(verb="annotate", values={"run": "count", "tag": ["mlflow.user=x"]}, kind="tag-reserved"),
    Case(verb="delete", values={"runs": ["count"]}),
    Case(verb="delete", values={"runs": ["count"]}, kind="run-not-found"),
    Case(verb="undelete", values={"runs": ["count"]}),
    Case(verb="promote", values={"run": "count", "alias": "champion", "model": "counter"}),
    Case(verb="promote", values={"run": "count", "alias": "v1"}, kind="alias-malformed"),
    Case(verb="snapshots", values={"scope": "data"}),
    Case(verb="diff", values={"before": "data"}),
    Case(verb="snapshot", values={"paths": ["count.ipynb", "data"], "message": "both of them"}),
    Case(verb="snapshot", values={"paths": ["count.ipynb", "data"]}),
    Case(verb="diff", values={"before": "count", "after": "data"}),
    Case(verb="restore", values={"snapshot": "data", "to": "old"}),
    Case(verb="restore", values={"snapshot": "count", "paths": ["data/*.txt"], "dry_run": True}),
    Case(verb="remote", values={"action": "add", "name": "near", "more": ["backup"]}),
    Case(verb="remote", values={"action": "list"}),
    Case(verb="remote", values={"action": "pull", "name": "nobody"}, kind="remote-empty"),
    Case(verb="stale", values={"runs": ["count"]}),
    Case(verb="reproduce", values={"run": "count"}),
    Case(verb="verify"),
    Case(verb="gc", values={"dry_run": True}),
    Case(verb="explain", values={"notebook": "count.ipynb"}),
    Case(verb="explain", values={"notebook": "count.ipynb", "cell": "4"}),
    Case(verb="cells", values={"notebook": "count.ipynb"}),
    Case(verb="cells", values={"notebook": "absent.ipynb"}, kind="notebook-not-found"),
    Case(verb="slice", values={"notebook": "count.ipynb", "want": ["numbers"]}),
    Case(verb="slice", values={"notebook": "count.ipynb", "want": ["total"], "output": "total.ipynb"}),
    Case(verb="export", values={"notebook": "count.ipynb", "output": "again", "no_verify": True}),
    Case(verb="run", values={"pipeline": "pipelines/count", "param": ["factor=3"], "name": "trebled"}),
    Case(verb="run", values={"pipeline": "pipelines/count", "param": ["factor=4"], "dry_run": True}),
    Case(verb="run", values={"pipeline": "pipelines/count", "data": "data", "dry_run": True}),
    Case(verb="compile", values={"pipeline": "pipelines/count", "to": "tekton", "image": "example.org/count:1"}),
    Case(verb="executed", values={"run": "count"}),
    Case(verb="executed", values={"run": "trebled", "step": "count", "output": "as-it-ran.ipynb"}),
    Case(verb="executed", values={"run": "trebled", "output": "as-it-ran.ipynb"}, kind="file-exists"),
    Case(verb="resume", values={"run": "trebled"}),
    Case(verb="compare", values={"runs": ["count", "trebled"], "all": True}),
    Case(verb="export", values={"notebook": "scored.ipynb", "no_verify": True}),
    Case(
        verb="sweep",
        values={"pipeline": "pipelines/scored", "space": ["x=choice(0, 2)"], "sampler": "grid", "name": "small"},
    ),
    Case(
        verb="sweep",
        values={
            "pipeline": "pipelines/count",
            "space": ["factor=int(1, 9, 2)"],
            "metric": "score",
            "katib": "tune.yaml",
            "image": "example.org/count:1",
        },
    ),
    Case(verb="pipelines", values={"limit": 3}),
    Case(verb="pipelines", values={"name": "pipelines/count"}),
    Case(verb="pipelines", values={"name": "cuont"}, kind="pipeline-missing"),
    Case(verb="pack", values={"source": "kit", "tag": "counted:v1,v2"}),
    Case(verb="pack", values={"source": "kit", "tag": "counted:small", "compression": "gzip"}),
    Case(verb="diff", values={"before": "counted:v1", "after": "counted:small"}),
    Case(verb="packages", values={"name": "counted"}),
    Case(verb="import", values={"source": "models:/counter@champion", "tag": "counter:v1"}),
    Case(verb="inspect", values={"package": "counted:v1"}),
    Case(verb="tag", values={"package": "counted:v1", "name": "example.org/team/counted:v1"}),
    Case(verb="unpack", values={"package": "counted:v2", "dir": "unpacked", "filter": ["model", "docs:README.md"]}),
    Case(verb="image", values={"package": "counted:v1", "modelcar": True, "base": "scratch", "output": "car.tar"}),
    Case(verb="image", values={"package": "counted:v1", "output": "service.tar"}, kind="model-other"),
    Case(verb="image", values={"package": "counted:v1"}, kind="image-unnamed"),
    Case(verb="sign", values={"package": "counted:v1", "new_key": True}),
    Case(verb="verify", values={"package": "counted:v1", "key": ["nbmlops.pub"]}),
    Case(verb="trust"),
    Case(verb="trust", values={"key": "nbmlops.pub", "name": "team"}),
    Case(verb="trust", values={"key": "nbmlops.pub", "name": "team"}),
    Case(verb="verify", values={"package": "counted:v1"}),
    Case(verb="trust", values={"remove": "team"}),
    Case(verb="trust", values={"remove": "team"}, kind="key-missing"),
    Case(verb="trust", values={"key": "absent.pub"}, kind="key-missing"),
    Case(verb="pack", values={"source": "kit", "tag": "counted:v3", "data": "apart"}),
    Case(verb="unpack", values={"package": "counted:v3", "dir": "with-data", "include_remote": True}),
    Case(verb="packages"),
    Case(verb="inspect", values={"package": "counted:v1"}),
    Case(verb="logout", values={"registry": "example.org"}),
    Case(verb="remove", values={"package": "counted:v2"}),
    Case(verb="init", values={"path": "inner"}),
    # Each family of errors that a person can cause.
    Case(verb="runs", values={"limit": "many"}, kind="arguments-malformed"),
    Case(verb="runs", values={"filter": ["factor >> 2"]}, kind="filter-malformed"),
    Case(verb="snapshots", values={"scope": "everything"}, kind="arguments-malformed"),
    Case(verb="compare", values={"runs": ["count"]}, kind="runs-too-few"),
    Case(verb="show", values={"run": "no-such-run"}, kind="run-not-found"),
    Case(verb="restore", values={"snapshot": "no-such-thing"}, kind="snapshot-missing"),
    Case(verb="export", values={"notebook": "absent.ipynb"}, kind="notebook-not-found"),
    Case(verb="export", values={"notebook": "broken.ipynb"}, kind="notebook-not-json"),
    Case(verb="explain", values={"notebook": "count.ipynb", "cell": "1"}, kind="cell-not-found"),
    Case(verb="slice", values={"notebook": "count.ipynb", "want": ["totl"]}, kind="name-not-found"),
    Case(verb="slice", values={"notebook": "count.ipynb", "output": "count.ipynb"}, kind="file-exists"),
    Case(verb="run", values={"pipeline": "pipelines/absent"}, kind="pipeline-missing"),
    Case(verb="run", values={"pipeline": "pipelines/count", "param": ["factr=3"]}, kind="parameter-unknown"),
    Case(verb="run", values={"pipeline": "pipelines/count", "data": "no-such-run"}, kind="snapshot-missing"),
    Case(verb="run", values={"pipeline": "pipelines/count", "code": "no-such-run"}, kind="snapshot-missing"),
    Case(verb="run", values={"pipeline": "pipelines/count", "param": ["factor=many"]}, kind="parameter-ill-typed"),
    Case(verb="run", values={"pipeline": "pipelines/count", "only": ["cuont"]}, kind="step-missing"),
    Case(verb="run", values={"pipeline": "pipelines/count", "engine": "dusk"}, kind="plugin-missing"),
    Case(
        verb="run",
        values={"pipeline": "pipelines/count", "engine": "local", "engine_option": ["address=x"], "force": True},
        kind="engine-option",
    ),
    Case(verb="compile", values={"pipeline": "pipelines/count", "to": "tecton", "image": "a:1"}, kind="plugin-missing"),
    Case(verb="compile", values={"pipeline": "pipelines/count", "to": "tekton", "image": ""}, kind="image-missing"),
    Case(verb="resume", values={"run": "no-such-run"}, kind="run-not-found"),
    Case(verb="sweep", values={"pipeline": "pipelines/count", "space": ["factor=1"]}, kind="space-malformed"),
    Case(verb="init", values={"path": "inner"}, kind="project-exists"),
    Case(verb="snapshot", values={"paths": ["absent.csv"]}, kind="path-missing"),
    Case(verb="pack", values={"source": "data"}, kind="kitfile-missing"),
    Case(verb="pack", values={"source": "kit", "kitfile": "odd/Kitfile"}, kind="kitfile-invalid"),
    Case(verb="pack", values={"source": "kit", "tag": "Counted"}, kind="reference-malformed"),
    Case(verb="inspect", values={"package": "nobody:v1"}, kind="package-missing"),
    Case(verb="diff", values={"before": "counted:v1", "after": "nobody:v1"}, kind="package-missing"),
    Case(verb="diff", values={"before": "counted:v1", "after": "count"}, kind="diff-mixed"),
    Case(verb="import", values={"source": "models:/counter@nobody"}, kind="model-missing"),
    Case(
        verb="import",
        values={"source": "models:/counter@champion", "from_": "http://127.0.0.1:9"},
        kind="mlflow-unreachable",
    ),
    Case(verb="inspect", values={"package": "counted:v1", "remote": True}, kind="registry-missing"),
    Case(verb="push", values={"package": "counted:v1"}, kind="registry-missing"),
    Case(verb="pull", values={"package": "counted:v1"}, kind="registry-missing"),
    Case(verb="sign", values={"package": "counted:v1", "new_key": True}, kind="key-exists"),
    Case(verb="verify", values={"key": ["nbmlops.pub"]}, kind="package-unnamed"),
    Case(
        verb="unpack", values={"package": "counted:v1", "dir": "unpacked", "filter": ["prompts"]}, kind="filter-empty"
    ),
)
NEED_A_REGISTRY = {"push", "pull"}
"""Here they are refused; they are carried out in tests/services/test_package_verbs.py."""
KIT = {
    "Kitfile": "package: {name: counted}\nmodel: {path: total.txt}\ndatasets: [{path: numbers.csv}]\n"
    "docs: [{path: README.md}]\n",
    "total.txt": "12\n",
    "numbers.csv": "3\n4\n5\n",
    "README.md": "# Counted\n",
}

Answer = dict[str, Any]
"""A result as JSON, or an error as its facts."""


@pytest.fixture(scope="module")
def api(places: dict[str, Path], variables: dict[str, str]) -> list[Answer]:
    answers = []
    with pytest.MonkeyPatch.context() as patch:
        isolation.apply(patch, variables)
        for name, value in _own(places["api"]).items():
            patch.setenv(name, value)
        for case in CASES:
            try:
                result = getattr(nbmlops.api, case.verb)(folder=places["api"], **case.values)
                answers.append(msgspec.to_builtins(result))
            except NbmlopsError as error:
                answers.append({**as_facts(error), "code": exit_code(error), "status": http_status(error)})
    return answers


@pytest.fixture(scope="module")
def command(places: dict[str, Path], variables: dict[str, str]) -> list[Answer]:
    answers = []
    for case in CASES:
        done = subprocess.run(
            [sys.executable, "-m", "nbmlops", *case.tokens, "--json"],
            cwd=places["command"],
            env={**variables, **_own(places["command"])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == "", f"--json leaves standard error alone: {done.stderr}"
        answer = json.loads(done.stdout)
        answers.append({**answer, "code": done.returncode} if "error" in answer and "kind" in answer else answer)
    return answers


@pytest.fixture(scope="module")
def magics(places: dict[str, Path], variables: dict[str, str]) -> list[Answer]:
    answers = []
    with Kernel(places["magics"], {**variables, **_own(places["magics"])}) as kernel:
        kernel.good("%load_ext nbmlops\nimport msgspec, nbmlops.errors")
        for case in CASES:
            reply = kernel.run(f"_result = %mlops {shlex.join(case.tokens)}")
            if reply.status == "ok":
                answers.append(json.loads(kernel.good("print(msgspec.json.encode(_result.result).decode())").text))
            else:
                assert "Traceback" not in reply.error
                assert "\n" not in reply.error.strip(), reply.error
                name, _, line = reply.error.strip().partition(": ")
                answers.append({"error": name, "line": line})
    return answers


@pytest.fixture(scope="module")
def rest(places: dict[str, Path], server: str) -> list[Answer]:
    return [asked(f"{server}/{case.verb}", case.values) for case in CASES]


@pytest.fixture(scope="module")
def places(counted: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A copy of the project for each door, so that what one does the others do not see."""
    base = tmp_path_factory.mktemp("doors")
    found = {door: copy_of(counted, base / door / "counting") for door in ("api", "command", "magics", "rest")}
    for place in found.values():
        (place / "broken.ipynb").write_text('{"cells": [')
        (place / "scored.ipynb").write_text(notebook_file(SCORED))
        for name, text in KIT.items():
            (place / "kit").mkdir(exist_ok=True)
            (place / "kit" / name).write_text(text)
        (place / "odd").mkdir()
        (place / "odd" / "Kitfile").write_text("modle: {}\n")
    return found


def _own(place: Path) -> dict[str, str]:
    """Where packages and trusted keys of one door are kept: within its project, so that paths compare."""
    return {name: str(place / ".nbmlops" / "of the user" / name) for name in ("KITOPS_HOME", "NBMLOPS_HOME")}


@pytest.fixture(scope="module")
def server(places: dict[str, Path], variables: dict[str, str]) -> Iterator[str]:
    """A real Jupyter server on loopback; yields the address of the API."""
    command = [sys.executable, "-m", "jupyter_server", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    command += [f"--IdentityProvider.token={TOKEN}", "--ServerApp.open_browser=False", "--allow-root"]
    command += ["--ServerApp.jpserver_extensions={'nbmlops': True}", f"--ServerApp.root_dir={places['rest']}"]
    own = {**variables, **_own(places["rest"])}
    process = subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"{_address(process, Path(variables['JUPYTER_RUNTIME_DIR']))}nbmlops/api"
    finally:
        process.terminate()
        process.wait(20)


def _address(process: subprocess.Popen[bytes], runtime: Path) -> str:
    """What the server wrote about itself, once it answers."""
    file = runtime / f"jpserver-{process.pid}.json"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, "the server has ended"
        try:
            url: str = json.loads(file.read_text())["url"]
            urllib.request.urlopen(f"{url}api", timeout=5).close()
        except (OSError, ValueError):
            time.sleep(0.1)
        else:
            return url
    raise AssertionError("the server does not answer")


def asked(url: str, values: dict[str, Any]) -> Answer:
    """POST, and the answer with its status where it is an error."""
    headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data=json.dumps(values).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            answer: Answer = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        with error:
            return {**json.load(error), "status": error.code}


_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
_ID = re.compile(r"\b[0-9a-f]{12,64}\b|\b[0-9a-hjkmnp-tv-z]{26}\b|\b[0-9a-f]{8}-[0-9a-f-]{27}\b")
_CHANGING = {
    "now",
    "seconds",
    "duration_seconds",
    "pid",
    "process_started",
    "kernels",
    "cells",
    "patched",
    "id",
    "nbmlops.execution",
    "looked_at",
    "notebook",
    "bytes_read",
    "own_bytes",
    "disk",
    "bytes",
    "public_key",
}
"""What differs between two runs of anything, or is about the kernel that only the magics have."""


def _same(value: Any, place: Path) -> Any:
    """Without times, ids and the folder in which it happened."""
    if isinstance(value, dict):
        return {name: _same(each, place) for name, each in value.items() if name not in _CHANGING}
    if isinstance(value, list | tuple):
        return [_same(each, place) for each in value if not (isinstance(each, dict) and each.get("name") == "notebook")]
    if isinstance(value, str):
        return _ID.sub("<id>", _TIME.sub("<time>", value.replace(str(place), "<project>")))
    return value


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Where two results differ, each as a short line."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted({*one, *other})
        return [line for name in names for line in differences(one.get(name), other.get(name), f"{place}.{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for n, (left, right) in pairs for line in differences(left, right, f"{place}[{n}]")]
    return [] if one == other else [f"{place}: {one!r} != {other!r}"[:300]]


def _indexed(*kinds: bool) -> list[Any]:
    return [pytest.param(n, id=f"{n:02d}-{case}") for n, case in enumerate(CASES) if bool(case.kind) in kinds]


@pytest.mark.parametrize("number", _indexed(False))
@pytest.mark.parametrize("door", ["command", "magics", "rest"])
def test_a_request_gives_the_same_result_through_every_door(
    number: int, door: str, api: list[Answer], places: dict[str, Path], request: pytest.FixtureRequest
) -> None:
    answers: list[Answer] = request.getfixturevalue(door)
    expected = _same(api[number], places["api"])
    assert "error" not in expected or "kind" not in expected, expected
    assert differences(_same(answers[number], places[door]), expected) == []


@pytest.mark.parametrize("number", _indexed(True))
def test_an_error_is_the_same_family_and_the_same_line_through_every_door(
    number: int,
    api: list[Answer],
    command: list[Answer],
    magics: list[Answer],
    rest: list[Answer],
    places: dict[str, Path],
) -> None:
    expected = _same(api[number], places["api"])
    assert expected["kind"] == CASES[number].kind
    assert "\n" not in expected["message"] + expected["hint"]
    code, status = expected.pop("code"), expected.pop("status")
    typed = _same(command[number], places["command"])
    if CASES[number].kind == "arguments-malformed":
        # What is typed is read by a parser with words of its own; the rest is the same.
        assert typed["message"].startswith(f"{CASES[number].verb}: ")
        assert "\n" not in typed["message"]
        assert typed == {**expected, "code": code, "message": typed["message"]}
    else:
        assert typed == {**expected, "code": code}
    assert _same(rest[number], places["rest"]) == {**expected, "status": status}
    shown = _same(magics[number], places["magics"])
    assert shown["error"] == expected["error"]
    if CASES[number].kind != "arguments-malformed":
        assert shown["line"].startswith(expected["message"])


def test_every_verb_is_in_the_table_or_works_at_one_door_only() -> None:
    asked_for = {case.verb for case in CASES if not case.kind} | NEED_A_REGISTRY
    assert asked_for | {verb.name for verb in VERBS if verb.needs_kernel or verb.is_terminal} == {
        verb.name for verb in VERBS
    }


@pytest.fixture(scope="module")
def table(server: str) -> Callable[[], Answer]:
    def read() -> Answer:
        request = urllib.request.Request(f"{server}/", headers={"Authorization": f"token {TOKEN}"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer: Answer = json.load(response)
            return answer

    return read


def test_rest_lists_exactly_the_verbs_that_it_answers(server: str, table: Callable[[], Answer]) -> None:
    """And those of notebooks, for magic lines, marked as such."""
    verbs = table()["verbs"]
    assert {verb["name"] for verb in verbs} == {verb.name for verb in VERBS if not verb.is_terminal}
    listed = {verb["name"] for verb in verbs if not verb["needs_kernel"]}
    assert listed == {verb.name for verb in VERBS if not verb.needs_kernel and not verb.is_terminal}
    for verb in VERBS:
        answer = asked(f"{server}/{verb.name}", {"no-such-argument": 1})
        assert answer["status"] == (400 if verb.name in listed else 404), verb.name
