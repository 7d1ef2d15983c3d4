"""Texts stay texts to every reader, also where keys stand without quotes and scripts as they are."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from nbmlops.lib.quoted_yaml import Block, dump, readable

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffe\uffff"), max_size=12)
WORDS = st.sampled_from(
    ["n", "y", "on", "Off", "NULL", "~", "1e3", "0o7", "012", "1:30", "a-b", "a.b/c", "<<", "=", ""]
)


@given(st.dictionaries(WORDS | TEXTS, WORDS | TEXTS | st.booleans() | st.lists(WORDS | TEXTS), max_size=6))
def test_every_reader_reads_the_same(document: dict[str, object]) -> None:
    for text in (readable(document), dump(document).decode()):
        assert yaml.safe_load(text) == document
        assert YAML(typ="safe", pure=True).load(text) == document


def test_people_read_keys_without_quotes_and_scripts_line_by_line() -> None:
    made = readable({"on": {"n": "on", "app.kubernetes.io/name": "1e3"}, "run": [Block("a\nb $(c)\n")], "no": True})
    assert made == ('"on":\n  "n": "on"\n  app.kubernetes.io/name: "1e3"\nrun:\n  - |\n    a\n    b $(c)\n"no": true\n')


def test_a_script_that_no_block_can_hold_stands_in_quotes() -> None:
    for script in ("a  \nb\n", "\x07\n", "no end", " \n x\n", "\n\nlate\n", "tab\there\n"):
        assert yaml.safe_load(readable({"run": Block(script)})) == {"run": script}
