from __future__ import annotations

import pytest

from nbmlops.capture.names import names


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        ("", (), ()),
        ("y = f(x)", ("f", "x"), ("y",)),
        ("import os, numpy as np\nfrom a import b as c", (), ("c", "np", "os")),
        ("x = 1\nprint(x)", (), ("x",)),
        ("total += 1", (), ("total",)),
        ("df['a'] = 1", ("df",), ()),
        ("model.fit(X, y)", ("X", "model", "y"), ()),
        ("del x", (), ("x",)),
        ("def f(a):\n    return a + b", ("b",), ("f",)),
        ("def f():\n    global g\n    g = 1", (), ("f", "g")),
        ("def f():\n    def g():\n        return deep\n    return g", ("deep",), ("f",)),
        ("class A(B):\n    c = d\n    def m(self):\n        return e", ("B", "d", "e"), ("A",)),
        ("squares = [n * k for n in numbers]", ("k", "numbers"), ("squares",)),
        ("f = lambda a: a + b", ("b",), ("f",)),
        ("for i in rows:\n    pass", ("rows",), ("i",)),
        ("with open(p) as f:\n    pass", ("p",), ("f",)),
        ("if (n := len(a)) > 1:\n    pass", ("a",), ("n",)),
        ("x: int = y", ("y",), ("x",)),
        ("len([1])", (), ()),
    ],
)
def test_names_read_and_written_are_known_without_running(
    source: str, reads: tuple[str, ...], writes: tuple[str, ...]
) -> None:
    assert names(source) == (reads, writes)


def test_a_name_both_used_and_bound_is_read_if_it_was_there_before() -> None:
    assert names("total += x", {"total"}) == (("total", "x"), ("total",))


def test_a_builtin_that_the_user_has_replaced_is_read() -> None:
    assert names("print(max(x))", {"max"}) == (("max", "x"), ())


@pytest.mark.parametrize(
    "source", ["def", "x = '\ud800'", "a\x00b", "(" * 500, "-" * 200_000 + "1", "x" + ".y" * 100_000]
)
def test_code_that_cannot_be_read_has_no_names(source: str) -> None:
    assert names(source) == ((), ())
