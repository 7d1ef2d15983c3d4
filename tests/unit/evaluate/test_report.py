"""The page of an evaluation: whole by itself, and harmless whatever names say."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from nbmlops.evaluate.report import MOST_SLICES, body, report
from nbmlops.model.evaluation import Confusion, Data, Evaluated, Evaluation, Rule
from tests.unit.evaluate.evaluations import evaluation, of_numbers, slice_of

VOID = {"meta", "br", "line", "rect", "circle", "polyline"}
RULE = Rule(rule="accuracy at least", value=0.9, limit=0.95, passed=False, why="It is 0.9.", line=3)


class Tags(HTMLParser):
    """Notes tags that are not closed, scripts, and addresses that would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert not {"src", "href", "onclick", "onerror", "onload"} & {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert not tags.open
    assert not {"script", "link", "img", "iframe", "object"} & tags.names
    return tags


@pytest.mark.parametrize(
    "found", [evaluation(), evaluation(against=None), of_numbers(), evaluation(gate=(RULE,), passed=False)]
)
def test_the_page_is_whole_and_fetches_nothing(found: Evaluation) -> None:
    text = report(found)
    assert text.startswith("<!doctype html>")
    assert "default-src 'none'" in text
    assert "prefers-color-scheme:dark" in text
    assert not re.findall(r"(?:https?:)?//\w", text)
    assert not {"nan", "None", "inf"} & set(re.findall(r"\b(?:nan|None|inf)\b", text))
    assert found.model.name in read(text).text
    assert read(body(found)).text


def test_what_is_told() -> None:
    found = evaluation(gate=(RULE,), passed=False)
    told = read(report(found)).text
    assert "The gate is not passed." in told
    assert "It is 0.9." in told
    assert "not kept" in told
    assert "0.85 to 0.94" in told
    assert "-0.2" in told
    assert "red" in told
    assert "The gate is passed." in read(report(msgspec.structs.replace(found, passed=True))).text


def test_slices_beyond_the_first_are_folded_away() -> None:
    many = tuple(slice_of(f"v{each}") for each in range(MOST_SLICES + 7))
    tags = read(report(evaluation(slices=many)))
    assert "details" in tags.names
    assert "7 more" in tags.text
    assert f"v{MOST_SLICES + 6}" in tags.text


def test_names_that_look_like_html_stay_text() -> None:
    bad = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    found = evaluation(
        model=Evaluated(name=bad, estimator=bad, digest=bad),
        against=Evaluated(name=bad),
        data=Data(place=bad, digest="0" * 64, bytes=1, rows=1, target=bad, notes=(bad,)),
        slices=(slice_of(bad, column=bad),),
        confusion=Confusion(labels=(bad, bad), counts=((1, 0), (0, 1))),
        gate=(msgspec.structs.replace(RULE, rule=bad, why=bad),),
        passed=False,
    )
    assert bad in read(report(found)).text
