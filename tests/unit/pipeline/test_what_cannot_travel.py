"""Values that cannot leave their process make the steps that share them one; others are handed over or made again."""

from __future__ import annotations

import pytest

from tests.unit.pipeline.harness import assert_same, built

STUCK = {
    "a generator": ("g = (i for i in range(3))", "next(g)"),
    "an open file": ("g = open('x.txt', 'w')", "g.write('a')"),
    "a lock": ("import threading\ng = threading.Lock()", "g.acquire()"),
    "a lock of another kind": ("import threading\ng = threading.Condition()", "g.notify()"),
    "a database connection": ("import sqlite3\ng = sqlite3.connect(':memory:')\ng.execute('select 1')", "g.close()"),
    "an iterator": ("g = zip([1, 2], [3, 4])", "next(g)"),
    "a match": ("import re\ng = re.match('a', 'abc')", "print(g.group())"),
    "a process": ("import subprocess\ng = subprocess.Popen(['true'])", "g.wait()"),
    "a view of memory": ("b = bytearray(b'abc')\ng = memoryview(b)", "g[0] = 65"),
    "mapped memory": ("import mmap\ng = mmap.mmap(-1, 10)", "print(g[:3])"),
    "a queue": ("import queue\ng = queue.Queue()\ng.put(1)", "print(g.get())"),
    "a weak reference": ("import weakref\nclass A: pass\na = A()\ng = weakref.ref(a)", "print(g() is a)"),
}


@pytest.mark.parametrize("kind", STUCK)
def test_steps_that_share_what_cannot_travel_are_one(kind: str) -> None:
    first, second = STUCK[kind]
    pipeline = built(f'# %% tags=["step:one"]\n{first}\n# %% tags=["step:two"]\n{second}').pipeline
    assert [step.name for step in pipeline.steps] == ["one"]
    assert pipeline.merged[0].why == f"g is {kind.removesuffix(' of another kind')}, which cannot be handed over"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("k = len('ab')\nadd = lambda x: x + k", "print(add(1))"),
        ("fs = {'a': lambda x: x + 1}\nfs['b'] = len", "print(fs['a'](1))"),
        ("def make():\n    class C:\n        n = 3\n    return C()\nc = make()\nc.n = 5", "print(c.n)"),
        ("import math as m\nq = m", "print(q.pi)"),
    ],
)
def test_lambdas_local_classes_and_modules_arrive(first: str, second: str) -> None:
    assert_same(f'# %% tags=["step:one"]\n{first}\n# %% tags=["step:two"]\n{second}')
