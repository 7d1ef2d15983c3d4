"""Whatever a small program does to its names, cutting it into steps changes nothing."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.pipeline.harness import built, run_pipeline, run_whole, shape

NAMES = ("a", "b", "c", "d")
name = st.sampled_from(NAMES)
number = st.integers(0, 9)

plain = st.one_of(
    st.builds("{} = {}".format, name, number),
    st.builds("{} = [{}]".format, name, number),
    st.builds("{} = {{'k': {}}}".format, name, number),
    st.builds("{} = {}".format, name, name),
    st.builds("{} = [{}, {}]".format, name, name, name),
    st.builds("{}, {} = {}, {}".format, name, name, name, name),
    st.builds("{} = {} = [{}]".format, name, name, number),
    st.builds("if isinstance({0}, list):\n    {0}.append({1})".format, name, number),
    st.builds(
        "if isinstance({0}, list) and {0} and isinstance({0}[0], list):\n    {0}[0].append({1})".format,
        name,
        number,
    ),
    st.builds("if isinstance({0}, list):\n    {0} += [{1}]".format, name, number),
    st.builds("if isinstance({0}, list) and len({0}) > 1:\n    del {0}[0]".format, name),
    st.builds("if isinstance({0}, int):\n    {0} += {1}".format, name, number),
    st.builds("if isinstance({0}, dict):\n    {0}['n{1}'] = {2}".format, name, number, name),
    st.builds("if isinstance({0}, dict):\n    {0}.setdefault('s', []).append({1})".format, name, number),
    st.builds("push({}, {})".format, name, number),
    st.builds("{} = same({})".format, name, name),
    st.builds("{0} = copy_of({1})".format, name, name),
    st.builds("for item in [{0}, {1}]:\n    push(item, {2})".format, name, name, number),
    st.builds("for item in ({0} if isinstance({0}, list) else ()):\n    push(item, {1})".format, name, number),
    st.builds("reset({})".format, number),
    st.builds("if len(str({0})) > 6:\n    {1} = {2}".format, name, name, number),
    st.builds("while isinstance({0}, int) and {0} < 3:\n    {0} += 1".format, name),
    st.builds("try:\n    {0}.append({1})\nexcept AttributeError:\n    {2} = [{1}]".format, name, number, name),
    st.builds("{0} = [x for x in ({1}, {2}) if x]".format, name, name, name),
    st.builds("{0} = {{k: {1} for k in 'xy'}}".format, name, name),
)
functions = st.one_of(
    st.builds("f = lambda x={}: push({}, x)".format, number, name),
    st.builds("f = keeper({})".format, name),
    st.builds("f = counter({})".format, number),
    st.builds("def f(x={}):\n    push({}, x)\n    return x".format, number, name),
    st.builds("def f(x={}):\n    global b\n    b = [x]\n    return x".format, number),
    st.just("fs.append(f)"),
    st.builds("{} = f({})".format, name, number),
    st.builds("for each in fs:\n    each({})".format, number),
    st.just("fs = [g for g in fs][-2:]"),
)
objects = st.one_of(
    st.builds("box = Box({})".format, name),
    st.builds("box = {}".format, st.sampled_from(["other", "Box([])", "box.twin()"])),
    st.just("other = box"),
    st.builds("box.put({})".format, number),
    st.builds("box.items.append({})".format, number),
    st.builds("box += {}".format, number),
    st.builds("box[{}]".format, number),
    st.builds("box.last = {}".format, name),
    st.builds("{} = box.items".format, name),
    st.builds("{} = [box, {}]".format, name, name),
    st.builds("Box.made.append({})".format, number),
    st.builds("with box as inside:\n    push(inside, {})".format, number),
    st.builds("{} = len(list(box))".format, name),
)

array = st.sampled_from(["u", "v", "w"])
arrays = st.one_of(
    st.builds("{} = np.arange({}, dtype=float)".format, array, st.integers(3, 5)),
    st.builds("{} = {}[1:]".format, array, array),
    # Not `[::-1]`: whether ravel makes a copy depends on the layout in memory, which pickling does not keep.
    st.builds("{} = {}[:-1]".format, array, array),
    st.builds("{} = {}.reshape(1, -1)[0]".format, array, array),
    st.builds("{} = {}.T".format, array, array),
    st.builds("{} = np.ravel({})".format, array, array),
    st.builds("{} = {}.copy()".format, array, array),
    st.builds("{} = {} + 1".format, array, array),
    st.builds("{} = np.concatenate([{}, {}])[:6]".format, array, array, array),
    st.builds("{} = {}".format, array, array),
    st.builds("{} += {}".format, array, number),
    st.builds("{}[:1] = {}".format, array, number),
    st.builds("double({})".format, array),
    st.builds("{} = [{}]".format, name, array),
    st.builds("if isinstance({0}, list) and {0} and isinstance({0}[0], np.ndarray):\n    {0}[0][:1] += 1".format, name),
    st.builds("{} = np.random.rand(3)".format, array),
    st.builds("np.random.seed({})".format, number),
    st.builds("np.random.shuffle({})".format, array),
    st.builds("table['x'] = {}[:1].sum()".format, array),
    st.builds("table = table.assign(y=table.x * {})".format, number),
    st.builds("table.loc[0, 'z'] = {}".format, number),
    st.just("other_table = table"),
    st.just("table = pd.concat([table, other_table], ignore_index=True).iloc[:4]"),
)

START = """\
# %%
import numpy as np
import pandas as pd
def push(target, value):
    if isinstance(target, list):
        target.append(value)
    elif isinstance(target, dict):
        target["p"] = value
    elif isinstance(target, Box):
        target.put(value)
def same(x):
    return x
def copy_of(x):
    return list(x) if isinstance(x, list) else x
def reset(n):
    global a
    a = [n]
def keeper(held):
    def keep(x):
        push(held, x)
        return held
    return keep
def counter(n):
    def count(x=1):
        nonlocal n
        n += x
        return n
    return count
def double(x):
    x *= 2
class Box:
    made = []
    def __init__(self, content):
        self.items = content if isinstance(content, list) else [0]
        self.reads = 0
        self.last = None
    def put(self, value):
        self.items.append(value)
    def twin(self):
        return Box(self.items)
    def __getitem__(self, place):
        self.reads += 1
        return place
    def __iadd__(self, value):
        self.put(value)
        return self
    def __iter__(self):
        self.reads += 10
        return iter([1])
    def __enter__(self):
        return self.items
    def __exit__(self, *problem):
        self.reads += 100
"""
FIRST = "a = [0]\nb = {}\nc = 1\nd = a\nf = copy_of\nfs = []\nbox = other = Box(d)\n"
FIRST += "np.random.seed(0)\nu = np.zeros(4)\nv = u[1:]\nw = np.ones(3)\n"
FIRST += "other_table = table = pd.DataFrame({'x': [1.0, 2.0]})\n"
# Which names share an object is part of the answer.
END = """\
seen = []
def look(x, depth=0):
    if any(x is each for each in seen):
        return f"#{[x is each for each in seen].index(True)}"
    if isinstance(x, (list, dict, Box)):
        seen.append(x)
    if depth > 6:
        return "..."
    if isinstance(x, list):
        return [look(each, depth + 1) for each in x]
    if isinstance(x, dict):
        return {k: look(v, depth + 1) for k, v in x.items()}
    if isinstance(x, Box):
        return ("box", look(x.items, depth + 1), x.reads, look(x.last, depth + 1))
    return x if isinstance(x, int) else type(x).__name__
final = repr([look(each) for each in (a, b, c, d, box, other, Box.made)])
final += repr([each.tolist() for each in (u, v, w)])
u[:1] = 70
v[:1] = 80
final += repr([each.tolist() for each in (u, v, w)] + [table.to_dict(), other_table.to_dict(), np.random.rand()])
"""


@st.composite
def programs(draw: st.DrawFn, statements: st.SearchStrategy[str]) -> str:
    text = START + f'# %% tags=["step:s0"]\n{FIRST}'
    for number in range(draw(st.integers(1, 5))):
        tag = f' tags=["step:s{number + 1}"]' if draw(st.booleans()) else ""
        text += f"# %%{tag}\n" + "\n".join(draw(st.lists(statements, min_size=1, max_size=4))) + "\n"
    return text + f'# %% tags=["step:end"]\n{END}'


def assert_unchanged(text: str) -> None:
    whole, _ = run_whole(text)
    final, _ = run_pipeline(built(text))
    assert shape(final["final"]) == shape(whole["final"])


SETTINGS = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


@SETTINGS
@given(programs(plain))
def test_a_program_cut_into_steps_ends_with_the_values_of_the_whole(text: str) -> None:
    assert_unchanged(text)


@SETTINGS
@given(programs(st.one_of(plain, functions)))
def test_so_does_one_with_functions_that_remember(text: str) -> None:
    assert_unchanged(text)


@SETTINGS
@given(programs(st.one_of(plain, objects)))
def test_so_does_one_with_objects_and_operators(text: str) -> None:
    assert_unchanged(text)


@SETTINGS
@given(programs(arrays))
def test_so_does_one_with_arrays_tables_and_random_numbers(text: str) -> None:
    assert_unchanged(text)


@SETTINGS
@given(programs(st.one_of(plain, functions, objects)))
def test_so_does_one_with_all_of_them(text: str) -> None:
    assert_unchanged(text)
