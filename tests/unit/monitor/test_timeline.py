"""Windows beside their reference."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nbmlops.model.drift import Drift, Verdict
from nbmlops.model.monitoring import Rule, Window
from nbmlops.model.profile import ModelProfile
from nbmlops.monitor.rules import Rules, read
from nbmlops.monitor.timeline import (
    Reference,
    compared,
    fingerprint,
    first_window,
    reference_of_model,
    with_answers,
    with_drift,
    with_gaps,
)
from nbmlops.profile.table import profile_of
from tests.unit.monitor.logs import HOUR, NOON

USUAL = read({}, "", "wine")


def table(seed: int = 0, rows: int = 500, **more: object) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    found = pd.DataFrame({"a": chance.normal(size=rows), "b": chance.normal(size=rows)})
    return found.assign(**{name.replace("__", "."): value for name, value in more.items()})


def window(frame: pd.DataFrame, hours: int = 0, *, is_closed: bool = True) -> Window:
    start = NOON + hours * HOUR
    return Window(revision="1", start=start, end=start + HOUR, rows=len(frame), profile=profile_of(frame),
                  is_closed=is_closed)  # fmt: skip


def verdicts(found: Drift | None) -> dict[str, Verdict]:
    assert found is not None
    return {each.name: each.verdict for each in found.columns}


def drift(frame: pd.DataFrame, reference: Reference, rules: Rules = USUAL, **more: tuple[str, ...]) -> Drift | None:
    return compared(window(frame), reference, rules, **{"left_out": (), "seen": (), **more})  # type: ignore[arg-type]


def named(frame: pd.DataFrame) -> Reference:
    return Reference(profile=profile_of(frame), name="train.csv")


def test_what_the_reference_has_beside_the_requests_is_no_loss() -> None:
    reference = named(table(1).assign(target=1))
    assert verdicts(drift(table(2), reference)) == {"a": Verdict.STABLE, "b": Verdict.STABLE}
    # Unless requests had it before.
    assert verdicts(drift(table(2), reference, seen=("target",)))["target"] is Verdict.GONE


def test_what_a_model_takes_and_requests_do_not_have_is_a_loss() -> None:
    reference = reference_of_model(ModelProfile(inputs=profile_of(table(1))), "training")
    assert verdicts(drift(table(2)[["a"]], reference)) == {"a": Verdict.STABLE, "b": Verdict.GONE}
    assert verdicts(drift(table(2)[["a"]], reference, left_out=("b",))) == {"a": Verdict.STABLE}


def test_answers_are_those_of_the_first_window_where_the_reference_has_none_alike() -> None:
    inputs, labels = table(1), pd.DataFrame({"prediction": np.arange(500) % 3})
    reference = reference_of_model(ModelProfile(inputs=profile_of(inputs), outputs=profile_of(labels)), "training")
    first = profile_of(table(3, output__0=0.5, output__1=0.5))
    now = table(2, output__0=0.5, output__1=0.5)
    assert verdicts(drift(now, with_answers(reference, first))) == {
        "a": Verdict.STABLE, "b": Verdict.STABLE, "output.0": Verdict.STABLE, "output.1": Verdict.STABLE,
    }  # fmt: skip
    same = profile_of(table(3, output__prediction=1))
    assert with_answers(reference, same) == reference
    assert with_answers(reference, None) == reference


def test_columns_have_limits_of_their_own_and_can_be_ignored() -> None:
    moved = table(2) + 1.0
    reference = named(table(1))
    assert set(verdicts(drift(moved, reference)).values()) == {Verdict.DRIFTED}
    rules = read({"columns": {"a": 50.0}, "ignore": ["b"]}, "", "wine")
    assert verdicts(drift(moved, reference, rules)) == {"a": Verdict.STABLE}
    one = read({"columns": {"a": 50.0}}, "", "wine")
    assert list(verdicts(drift(moved, reference, one)).items()) == [("b", Verdict.DRIFTED), ("a", Verdict.STABLE)]


def test_a_window_of_few_rows_tells_no_drift() -> None:
    few = window(table(2, 20) + 3)
    found = compared(few, named(table(1)), USUAL, left_out=(), seen=())
    assert with_drift(few, found).drift == {}
    assert with_drift(window(table(2) + 3), drift(table(2) + 3, named(table(1)))).drifted == ("a", "b")


def test_the_first_window_that_is_over_and_has_rows_may_be_a_reference() -> None:
    windows = [window(table(1, 100), 0), window(table(1), 1, is_closed=False), window(table(1), 2)]
    assert first_window(windows) is windows[2]
    assert first_window(windows[:2]) is None


def test_hours_in_which_nothing_was_asked_are_gaps() -> None:
    first, last = window(table(1), 0), window(table(1), 3)
    assert with_gaps([first, last]) == [first, None, None, last]
    assert with_gaps([]) == []


def test_the_fingerprint_changes_with_whatever_decides() -> None:
    reference = named(table(1))
    own = read({"columns": {"a": 0.4}}, "", "wine")
    other = Rules(rules={**USUAL.rules, "drift": Rule(name="drift", limit=0.3)})
    marks = {
        fingerprint(reference, USUAL, ()),
        fingerprint(reference, USUAL, ("a",)),
        fingerprint(reference, own, ()),
        fingerprint(reference, other, ()),
        fingerprint(named(table(2)), USUAL, ()),
    }
    assert len(marks) == 5
    assert fingerprint(named(table(1)), read({}, "", "wine"), ()) in marks


def test_windows_that_have_not_moved_stay_silent_and_one_that_has_names_its_column() -> None:
    false = 0
    for seed in range(1, 60, 2):
        reference = named(table(seed, 2000))
        quiet, moved = table(seed + 1, 200), table(seed + 1, 200)
        moved["b"] += 1.0
        found, other = drift(quiet, reference), drift(moved, reference)
        assert found is not None
        assert other is not None
        false += bool(found.drifted)
        assert [each.name for each in other.drifted] == ["b"]
    # One of a thousand windows may be: of 30, more than one is hardly by chance.
    assert false <= 1
