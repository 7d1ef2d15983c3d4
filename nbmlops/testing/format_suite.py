"""What every format for values between steps has to do. A format proves itself by inheriting this suite:

class TestZarr(FormatSuite):
    format = ZarrFormat()
    values = (zarr.zeros((3, 3)),)
    others = (None, "text")
"""

from __future__ import annotations

import contextlib
import copy
from abc import ABC
from pathlib import Path
from typing import Any, ClassVar

import pytest

from nbmlops.pipeline.equality import difference
from nbmlops.ports import ValueFormat

STRANGERS: tuple[Any, ...] = (
    None,
    1,
    "text",
    b"bytes",
    (1,),
    {"a": object()},
    object(),
    object,
    len,
    ...,
    NotImplemented,
)
"""Values of no kind in particular."""


class FormatSuite(ABC):
    format: ClassVar[Any]
    values: ClassVar[tuple[Any, ...]]
    """Some that it takes."""
    others: ClassVar[tuple[Any, ...]] = ()
    """Near misses: some that it must not take."""
    is_general: ClassVar[bool] = False
    """It takes values of any kind."""
    writes_equal_files: ClassVar[bool] = True

    @pytest.fixture
    def checked(self) -> ValueFormat:
        """The format, as the port has it."""
        found: ValueFormat = self.format
        return found

    def test_it_has_a_name_and_an_ending(self, checked: ValueFormat) -> None:
        assert checked.name.isidentifier()
        assert checked.suffix.startswith(".")

    def test_what_it_takes_comes_back_equal_and_of_the_same_type(self, checked: ValueFormat, tmp_path: Path) -> None:
        for number, value in enumerate(self.values):
            assert checked.takes(value), value
            path = tmp_path / f"{number} – valeur{checked.suffix}"
            checked.write(value, path)
            back = checked.read(path)
            assert type(back) is type(value)
            assert difference(value, back, tolerance=0.0) is None

    def test_it_leaves_the_value_as_it_was(self, checked: ValueFormat, tmp_path: Path) -> None:
        for value in self.values:
            before = copy.deepcopy(value)
            assert checked.takes(value)
            checked.write(value, tmp_path / f"value{checked.suffix}")
            assert difference(before, value, tolerance=0.0) is None

    def test_what_it_does_not_take_it_refuses_without_failing(self, checked: ValueFormat) -> None:
        for value in (*self.others, *(() if self.is_general else STRANGERS)):
            if not any(value is each for each in self.values):
                assert checked.takes(value) is False, value

    def test_it_writes_one_file_where_it_is_told(self, checked: ValueFormat, tmp_path: Path) -> None:
        checked.write(self.values[0], tmp_path / f"value{checked.suffix}")
        assert [each.name for each in tmp_path.iterdir()] == [f"value{checked.suffix}"]

    def test_equal_values_make_equal_files(self, checked: ValueFormat, tmp_path: Path) -> None:
        """So that steps after a value that came out as before are kept."""
        if not self.writes_equal_files:
            pytest.skip(f"{checked.name} says itself that it cannot")
        for value in self.values:
            first, second = tmp_path / f"1{checked.suffix}", tmp_path / f"2{checked.suffix}"
            checked.write(value, first)
            checked.write(copy.deepcopy(value), second)
            assert first.read_bytes() == second.read_bytes()

    def test_a_value_that_is_changed_leaves_its_file_as_it_was(self, checked: ValueFormat, tmp_path: Path) -> None:
        path = tmp_path / f"value{checked.suffix}"
        checked.write(self.values[0], path)
        before = path.read_bytes()
        value = checked.read(path)
        with contextlib.suppress(Exception):  # not every kind of value has elements
            value[0] = value[0]
        with contextlib.suppress(Exception):
            vars(value).clear()
        del value
        assert path.read_bytes() == before
