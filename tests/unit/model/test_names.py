from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.model.names import slug


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
