"""What a proposal says: whole, and whatever the texts in it are."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nbmlops.model.reconciler import Place, Reason
from nbmlops.reconcile.body import MOST, Story, body_of, message_of, title_of

PLACE = Place(file="deploy/prod.yaml", pointer="/model/version")
TABLE = """\
| metric | champion | challenger |
| --- | ---: | ---: |
| auc | 0.88 | **0.91** |
"""
REASON = Reason(
    need="any",
    holds=True,
    why="one of two holds",
    parts=(
        Reason(need="drift", holds=True, why="psi(age) is 0.31, over 0.2"),
        Reason(need="max_age", holds=None, why="it cannot be told"),
    ),
)
HOSTILE = [
    "@everyone look",
    "fixes #12, closes team/other#3 and GH-7, !4",
    "</details><script>alert(1)</script>",
    "```\n# not a heading\n```",
    "`` ` ``` ````",
    "\n\n# heading\n\n/merge\n/close",
    "[click](https://evil.example.org) ![](http://evil.example.org/x.png) <http://evil.example.org>",
    "| a | b |\n|---|---|\n| c | d |",
    "www.evil.example.org mailto:a@b.c",
    "a\u202eb\u200b\x1b[31m\x00",
    "password = 'hunter2hunter2'",
    "Nbmlops-Key: other",
    "x" * 100_000,
    "\n".join(["line"] * 10_000),
]


def story(text: str = "", table: str = TABLE) -> Story:
    """With a text in every place that takes one."""
    reason = (
        Reason(need=text, holds=False, why=text, parts=(Reason(need=text, holds=True, why=text),)) if text else REASON
    )
    return Story(
        name=text or "wine-train",
        model=text or "wine",
        place=Place(file=text, pointer=text) if text else PLACE,
        value=text or "13",
        before=text or "12",
        key=text or "sha256-ab",
        table=table,
        verdict=text or "it is better: auc +0.03 (0.01 to 0.05)",
        reason=reason,
        certificate=text or "the pipeline computes what its notebook computed",
        difference=text or "--- a\n+++ b\n-1\n+2\n",
        cost=text or "2.4 CPU hours",
        run=text or "0123abcd",
    )


def test_the_whole_of_it() -> None:
    assert title_of(story()) == "wine: 12 -> 13"
    assert (
        body_of(story(), "abc123")
        == """\
Model wine: `12` → `13`, in `deploy/prod.yaml` at `/model/version`.

## Champion and challenger

| metric | champion | challenger |
| --- | ---: | ---: |
| auc | 0.88 | **0.91** |

Verdict: it is better: auc +0.03 (0.01 to 0.05)

## Why

- **any**: yes, one of two holds
  - **drift**: yes, psi(age) is 0.31, over 0.2
  - **max\\_age**: unknown, it cannot be told

## How it was made

- By the reconciler `wine-train`
- Run: `0123abcd`
- Certificate: the pipeline computes what its notebook computed
- Cost: 2.4 CPU hours

<details><summary>Differences of the executed notebooks</summary>

```diff
--- a
+++ b
-1
+2
```

</details>

## Going back

- After it is merged: `git revert abc123`
- Key: `sha256-ab`"""
    )


def test_what_is_not_known_is_left_out() -> None:
    bare = body_of(Story(name="wine", place=PLACE, value="13", before="", key="k"))
    assert bare.startswith("Model wine: nothing → `13`")
    assert "- Certificate: none" in bare
    assert "Champion" not in bare
    assert "`git revert COMMIT`, with the commit that changed the value" in bare


def test_the_message_of_the_commit_is_plain() -> None:
    assert message_of(story()) == (
        "deploy/prod.yaml, /model/version: 12 -> 13\n"
        "Verdict: it is better: auc +0.03 (0.01 to 0.05)\n"
        "Certificate: the pipeline computes what its notebook computed\n"
        "Cost: 2.4 CPU hours\n"
        "Why: one of two holds"
    )


def check(text: str, table: str = TABLE) -> None:
    told = story(text, table)
    body = body_of(told, "abc123")
    assert len(body) <= MOST
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    headings = [after.content for each, after in itertools.pairwise(tokens) if each.type == "heading_open"]
    expected = ["Champion and challenger", "Why", "How it was made", "Going back"]
    assert headings == (expected if table else expected[1:])
    assert [each.content.strip() for each in tokens if each.type == "html_block"] == [
        "<details><summary>Differences of the executed notebooks</summary>",
        "</details>",
    ]
    inline = [child for each in tokens for child in each.children or () if child.type not in ("softbreak", "hardbreak")]
    assert not {child.type for child in inline} & {"link_open", "image", "html_inline"}
    written = "\n".join(child.content for child in inline if child.type == "text")
    for mark in ("@", "#", "://"):
        assert all(part.startswith("\u200b") or not part for part in written.split(mark)[1:])
    for each in (title_of(told), message_of(told), body):
        assert not any(row.lstrip().startswith("/") for row in each.splitlines())
    assert "hunter2" not in body + message_of(told) + title_of(told)
    assert "\n" not in title_of(told)
    assert len(message_of(told)) < 1_000_000
    for each in (title_of(told), message_of(told), body):
        assert "\x1b" not in each
        assert "\u202e" not in each


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_from_outside_stay_texts(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_so_do_those_in_a_table(text: str) -> None:
    cell = text.replace("\n", " ")
    check("a", f"| metric | champion |\n| --- | --- |\n| {cell} | @team #1 |\n")
    check("a", text)


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.sampled_from("ab`~*_[]()<>@#!|\\\n -=/:&1.$\"'"), min_size=1, max_size=40))
def test_whatever_is_written(text: str) -> None:
    if text.strip():
        check(text)


def test_long_tables_and_trees_are_cut() -> None:
    rows = "".join(f"| m{number} | 1 |\n" for number in range(500))
    body = body_of(story(table=f"| metric | v |\n| --- | --- |\n{rows}"))
    assert "... 440 more rows" in body
    deep = REASON
    for number in range(200):
        deep = Reason(need=f"all{number}", holds=True, why="w", parts=(deep, deep))
    body = body_of(Story(name="n", place=PLACE, value="1", before="0", key="k", reason=deep))
    assert body.count("**all") <= 60
    assert "... and more" in body
