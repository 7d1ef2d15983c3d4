"""Words of services, in lines of ours."""

from __future__ import annotations

import pytest

from nbmlops.lib.said import in_a_line


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("", ""),
        ("Not found.", "Not found"),
        ("first\n  second\tthird", "first second third"),
        ("\x1b[31mred\x1b[0m\x07", "[31mred [0m"),
        ("a\u202eb\u2028c", "a b c"),
        ("no access with s3cr3t!", "no access with [redacted]!"),
        ("https://me:word@host/x", "https://me:[redacted]@host/x"),
        ("abcdefghijklmnop", "abcdefghijkl…"),
    ],
)
def test_it_is_one_line_without_secrets(said: str, shown: str) -> None:
    assert in_a_line(said, "", "s3cr3t", most=12 if said.startswith("abc") else 300) == shown
