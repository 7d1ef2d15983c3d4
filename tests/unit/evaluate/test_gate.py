"""A gate's file, and what it lets through."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.evaluate.gate import Gate, decide, load, read
from nbmlops.model.evaluation import Evaluation, Rule, Slice
from tests.unit.evaluate.evaluations import evaluation, slice_of

WHOLE = """
metrics:
  accuracy: {min: 0.9}
  log_loss: {max: 0.4}
against:
  accuracy: {min_change: 0.0, confidence: 0.9}
slices: {max_loss: 0.05, max_gap: 0.2, min_rows: 50}
latency_ms_per_1000: {max: 50}
size_mb: {max: 100}
"""


def decided(text: str, found: Evaluation, *, least: float | None = 0.0, loss: float | None = 0.0) -> tuple[Rule, ...]:
    return decide(read(text), found, lambda metric, confidence: least, lambda each, confidence: loss)


def test_a_gate_is_what_its_file_says(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text(WHOLE)
    gate = load(path)
    assert [(each.name, each.least, each.most, each.line) for each in gate.metrics] == [
        ("accuracy", 0.9, None, 3),
        ("log_loss", None, 0.4, 4),
    ]
    (change,) = gate.changes
    assert (change.metric, change.least, change.confidence, change.line) == ("accuracy", 0.0, 0.9, 6)
    assert gate.slices is not None
    assert (gate.slices.max_loss, gate.slices.max_gap, gate.slices.min_rows) == (0.05, 0.2, 50)
    assert gate.latency is not None
    assert gate.latency.most == 50
    assert gate.compares


@pytest.mark.parametrize(
    "text", ["metrics: {accuracy: {min: 0.9}}", "slices: {max_gap: 0.1}", "size_mb: {max: 1}"]
)  # fmt: skip
def test_a_gate_for_one_model_needs_no_other(text: str) -> None:
    assert not read(text).compares


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("", 1, "it has no rule"),
        ("[]", 1, "it is no list of rules"),
        ("- a", 1, "it is no list of rules"),
        ("metrics: {accuracy: {min: 0.9}", 1, "it is no YAML"),
        ("metrics: {a: 1, a: 2}", 1, "it is no YAML"),
        ("size_mb: {max: 1}\nmetric: {accuracy: {min: 1}}", 2, "do you mean metrics?"),
        ("\n\nmetrics:\n  acuracy: {min: 0.9}", 4, "do you mean accuracy?"),
        ("metrics:\n  accuracy: {minimum: 0.9}", 2, "no word for accuracy 'minimum'; do you mean min?"),
        ("metrics:\n  accuracy: {min: high}", 2, "min of accuracy is a number"),
        ("metrics:\n  accuracy: {min: true}", 2, "min of accuracy is a number"),
        ("metrics:\n  accuracy: {min: .nan}", 2, "min of accuracy is a number"),
        ("metrics:\n  accuracy: 0.9", 2, "accuracy is a mapping with min or max"),
        ("metrics: 0.9", 1, "metrics is a mapping, as in"),
        ("metrics:", 1, "metrics is a mapping, as in"),
        ("against:\n  accuracy: {confidence: 0.9}", 2, "accuracy says no min_change"),
        ("against:\n  accuracy: {min_change: 0, confidence: 95}", 2, "confidence lies between"),
        ("size_mb: {max: 1}\nslices: {min_rows: 5}", 2, "slices says neither"),
        ("slices: {max_gap: 0.1, min_rows: 1.5}", 1, "min_rows is a number of rows"),
        ("slices:\n  max_gap: 0.1\n  metric: acc", 3, "there is no metric 'acc'"),
        ("size_mb: {min: 1}", 1, "there is no word for size_mb 'min'"),
        ("1: {max: 1}", 1, "there is no rule '1'"),
    ],
)
def test_what_is_no_gate_is_refused_with_its_line(text: str, line: int, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert caught.value.kind == "gate-malformed"
    assert caught.value.facts["line"] == line
    assert f"gate.yaml:{line}: " in caught.value.message
    assert told in caught.value.message
    assert "\n" not in str(caught.value)


def test_a_gate_that_is_not_there_or_endless_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no gate"):
        load(tmp_path / "absent.yaml")
    (tmp_path / "long.yaml").write_text("# " + "x" * 70_000)
    with pytest.raises(UsageError, match="larger than 64 KiB"):
        load(tmp_path / "long.yaml")


def test_all_rules_are_kept() -> None:
    rules = decided(WHOLE, evaluation())
    assert [each.passed for each in rules] == [True] * 7
    assert [each.line for each in rules] == [3, 4, 6, 7, 7, 8, 9]
    assert all(each.why.endswith(".") and "\n" not in each.why for each in rules)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("metrics: {accuracy: {min: 0.91}}", 0.9),
        ("metrics: {log_loss: {max: 0.29}}", 0.3),
        ("slices: {max_loss: 0.03}", 0.04),
        ("slices: {max_gap: 0.09}", 0.1),
        ("latency_ms_per_1000: {max: 4}", 4.5),
        ("size_mb: {max: 1.5}", 2.0),
    ],
)
def test_each_rule_can_fail_alone(text: str, value: float) -> None:
    (rule,) = decided(text, evaluation())
    assert (rule.passed, rule.value) == (False, pytest.approx(value))
    assert f"{value:.4g}" in rule.why


def test_bounds_themselves_are_kept() -> None:
    text = "metrics: {accuracy: {min: 0.9, max: 0.9}}\nslices: {max_loss: 0.04, max_gap: 0.1}\nsize_mb: {max: 2}"
    assert all(each.passed for each in decided(text, evaluation()))


def test_a_change_counts_as_far_as_it_is_sure() -> None:
    text = "against: {accuracy: {min_change: 0.01}}"
    assert [each.passed for least in (0.01, 0.009) for each in decided(text, evaluation(), least=least)] == [
        True,
        False,
    ]
    (rule,) = decided("against: {log_loss: {min_change: 0.05}}", evaluation(), least=0.12)
    assert rule.passed
    assert "log_loss improves by 0.2, with confidence 0.95 by at least 0.12" in rule.why


@pytest.mark.parametrize("text", ["metrics: {rmse: {max: 9}}", "against: {rmse: {min_change: -9}}"])
def test_what_is_not_known_does_not_pass(text: str) -> None:
    (rule,) = decided(text, evaluation(), least=None)
    assert not rule.passed
    assert "not known" in rule.why


def test_unknown_latency_does_not_pass() -> None:
    found = evaluation(model=evaluation().against)
    (rule,) = decided("latency_ms_per_1000: {max: 4}", found)
    assert not rule.passed


def test_without_another_model_what_compares_is_kept_and_the_rest_counts() -> None:
    rules = decided(WHOLE.replace("min: 0.9", "min: 0.95"), evaluation(against=None), least=None)
    assert [each.passed for each in rules] == [False, True, True, True, True, True, True]
    assert [each.why for each in rules].count("There is no model to compare with yet.") == 2


def test_a_loss_counts_as_far_as_it_is_sure() -> None:
    found = evaluation(slices=(slice_of("red", loss=0.2), slice_of("blue", loss=0.01)))
    asked: list[tuple[str, float]] = []

    def loss(each: Slice, confidence: float) -> float:
        asked.append((each.value, confidence))
        return 0.02

    text = "slices: {max_loss: 0.05, confidence: 0.9}"
    (rule,) = decide(read(text), found, lambda metric, confidence: None, loss)
    assert rule.passed
    assert asked == [("red", 0.9)]
    (rule,) = decided(text, found, loss=0.07)
    assert not rule.passed
    (rule,) = decided("slices: {max_loss: 0.05}", found)
    assert not rule.passed
    assert "colour is red (60 rows) is worse by 0.2 than the other model" in rule.why


def test_no_slices_are_no_loss() -> None:
    assert all(each.passed for each in decided("slices: {max_loss: 0, max_gap: 0}", evaluation(slices=())))
    assert isinstance(read("slices: {max_loss: 0}"), Gate)
