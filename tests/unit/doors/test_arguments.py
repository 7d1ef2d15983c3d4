from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nbmlops.doors.arguments import parse, to_request, usage
from nbmlops.errors import UsageError
from nbmlops.model.snapshot import Scope
from nbmlops.ops.verbs import Verb, find_verb

SNAPSHOT, RESTORE, RUNS = find_verb("snapshot"), find_verb("restore"), find_verb("runs")


def given(request: msgspec.Struct) -> dict[str, Any]:
    """The fields that are not as by default."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(request)}
    return {name: value for name, value in msgspec.structs.asdict(request).items() if value != defaults[name]}


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["4f2a"], {"snapshot": "4f2a"}),
        (["4f2a", "a b", "c"], {"snapshot": "4f2a", "paths": ("a b", "c")}),
        (["4f2a", "--to", "old", "x"], {"snapshot": "4f2a", "to": "old", "paths": ("x",)}),
        (
            ["4f2a", "--to=old", "-f", "--dry-run"],
            {"snapshot": "4f2a", "to": "old", "force": True, "dry_run": True},
        ),
        (["--force", "data"], {"snapshot": "data", "force": True}),
        (["data", "--", "--odd"], {"snapshot": "data", "paths": ("--odd",)}),
        (["data", "été/訓練.csv"], {"snapshot": "data", "paths": ("été/訓練.csv",)}),
        (
            ["-fn", "data", "--to", "--odd", "-"],
            {"snapshot": "data", "force": True, "dry_run": True, "to": "--odd", "paths": ("-",)},
        ),
        (["data", "--dry", "--to="], {"snapshot": "data", "dry_run": True}),
    ],
)
def test_tokens_become_a_request(tokens: list[str], expected: dict[str, Any]) -> None:
    assert given(parse(RESTORE, tokens)) == expected


@pytest.mark.parametrize(
    "tokens", [[], ["data", "--nonsense"], ["data", "--to"], ["data", "--no-force"], ["data", "-z"]]
)
def test_tokens_that_are_not_understood_are_refused_with_the_usage(
    tokens: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=r"^restore: ") as caught:
        parse(RESTORE, tokens)
    assert caught.value.hint == f"Usage: {usage(RESTORE)}"
    assert "\n" not in str(caught.value)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("tokens", "complaint"),
    [
        ([], "snapshot is missing."),
        (["data", "--nonsense"], "unknown option --nonsense."),
        (["data", "--no-force"], "unknown option --no-force; the nearest is --force."),
        (["data", "-z"], "unknown option -z."),
        (["data", "--to"], "option --to requires argument."),
        (["data", "--force=yes"], "option --force must not have an argument."),
        (["data", "--to", "a", "--to", "b"], "--to is given twice."),
        (["data", "-f", "-f"], "-f is given twice."),
    ],
)
def test_what_is_wrong_is_said(tokens: list[str], complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(RESTORE, tokens)
    assert caught.value.message == f"restore: {complaint}"


def test_an_argument_that_has_no_place_is_named() -> None:
    with pytest.raises(UsageError, match=r"^diff: c is one argument too many\."):
        parse(find_verb("diff"), ["a", "b", "c"])


def test_options_of_many_values_are_repeated() -> None:
    assert given(parse(find_verb("run"), ["p", "-p", "a=1", "--param", "b=-2"])) == {
        "pipeline": "p",
        "param": ("a=1", "b=-2"),
    }


@pytest.mark.parametrize(
    ("verb", "tokens", "expected"),
    [
        (RUNS, ["--limit", "5"], {"limit": 5}),
        (RUNS, ["-n5"], {"limit": 5}),
        (RUNS, ["--limit", "-3"], {"limit": -3}),
        (find_verb("reproduce"), ["r", "--tolerance", "1e-3"], {"run": "r", "tolerance": 1e-3}),
        (find_verb("snapshots"), ["--scope", "code"], {"scope": Scope.CODE}),
        (find_verb("track"), ["off"], {"state": "off"}),
    ],
)
def test_words_become_values_of_the_fields_type(verb: Verb, tokens: list[str], expected: dict[str, Any]) -> None:
    assert {name: value for name, value in given(parse(verb, tokens)).items() if name in expected} == expected


@pytest.mark.parametrize(
    ("verb", "tokens", "complaint"),
    [
        (RUNS, ["--limit", "many"], "runs: limit: expected int, got 'many'."),
        (find_verb("reproduce"), ["r", "--tolerance", "x"], "reproduce: tolerance: expected float, got 'x'."),
        (find_verb("snapshots"), ["--scope", "all"], "snapshots: scope: invalid enum value 'all'."),
    ],
)
def test_words_that_are_no_such_value_are_refused(verb: Verb, tokens: list[str], complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(verb, tokens)
    assert caught.value.message == complaint


def test_usage_is_one_line_of_the_verbs_grammar() -> None:
    assert usage(SNAPSHOT) == "snapshot [PATH...] [-m|--message TEXT]"


def test_named_values_become_a_request_or_are_refused_by_name() -> None:
    assert given(to_request(SNAPSHOT, {"paths": ["a"], "message": "m"})) == {"paths": ("a",), "message": "m"}
    with pytest.raises(UsageError, match=r"^snapshot: there is no argument pats\."):
        to_request(SNAPSHOT, {"pats": []})
    with pytest.raises(UsageError, match=r"^snapshot: paths: expected array"):
        to_request(SNAPSHOT, {"paths": 3})
