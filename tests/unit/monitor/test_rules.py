"""Rules of nbmlops.toml, and what is told of those that are none."""

from __future__ import annotations

import tomllib

import pytest

from nbmlops.errors import UsageError
from nbmlops.monitor.rules import Rules, read


def rules(text: str, deployment: str = "wine") -> Rules:
    return read(tomllib.loads(text).get("monitor", {}), text, deployment)


def test_without_settings_there_are_four_rules() -> None:
    found = rules("")
    assert {name: rule.limit for name, rule in found.rules.items()} == {
        "drift": 0.2,
        "drift_share": 0.5,
        "missing": 0.1,
        "error_rate": 0.05,
    }
    assert found.limits().psi == 0.2
    assert found.channels.webhook == ""


def test_limits_metrics_and_columns() -> None:
    found = rules(
        """
[monitor]
drift = 0.3
missing = false
accuracy = 0.9
mae = 2
labels = 0.1
ignore = ["id"]
[monitor.columns]
age = 0.5
name = false
"""
    )
    assert [(each.name, each.limit, each.is_least) for each in found.metrics] == [
        ("accuracy", 0.9, True),
        ("mae", 2.0, False),
    ]
    assert (found.limits().psi, found.limits("age").psi, found.limits().missing) == (0.3, 0.5, 1e9)
    assert found.ignored == ("id", "name")
    assert found.rules["accuracy"].line == 5
    assert "missing" not in found.rules


def test_a_deployment_has_rules_of_its_own() -> None:
    text = """
[monitor]
drift = 0.3
webhook = "https://example.org/all"
[monitor.deployments.wine]
drift = 0.1
error_rate = false
[monitor.deployments.beer]
webhook = "env:HOOK"
"""
    wine, beer = rules(text), rules(text, "beer")
    assert (wine.limit("drift"), wine.limit("error_rate"), wine.channels.webhook) == (
        0.1,
        None,
        "https://example.org/all",
    )
    assert (beer.limit("drift"), beer.channels.webhook) == (0.3, "env:HOOK")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[monitor]\n\ndirft = 0.2", "nbmlops.toml:3: there is no rule 'dirft' of [monitor]; do you mean drift?"),
        ("[monitor]\naccuracy = 90", "nbmlops.toml:2: accuracy is a share, from 0 to 1, and not 90."),
        ("[monitor]\np99 = 'fast'", "nbmlops.toml:2: p99 is a number of 0 or more, or false."),
        ("[monitor]\ndrift = true", "nbmlops.toml:2: drift is a number of 0 or more, or false."),
        ("[monitor]\ncommand = 'rm -r x'", 'nbmlops.toml:2: command is a list of words, as ["notify", "-v"].'),
        (
            "[monitor]\nwebhook = 'file:///etc'",
            'nbmlops.toml:2: webhook is an address, as "https://...", or "env:NAME".',
        ),
        ("[monitor]\nignore = 3", "nbmlops.toml:2: ignore is a list of texts."),
        (
            "[monitor]\ndrift = 1\n[monitor.columns]\na = -1",
            "nbmlops.toml:4: drift is a number of 0 or more, or false.",
        ),
        ("[monitor]\ndeployments = 3", "nbmlops.toml:2: deployments is a table."),
        (
            "[monitor.deployments.other]\np999 = 1",
            "nbmlops.toml:2: there is no rule 'p999' of [monitor]; do you mean p99?",
        ),
        (
            "[monitor.mail]\nhost = 'x'\nto = 'y'\npost = 25",
            "nbmlops.toml:1: mail: Object contains unknown field `post`.",
        ),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        rules(text)
    assert error.value.message == message
    assert error.value.kind == "rule-malformed"
