"""What a proposal says to whoever has to agree to it: what changes, whether it is better, why, and how to go back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from nbmlops.model.reconciler import Place, Reason
from nbmlops.reconcile.markdown import block, code, line, plain, table

MOST = 60_000
"""Characters of a body. GitHub takes 65,536."""
_MOST_TITLE = 120
_MOST_REASONS, _DEEPEST = 60, 6
_BREAK = "\u200b"


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a proposal. Texts may come from anywhere: notebooks, models, needs of others."""

    name: str
    """Of the reconciler."""
    place: Place
    value: str
    before: str
    """What the value was; empty: nothing."""
    key: str
    model: str = ""
    table: str = ""
    """Champion and challenger, as Markdown."""
    verdict: str = ""
    """In a line."""
    reason: Reason | None = None
    certificate: str = ""
    """In a line: whether the pipeline computes what its notebook computed."""
    difference: str = ""
    """Of the executed notebooks, as a diff."""
    cost: str = ""
    """`2.4 CPU hours`."""
    run: str = ""
    """The pipeline's."""


def title_of(story: Story) -> str:
    """In a line without Markdown."""
    what = plain(story.model or story.name)[:_MOST_TITLE]
    return _unlinked(f"{what}: {plain(story.before)[:60] or 'nothing'} -> {plain(story.value)[:60]}")


def body_of(story: Story, commit: str = "") -> str:
    """Markdown. `commit` is the proposal's, once it is known."""
    parts = [
        f"Model {line(story.model or story.name)}: {code(story.before)} → {code(story.value)},"
        f" in {code(story.place.file)} at {code(story.place.pointer)}.",
    ]
    if story.table.strip():
        parts += ["## Champion and challenger", table(story.table)]
    if story.verdict:
        parts.append(f"Verdict: {line(story.verdict)}")
    if story.reason is not None:
        parts += ["## Why", "\n".join(_reasons(story.reason))]
    parts += ["## How it was made", "\n".join(_facts(story))]
    tail = ["## Going back", f"- {_going_back(commit)}\n- Key: {code(story.key)}"]
    if story.difference.strip():
        room = MOST - sum(len(part) + 2 for part in (*parts, *tail)) - 500
        shown = block(story.difference, "diff", most=max(0, min(20_000, room)))
        # Blank lines around the block: else it would be HTML to the end.
        parts += ["<details><summary>Differences of the executed notebooks</summary>", shown, "</details>"]
    return "\n\n".join([*parts, *tail])[:MOST]


def message_of(story: Story) -> str:
    """Of the commit, below its title: plain text, which forges look through for names and numbers as well."""
    place = f"{plain(story.place.file)}, {plain(story.place.pointer)}"
    lines = [f"{place}: {plain(story.before) or 'nothing'} -> {plain(story.value)}"]
    for what, said in (("Verdict", story.verdict), ("Certificate", story.certificate), ("Cost", story.cost)):
        if said:
            lines.append(f"{what}: {plain(said)[:300]}")
    if story.reason is not None:
        lines.append(f"Why: {plain(story.reason.why)[:300]}")
    return _unlinked("\n".join(lines))


def _reasons(reason: Reason, depth: int = 0) -> Iterator[str]:
    left = [_MOST_REASONS]

    def told(each: Reason, depth: int) -> Iterator[str]:
        if left[0] <= 0:
            return
        left[0] -= 1
        holds = {True: "yes", False: "no", None: "unknown"}[each.holds]
        yield f"{'  ' * depth}- **{line(each.need, 60)}**: {holds}, {line(each.why)}"
        for part in each.parts if depth < _DEEPEST else ():
            yield from told(part, depth + 1)

    yield from told(reason, depth)
    if left[0] <= 0:
        yield "- ... and more"


def _facts(story: Story) -> Iterator[str]:
    yield f"- By the reconciler {code(story.name)}"
    if story.run:
        yield f"- Run: {code(story.run)}"
    yield f"- Certificate: {line(story.certificate) or 'none'}"
    if story.cost:
        yield f"- Cost: {line(story.cost)}"


def _going_back(commit: str) -> str:
    if commit:
        return f"After it is merged: {code(f'git revert {commit}')}"
    return f"After it is merged: {code('git revert COMMIT')}, with the commit that changed the value"


def _unlinked(text: str) -> str:
    """Without Markdown there are no entities: the letter itself stands between."""
    for mark in ("@", "#", "://"):
        text = text.replace(mark, mark + _BREAK)
    return re.sub(r"(?m)^(?=\s*/)", _BREAK, text)
