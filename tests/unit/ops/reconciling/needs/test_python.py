"""A function of the project's is asked in a process of its own; whatever it does, a tick goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.errors import UsageError
from nbmlops.ops.reconciling.needs import python
from tests.unit.ops.reconciling.looks import asked, look_at


def said(root: Path, body: str, function: str = "needed") -> tuple[bool | None, str]:
    (root / "needs.py").write_text(body)
    found = asked(look_at(root), "python", file="needs.py", function=function)
    assert "\n" not in found.why
    return found.holds, found.why


@pytest.mark.parametrize(
    ("answer", "holds", "why"),
    [
        ("True", True, "needs.py:needed says yes"),
        ("False", False, "needs.py:needed says no"),
        ("(True, 'too few')", True, "too few"),
        ("[False, 'a\\nb']", False, "a b"),
        ("(None, 'nobody knows')", None, "nobody knows"),
        ("{'needed': True, 'why': 'x'}", True, "x"),
        ("{'needed': False}", False, "needs.py:needed says no"),
        ("__import__('numpy').float64(3) > 2", True, "needs.py:needed says yes"),
        ("(__import__('numpy').bool_(False), 'enough')", False, "enough"),
    ],
)
def test_answers(root: Path, answer: str, holds: bool | None, why: str) -> None:
    assert said(root, f"def needed():\n    return {answer}\n") == (holds, why)


@pytest.mark.parametrize("answer", ["None", "1", "'yes'", "[]", "(1, 'x')", "{'needed': 1}",
                                    "{'needed': True, 'parameters': [1]}", "{'needed': True, 'recheck': 'soon'}",
                                    "{'needed': True, 'recheck': float('inf')}"])  # fmt: skip
def test_what_is_no_answer_cannot_be_told(root: Path, answer: str) -> None:
    holds, why = said(root, f"def needed():\n    return {answer}\n")
    assert holds is None
    assert why.startswith("needs.py:needed")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("def needed():\n    raise ValueError('no\\nluck')\n", "needs.py:needed has failed"),
        ("def needed():\n    import sys; sys.exit(0)\n", "needs.py:needed has failed: it says nothing"),
        ("def needed():\n    import os; os._exit(3)\n", "needs.py:needed has failed"),
        ("def needed(x):\n    return True\n", "needs.py:needed has failed: TypeError"),
        ("def other():\n    return True\n", "needs.py:needed has failed: needs.py has no function needed"),
        ("def needed(:\n", "needs.py:needed has failed: SyntaxError"),
        ("def needed():\n    return {(1, 2): 3}\n", "needs.py:needed has failed: TypeError"),
    ],
)
def test_what_fails_cannot_be_told(root: Path, body: str, why: str) -> None:
    holds, told = said(root, body)
    assert holds is None
    assert told.startswith(why)


def test_what_it_prints_and_imports_is_its_own(root: Path) -> None:
    (root / "helper.py").write_text("LIMIT = 3\n")
    body = "import sys, helper\ndef needed():\n    print('nbmlops-needs:false', end='')\n"
    body += "    sys.stderr.write('x' * 10**6)\n"
    assert said(root, body + "    return helper.LIMIT == 3, 'by the helper'\n") == (True, "by the helper")


def test_a_file_that_is_not_there_cannot_be_told(root: Path) -> None:
    found = asked(look_at(root), "python", file="gone.py", function="needed")
    assert (found.holds, found.why) == (None, "There is no gone.py.")


def test_one_that_hangs_is_ended(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "SECONDS", 0.5)
    assert said(root, "import time\ndef needed():\n    time.sleep(600)\n") == (
        None, "needs.py:needed took more than 0.5 s."
    )  # fmt: skip


def test_parameters_are_texts_that_a_pipeline_reads_as_what_they_were(root: Path) -> None:
    (root / "needs.py").write_text(
        "def needed():\n    return {'needed': True, 'why': 'w', 'recheck': 30,\n"
        "            'parameters': {'a': 1, 'b': True, 'c': 'text', 'd': ['x'], 'e': 0.5}}\n"
    )
    found = asked(look_at(root), "python", file="needs.py", function="needed")
    assert found.parameters == {"a": "1", "b": "true", "c": "text", "d": '["x"]', "e": "0.5"}
    assert found.recheck == 30


def test_the_key_is_what_it_says(root: Path) -> None:
    def key(answer: str) -> str:
        (root / "needs.py").write_text(f"def needed():\n    return {answer}\n")
        return asked(look_at(root), "python", file="needs.py", function="needed").key

    assert key("True, 'a'") == key("True, 'a'") != key("True, 'b'")
    assert key("{'needed': True, 'why': 'now', 'key': 'week 3'}") == "needs.py:needed:week 3"
    assert key("False") == ""


def test_secrets_are_not_told(root: Path) -> None:
    with pytest.raises(UsageError):
        python.reason_of("x", "python", "needs.py:needed")
    _, why = said(root, "def needed():\n    return True, 'see https://me:hunter2@example.org'\n")
    assert "hunter2" not in why
