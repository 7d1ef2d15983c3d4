"""One scalar of a text is read and set; every other byte stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.reconcile import pointer_json, pointer_yaml
from nbmlops.reconcile.pointer import read, write
from nbmlops.reconcile.scalar_found import tokens_of, written

KPTFILE = """\
apiVersion: kpt.dev/v1
kind: Kptfile  # who
metadata: {name: 'labelbot', "labels": {team: a}}
openAPI:
  definitions:
    io.k8s.cli.setters.model:
      x-k8s-cli:
        setter:
          name: model
          value: projects/1/models/TCN1  # {"$kpt-set":"model"}
"""
KUSTOMIZATION = """\
images:
- name: wine   # the model's server
  newTag: "1.9"
- name: other
  newTag: '2'
"""


def of(value: str) -> str:
    """A document with the value, as it is written."""
    return f"# head\nmodel:\n  version: {value}  # tail\nafter: [1, two]\n"


def test_what_a_setter_of_kpt_says_is_set_and_its_comment_stays() -> None:
    place = "/openAPI/definitions/io.k8s.cli.setters.model/x-k8s-cli/setter/value"
    assert read(KPTFILE, place, "Kptfile") == "projects/1/models/TCN1"
    assert write(KPTFILE, place, "projects/1/models/TCN2", "Kptfile") == KPTFILE.replace("TCN1", "TCN2")


def test_the_tag_of_an_image_keeps_its_quotes() -> None:
    assert write(KUSTOMIZATION, "/images/0/newTag", "1.10", "k.yaml") == KUSTOMIZATION.replace('"1.9"', '"1.10"')
    assert write(KUSTOMIZATION, "/images/1/newTag", "it's", "k.yaml") == KUSTOMIZATION.replace("'2'", "'it''s'")


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("12", "13", "13"),
        ("12", "v13", "v13"),
        ("v12", "13", '"13"'),
        ("v12", "v13", "v13"),
        ("1.9", "2.5", "2.5"),
        ("1.9", "1.10", '"1.10"'),
        ("12", "007", '"007"'),
        ("12", "1_000", '"1_000"'),
        ("true", "false", "false"),
        ("v1", "true", '"true"'),
        ("v1", "n", '"n"'),
        ("v1", "Off", '"Off"'),
        ("v1", "1e3", '"1e3"'),
        ("12", "123e4567", '"123e4567"'),
        ("v1", "0o7", '"0o7"'),
        ("v1", "12:30", '"12:30"'),
        ("v1", "2026-01-01", '"2026-01-01"'),
        ("v1", "null", '"null"'),
        ("v1", "~", '"~"'),
        ("v1", ".inf", '".inf"'),
        ("v1", "", '""'),
        ("v1", "a: b", '"a: b"'),
        ("v1", "a #b", '"a #b"'),
        ("v1", "a:", '"a:"'),
        ("v1", "- a", '"- a"'),
        ("v1", "reg.example.com:5000/wine@sha256:ab", "reg.example.com:5000/wine@sha256:ab"),
        ("v1", "two\nlines\u2028", '"two\\nlines\\u2028"'),
        ("'v1'", "two\nlines", '"two\\nlines"'),
        ('"v1"', 'a "b" \\c', '"a \\"b\\" \\\\c"'),
        ("", "13", '"13"'),
        ("", "v13", "v13"),
        ("~", "v13", "v13"),
    ],
)
def test_a_value_gets_quotes_where_it_would_be_something_else_without(before: str, value: str, after: str) -> None:
    changed = write(of(before), "/model/version", value, "prod.yaml")
    assert changed == (of(before).replace("version:", f"version: {after}") if not before else of(after))
    assert read(changed, "/model/version", "prod.yaml") == value


def test_line_ends_a_byte_order_mark_and_letters_of_any_kind_stay() -> None:
    text = '\ufeff# 😀\r\n"ключ😀":\r\n  tag:   v1\t# c\r\n...\r\n'
    assert write(text, "/ключ😀/tag", "v2", "a.yaml") == text.replace("v1", "v2")


def test_the_last_line_needs_no_end() -> None:
    assert write("a: 1", "/a", "2", "a.yaml") == "a: 2"
    assert write("a:", "/a", "x", "a.yaml") == "a: x"
    assert write("- \n- b\n", "/0", "x", "a.yaml") == "- x \n- b\n"
    assert write("one", "", "two", "a.yaml") == "two"


def test_a_document_is_named_by_its_number_only_where_there_are_several() -> None:
    several = "%YAML 1.1\n---\nmodel: {version: 1}\n---\nmodel: {version: 2} # b\n"
    assert read(several, "/1/model/version", "a.yaml") == "2"
    assert read(several, "/model/version", "a.yaml") == "1"
    assert write(several, "/1/model/version", "3", "a.yaml") == several.replace("2} # b", "3} # b")
    assert read("- - 5\n", "/0/0", "a.yaml") == "5"
    with pytest.raises(NotFoundError, match=r"a.yaml:1: there is no '2' in it."):
        read(several, "/2/model/version", "a.yaml")


def test_names_with_slashes_and_tildes_are_escaped() -> None:
    assert read("a/b: {c~d: 1}\n", "/a~1b/c~0d", "a.yaml") == "1"
    assert tokens_of("/a~1b/c~0d/") == ("a/b", "c~d", "")
    for wrong in ("model/version", "/a~2", "/a~"):
        with pytest.raises(UsageError, match="is no JSON pointer"):
            read("a: 1\n", wrong, "a.yaml")


def test_null_is_no_value() -> None:
    for nothing in ("", "~", "null"):
        assert read(of(nothing), "/model/version", "a.yaml") is None
    assert read(of('""'), "/model/version", "a.yaml") == ""
    assert read('{"a": null}', "/a", "a.json") is None


@pytest.mark.parametrize(
    ("text", "pointer", "message"),
    [
        ("a:\n  b: 1\n", "/a/c", r"f.yaml:2: there is no 'c' in /a. There is: b"),
        ("a:\n  version: 1\n", "/a/versoin", r"f.yaml:2: .*Do you mean /a/version\?"),
        ("a: [1]\n", "/a/1", r"f.yaml:1: there is no '1' in /a"),
        ("a: [1]\n", "/a/-", r"f.yaml:1: there is no '-' in /a"),
        ("a: [1]\n", "/a/00", r"f.yaml:1: there is no '00' in /a"),
        ("a:\n\n b: 1\n", "/a/b/c", r"f.yaml:3: /a/b is a scalar: nothing is in it"),
        ("a: {b: 1}\n", "/a", r"f.yaml:1: /a is no scalar"),
        ("a: {b: 1}\n", "", r"f.yaml:1: it is no scalar"),
        ("", "/a", r"f.yaml:1: it is empty"),
        ("a: 1\nb: 2\na: 3\n", "/a", r"f.yaml:3: /a stands there twice"),
        ("a: [1\nb: }\n", "/a", r"f.yaml:2: it is no YAML"),
        ("a: &x 1\nb: *x\n", "/b", r"f.yaml:2: /b is an alias"),
        ("a: &x {c: 1}\nb: *x\n", "/b/c", r"f.yaml:2: /b is an alias"),
        ("x: &x {c: 1}\nb:\n  <<: *x\n", "/b/c", r"f.yaml:3: /b/c may come from what is merged here"),
    ],
)
def test_where_a_pointer_leads_nowhere_the_line_is_told(text: str, pointer: str, message: str) -> None:
    with pytest.raises((UsageError, NotFoundError), match=message):
        read(text, pointer, "f.yaml")
    with pytest.raises((UsageError, NotFoundError), match=message):
        write(text, pointer, "9", "f.yaml")


@pytest.mark.parametrize(
    ("text", "pointer", "why"),
    [
        ("a: 0\nb: &x 1\n", "/b", "it has the anchor &x"),
        ("a: 0\nb: !!str 1\n", "/b", "it has the tag"),
        ("a: 0\nb: |\n  1\n", "/b", r"it is a block \(\|\)"),
        ("a: 0\nb: >-\n  1\n", "/b", r"it is a block \(>\)"),
        ("c: 0\na: &x {b: 1}\nd: *x\n", "/a/b", "it belongs to &x, which stands elsewhere as well"),
    ],
)
def test_what_is_not_edited_can_be_read(text: str, pointer: str, why: str) -> None:
    assert read(text, pointer, "f.yaml") is not None
    with pytest.raises(UsageError, match=f"f.yaml:2: {pointer} cannot be edited: {why}"):
        write(text, pointer, "2", "f.yaml")


def test_an_anchor_that_nobody_uses_is_in_nobodys_way() -> None:
    assert write("a: &x {b: 1}\n", "/a/b", "2", "f.yaml") == "a: &x {b: 2}\n"


def test_json_keeps_its_spaces_and_its_kinds() -> None:
    text = '{\r\n\t"model" : {"version":"12" ,"n": 4, "on":true}, "list":[ 1,{"a":null}] }\n'
    assert write(text, "/model/version", "13", "a.json") == text.replace('"12"', '"13"')
    assert write(text, "/model/n", "5", "a.json") == text.replace("4", "5")
    assert write(text, "/model/n", "v5", "a.json") == text.replace("4", '"v5"')
    assert write(text, "/model/on", "false", "a.json") == text.replace("true", "false")
    assert write(text, "/list/1/a", 'ü"', "a.JSON") == text.replace("null", '"ü\\""')


@pytest.mark.parametrize(
    ("text", "pointer", "message"),
    [
        ('{"a": 1,\n "b": }', "/a", "f.json:2: it is no JSON"),
        ('{"a": 1,\n "a": 2}', "/a", "f.json:2: /a stands there twice"),
        ('{\n"a": {}}', "/a", "f.json:2: /a is no scalar"),
        ('{\n"a": 1}', "/a/b", "f.json:2: /a is a scalar"),
        ('{\n"version": 1}', "/versio", "f.json:1: there is no 'versio' in it. Do you mean /version"),
        ("[" * 100_000, "/0", "f.json:1: it is no JSON"),
        ("", "/a", "f.json:1: it is no JSON"),
    ],
)
def test_what_is_wrong_with_json_is_told_with_its_line(text: str, pointer: str, message: str) -> None:
    with pytest.raises((UsageError, NotFoundError), match=message):
        read(text, pointer, "f.json")


def test_deep_and_hostile_yaml_is_no_end_of_the_world() -> None:
    for text in ("[" * 20_000, "a: " + "{b: " * 20_000, "\x00", "a: 1\n" + "\x07", "a: *b\n"):
        with pytest.raises((UsageError, NotFoundError)):
            read(text, "/a", "f.yaml")
    with pytest.raises(UsageError, match="more than a million characters"):
        read("a" * (2 << 20), "/a", "f.yaml")
    with pytest.raises(UsageError, match="no Unicode text"):
        write("a: 1\n", "/a", "\ud800", "f.yaml")


@settings(max_examples=400, deadline=None)
@given(
    text=st.text(st.sampled_from("ab:- \n{}[],'\"#&*!|>%?\t0\\\r~<=\x85\u2028\ufeff"), max_size=40),
    pointer=st.sampled_from(["", "/a", "/0", "/a/b", "/0/a", "/a/0", "/1/a", "/b"]),
    value=st.text(max_size=6),
    name=st.sampled_from(["f.yaml", "f.json"]),
    has_c=st.booleans(),
)
def test_of_whatever_text_a_value_is_set_or_refused(
    text: str, pointer: str, value: str, name: str, has_c: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if not has_c:
            patch.delattr(yaml, "CSafeLoader", raising=False)
        try:
            before = read(text, pointer, name)
            changed = write(text, pointer, value, name)
        except (UsageError, NotFoundError):
            return
        assert read(changed, pointer, name) == value
        assert (changed == text) is (before == value)


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), min_size=1, max_size=8).filter(
    lambda key: key != "<<" and key.isprintable()
)
SCALARS = st.one_of(st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.none())
TREES = st.recursive(
    SCALARS,
    lambda part: st.one_of(st.lists(part, min_size=1, max_size=3), st.dictionaries(KEYS, part, min_size=1, max_size=3)),
    max_leaves=8,
)


def leaves(tree: Any, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(tree, dict):
        return [leaf for key, part in tree.items() for leaf in leaves(part, (*at, key))]
    if isinstance(tree, list):
        return [leaf for number, part in enumerate(tree) for leaf in leaves(part, (*at, str(number)))]
    return [at]


def with_set(tree: Any, at: tuple[str, ...], value: Any) -> Any:
    if not at:
        return value
    if isinstance(tree, list):
        return [with_set(part, at[1:], value) if str(n) == at[0] else part for n, part in enumerate(tree)]
    return {key: with_set(part, at[1:], value) if key == at[0] else part for key, part in tree.items()}


@settings(max_examples=250, deadline=None)
@given(
    tree=TREES,
    value=st.one_of(st.text(max_size=12), st.sampled_from(["n", "1e3", "0o7", "12:30", "1.10", "5", "-3", "2.5", "v"])),
    style=st.sampled_from([None, "'", '"']),
    is_flow=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    data=st.data(),
)
def test_what_is_set_is_read_and_nothing_else_is_other_than_it_was(
    tree: Any, value: str, style: str | None, is_flow: bool, end: str, data: st.DataObject
) -> None:
    dumped = yaml.safe_dump(tree, default_style=style, default_flow_style=is_flow, allow_unicode=True)
    # Tags are what it writes where a style hides what a value is.
    text = dumped.replace("!!int ", "").replace("!!float ", "").replace("!!bool ", "").replace("!!null ", "")
    text = "# head" + end + text.replace("\n", end) + "# tail"
    read_by = yaml.load(text, Loader=yaml.BaseLoader)
    at = data.draw(st.sampled_from(leaves(read_by)))
    found = pointer_yaml.find(text, at, "f.yaml")
    changed = write(text, written(at), value, "f.yaml")
    assert read(changed, written(at), "f.yaml") == value
    assert yaml.load(changed, Loader=yaml.BaseLoader) == with_set(read_by, at, value)
    if changed != text:
        assert changed.startswith(text[: found.start])
        assert changed.endswith(text[found.end :])
        new = changed[found.start : len(changed) - len(text) + found.end]
        kinds = (yaml.safe_load(text[found.start : found.end]), yaml.safe_load(new))
        assert isinstance(kinds[1], (str, type(kinds[0]))) or isinstance(kinds[0], int | float)


@settings(max_examples=150, deadline=None)
@given(tree=TREES, value=st.text(max_size=12), indent=st.sampled_from([None, 2, "\t"]), data=st.data())
def test_the_same_holds_of_json(tree: Any, value: str, indent: int | str | None, data: st.DataObject) -> None:
    text = json.dumps(tree, indent=indent)
    at = data.draw(st.sampled_from(leaves(tree)))
    found = pointer_json.find(text, at, "f.json")
    changed = write(text, written(at), value, "f.json")
    assert read(changed, written(at), "f.json") == value
    assert changed.startswith(text[: found.start])
    assert changed.endswith(text[found.end :])
    now = json.loads(changed)
    assert repr(with_set(now, at, None)) == repr(with_set(json.loads(text), at, None))
