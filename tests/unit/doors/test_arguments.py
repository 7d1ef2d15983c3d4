from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nbmlops.doors.arguments import parse, to_request, usage
from nbmlops.errors import UsageError
from nbmlops.ops.verbs import find_verb

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


def test_numbers_are_checked() -> None:
    assert given(parse(RUNS, ["--limit", "5"])) == {"limit": 5}
    with pytest.raises(UsageError):
        parse(RUNS, ["--limit", "many"])


def test_usage_is_one_line_of_the_verbs_grammar() -> None:
    assert usage(SNAPSHOT) == "snapshot [PATH...] [-m|--message TEXT]"


def test_named_values_become_a_request_or_are_refused_by_name() -> None:
    assert given(to_request(SNAPSHOT, {"paths": ["a"], "message": "m"})) == {"paths": ("a",), "message": "m"}
    with pytest.raises(UsageError, match=r"^snapshot: there is no argument pats\."):
        to_request(SNAPSHOT, {"pats": []})
    with pytest.raises(UsageError, match=r"^snapshot: paths: expected array"):
        to_request(SNAPSHOT, {"paths": 3})
