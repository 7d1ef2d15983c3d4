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
from nbmlops.ops.verbs import VERBS
from nbmlops.testing.notebooks import notebook_file
from tests import isolation
from tests.doors.cases import CARRIED_OUT_ELSEWHERE, CASES, KIT, LINE, SCORED
from tests.doors.conftest import copy_of
from tests.kernels import Kernel

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
TOKEN = "between-tests-and-server"
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
        for name, text in LINE.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
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
    "milliseconds",
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
    asked_for = {case.verb for case in CASES if not case.kind} | CARRIED_OUT_ELSEWHERE
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
