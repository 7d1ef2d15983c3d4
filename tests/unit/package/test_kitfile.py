"""Kitfiles as `kit` reads them, and what is said of those that are wrong."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import UsageError
from nbmlops.package.kitfile import config_json, dump, edited, from_config, parse_kitfile
from nbmlops.package.yaml12 import resolved
from tests.unit.package.kits import KITFILE

FULL = """\
manifestVersion: 1.0.0
package: {name: w, version: 1.0, description: d, license: MIT, authors: [A, B]}
model:
  name: m
  path: model
  framework: sklearn
  parts:
    - {name: p, path: parts/p.bin, type: lora.adapter, license: MIT}
  parameters: {a: 1.0e+3, b: [1, null, yes]}
code: [{path: src, description: c}]
datasets:
  - {name: here, path: data.csv}
  - {name: there, remotePath: 's3://b/d.csv', remoteHash: 'sha256:00'}
docs: [{path: README.md}]
prompts: [{name: q, path: q.md}]
mcpServers: [{name: s, path: s.mcpb}]
"""


def test_every_part_is_read_and_written() -> None:
    kitfile = parse_kitfile(FULL.encode())
    assert parse_kitfile(dump(kitfile).encode()) == kitfile
    assert from_config(config_json(kitfile)) == kitfile
    assert kitfile.package.version == "1.0"
    assert kitfile.model is not None
    assert kitfile.model.parameters == {"a": 1000.0, "b": [1, None, "yes"]}


WRONG = {
    "unknown key": ("package:\n  nam: x\n", "line 2: package has no key 'nam'. Did you mean name?"),
    "unknown at the top": (
        "model:\n  path: m\nmodels: {}\n",
        "line 3: a Kitfile has no key 'models'. Did you mean model?",
    ),
    "key twice": ("package: {}\ncode: []\npackage: {}\n", "line 3: package stands here twice"),
    "path twice": ("code:\n- path: src\ndocs:\n- path: ./src/\n", "line 4: ./src/ is listed twice, first in line 2"),
    "outside": ("code:\n- path: ../src\n", "line 2: ../src leads out of the folder"),
    "absolute": ("code:\n- path: /etc\n", "line 2: /etc leads out of the folder"),
    "an address": ("datasets:\n- path: https://x/y\n", "line 2: https://x/y is an address, not a path"),
    "list for text": ("package:\n  name: [a]\n", "line 2: a text belongs here"),
    "text for list": ("package:\n  authors: A\n", "line 2: a list belongs here"),
    "text for mapping": ("model: m\n", "line 1: a mapping belongs here"),
    "odd part type": ("model:\n  path: m\n  parts:\n  - {path: p, type: a b}\n", "line 4: 'a b' is no type of a part"),
    "no number of JSON": ("model:\n  path: m\n  parameters:\n    a: .nan\n", "line 4: .nan is no number that JSON has"),
    "no YAML": ("package: {name: [}\n", "line 1: "),
    "key that is no text": ("model:\n  parameters:\n    1: a\n", "line 3: a key must be text"),
    "not UTF-8": (b"package: {name: \xff}\n", "it is not UTF-8 text"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_line(name: str) -> None:
    text, said = WRONG[name]
    with pytest.raises(UsageError) as caught:
        parse_kitfile(text if isinstance(text, bytes) else text.encode())
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_aliases_cannot_stand_for_millions_of_values() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    bomb = "model:\n  path: m\n  parameters:\n" + "".join(f"    {line}\n" for line in lines)
    with pytest.raises(UsageError, match="it stands for too many values"):
        parse_kitfile(bomb.encode())


def test_a_short_alias_is_followed() -> None:
    found = parse_kitfile(b"model:\n  path: m\n  parameters:\n    a: &x {k: 1}\n    b: {<<: *x, j: 2}\n")
    assert found.model is not None
    assert found.model.parameters == {"a": {"k": 1}, "b": {"k": 1, "j": 2}}


SCALARS = {
    "1200": 1200,
    "0x1F": 31,
    "0o17": 15,
    "017": 15,
    "0b11": 3,
    "1_000": 1000,
    "1.2e3": 1200.0,
    ".5": 0.5,
    "yes": "yes",
    "on": "on",
    "True": True,
    "~": None,
    "1.2.3": "1.2.3",
    "2024-02-03": "2024-02-03T00:00:00Z",
    "2024-02-03 04:05:06.70+02:00": "2024-02-03T04:05:06.7+02:00",
    "2024-13-03": "2024-13-03",
    "-": "-",
    "+x": "+x",
}


@pytest.mark.parametrize("text", SCALARS)
def test_scalars_stand_for_what_kit_takes_them_for(text: str) -> None:
    assert resolved(text) == SCALARS[text]


def test_an_edit_keeps_comments() -> None:
    text = "# ours\nmanifestVersion: 1.0.0\npackage:\n  name: wine  # the product\n  version: 1.0\n"
    after = edited(text, {"package.version": "2.0", "model.path": "model"})
    assert "# ours" in after
    assert "# the product" in after
    kitfile = parse_kitfile(after.encode())
    assert kitfile.package.version == "2.0"
    assert kitfile.model is not None


def test_what_was_edited_is_what_was_meant() -> None:
    assert "trees: 100" in KITFILE
    assert parse_kitfile(edited(KITFILE, {"model.parameters.trees": 50}).encode()).model.parameters == {"trees": 50}


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_one_line(text: str) -> None:
    said = ""
    try:
        parse_kitfile(text.encode(errors="replace"))
    except UsageError as error:
        said = error.message
    assert "\n" not in said


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from([*SCALARS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(VALUES)
def test_parameters_survive_the_way_through_a_file(parameters: object) -> None:
    kitfile = parse_kitfile(KITFILE.encode())
    assert kitfile.model is not None
    model = msgspec.structs.replace(kitfile.model, parameters={"p": parameters})
    found = parse_kitfile(dump(msgspec.structs.replace(kitfile, model=model)).encode()).model
    assert found is not None
    assert found.parameters == {"p": parameters}
