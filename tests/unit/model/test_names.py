from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.model.names import metric_name_problem, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Load the data", "load-the-data"),
        ("Données — été", "donnees-ete"),
        ("訓練", "訓練"),
        ("../../etc/passwd", "etc-passwd"),
        ("2. Train_model!", "2-train-model"),
        ("", "step"),
        ("—", "step"),
        ("x" * 60, "x" * 48),
        ("x" * 47 + " y", "x" * 47),
    ],
)
def test_a_title_becomes_a_short_safe_name(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(st.text())
def test_any_text_becomes_one_plain_part_of_a_path(text: str) -> None:
    name = slug(text)
    assert name
    assert len(name) <= 48
    assert not re.search(r"[\s/\\.:\x00'\"]", name)
    assert name.strip("-") == name
    assert slug(name) == name


@settings(deadline=None)  # the first call imports MLflow
@given(st.text(alphabet=st.one_of(st.sampled_from("aZ0_-./: é\n\\?"), st.characters()), max_size=12))
def test_metric_names_are_those_that_mlflow_takes(name: str) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.utils.validation import _validate_metric_name

    try:
        _validate_metric_name(name)
    except MlflowException:
        assert metric_name_problem(name)
    else:
        assert metric_name_problem(name) == ""


def test_a_metric_name_has_at_most_250_characters() -> None:
    assert metric_name_problem("a" * 250) == ""
    assert "250" in metric_name_problem("a" * 251)
