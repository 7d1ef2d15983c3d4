"""Whatever a small program does to its names, cutting it into steps changes nothing."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.pipeline.harness import built, run_pipeline, run_whole, shape

NAMES = ("a", "b", "c", "d")
name = st.sampled_from(NAMES)
number = st.integers(0, 9)

statement = st.one_of(
    st.builds("{} = {}".format, name, number),
    st.builds("{} = [{}]".format, name, number),
    st.builds("{} = {{'k': {}}}".format, name, number),
    st.builds("{} = {}".format, name, name),
    st.builds("{} = [{}, {}]".format, name, name, name),
    st.builds("if isinstance({0}, list):\n    {0}.append({1})".format, name, number),
    st.builds(
        "if isinstance({0}, list) and {0} and isinstance({0}[0], list):\n    {0}[0].append({1})".format,
        name,
        number,
    ),
    st.builds("if isinstance({0}, list):\n    {0} += [{1}]".format, name, number),
    st.builds("if isinstance({0}, int):\n    {0} += {1}".format, name, number),
    st.builds("if isinstance({0}, dict):\n    {0}['n{1}'] = {1}".format, name, number),
    st.builds("push({}, {})".format, name, number),
    st.builds("{} = same({})".format, name, name),
    st.builds("{0} = copy_of({1})".format, name, name),
    st.builds("for item in [{0}, {1}]:\n    push(item, {2})".format, name, name, number),
    st.builds("reset({})".format, number),
    st.builds("if len(str({0})) > 6:\n    {1} = {2}".format, name, name, number),
)

FUNCTIONS = """\
# %%
def push(target, value):
    if isinstance(target, list):
        target.append(value)
    elif isinstance(target, dict):
        target["p"] = value
def same(x):
    return x
def copy_of(x):
    return list(x) if isinstance(x, list) else x
def reset(n):
    global a
    a = [n]
"""


@st.composite
def programs(draw: st.DrawFn) -> str:
    text = FUNCTIONS + '# %% tags=["step:s0"]\na = [0]\nb = {}\nc = 1\nd = a\n'
    for number in range(draw(st.integers(1, 4))):
        tag = f' tags=["step:s{number + 1}"]' if draw(st.booleans()) else ""
        text += f"# %%{tag}\n" + "\n".join(draw(st.lists(statement, min_size=1, max_size=4))) + "\n"
    # Which names share an object is part of the answer.
    text += '# %% tags=["step:end"]\nfinal = repr([a, b, c, d])\nfor one in (a, b, c, d):\n    push(one, 77)\n'
    return text + "final += repr([a, b, c, d])\n"


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_a_program_cut_into_steps_ends_with_the_values_of_the_whole(text: str) -> None:
    whole, _ = run_whole(text)
    made = built(text)
    final, _ = run_pipeline(made)
    assert shape(final["final"]) == shape(whole["final"])
