"""Names that hosts can carry, and what is refused before a file is written."""

from __future__ import annotations

import re

import msgspec
import pytest

from nbmlops.errors import UsageError
from nbmlops.hosts.hosted import check, object_name, tick
from tests.unit.hosts.examples import AWKWARD_NAMES, HOSTED


def test_names_of_objects_fit_everywhere_and_are_told_apart() -> None:
    names = [*AWKWARD_NAMES, "wine", "Wine", "a-b", "été", "訓練", "x" * 300, "x" * 301, "-", "1e3-"]
    made = [object_name(name) for name in names]
    assert len(set(made)) == len(names)
    for name in made:
        assert re.fullmatch("[a-z]([a-z0-9-]*[a-z0-9])?", name)
        # With what belongs to it, as a CronJob: 52.
        assert len(name) <= 48
    assert object_name("wine") == "nbmlops-wine"
    assert object_name("1e3") == "nbmlops-1e3"


def test_the_command_of_a_tick_names_its_reconcilers() -> None:
    assert tick(HOSTED) == ["/opt/wine/bin/nbmlops", "reconcile", "--once", "wine-train", "wine-deploy"]
    assert tick(HOSTED, ("wine-train",))[-2:] == ["--once", "wine-train"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"trainers": ("a\nb",)}, "line break"),
        ({"author": "a\u2028b"}, "line break"),
        ({"trainers": ("--force",)}, "no name of a reconciler"),
        ({"trainers": ("",)}, "no name of a reconciler"),
        ({"deployers": ("../x",)}, "no name of a reconciler"),
        ({"variables": {"A B": "c"}}, "no name of a variable"),
        ({"secrets": ("${{ x }}",)}, "no name of a variable"),
        ({"interval": 0.0}, "between a second"),
        ({"timeout": float("nan")}, "between a second"),
        ({"config": "../prod.yaml"}, "outside of the repository"),
        ({"manifests": "/etc"}, "outside of the repository"),
        ({"repository": "https://me:hunter2@git.example/wine.git"}, "has a password in it"),
        ({"image": ""}, "needs to know: image"),
    ],
)
def test_what_no_host_can_carry_is_refused_by_name(change: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told) as raised:
        check(msgspec.structs.replace(HOSTED, **change), "image")
    assert "hunter2" not in str(raised.value)
