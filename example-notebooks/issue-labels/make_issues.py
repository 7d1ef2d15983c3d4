"""Issues of a made-up project, with the label that a maintainer would give: bug, feature or question.

    python make_issues.py            writes data/issues.csv, data/holdout.csv and an empty data/corrections.csv

Later the project gets a sidebar, and people write about it in words that nobody had used before: `news`.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

LABELS = ("bug", "feature", "question")
OPENINGS = {
    "bug": ("{thing} crashes when I {act}", "{thing} {act} gives the wrong result", "error in {thing} after {act}",
            "regression: {thing} fails to {act}"),
    "feature": ("please let {thing} {act}", "it would be nice if {thing} could {act}", "support for {thing} to {act}",
                "proposal: {thing} should {act} by itself"),
    "question": ("how do I {act} with {thing}", "what does {thing} do when I {act}", "is {thing} meant to {act}",
                 "where is it documented how {thing} can {act}"),
}  # fmt: skip
NEWS = {
    "bug": ("sidebar blank, {thing} gone after {act}", "{thing} flickers in the panel while I {act}",
            "panel frozen: {thing}, {act}, nothing moves"),
    "feature": ("dark colours for {thing} in the panel", "drag {thing} onto the sidebar to {act}",
                "a shortcut in the panel to {act}"),
    "question": ("lost in the sidebar: {thing}, {act}?", "which panel shows {thing}?",
                 "sidebar or menu to {act}, any advice"),
}  # fmt: skip
THINGS = ("the parser", "the cache", "the loader", "the report", "an export", "the scheduler", "a column", "the index")
ACTS = ("save a file", "sort rows", "merge tables", "read a date", "rename it", "run twice", "use two threads")


def issues(count: int, seed: int, *, share_of_news: float = 0.0) -> list[tuple[str, str]]:
    """(title, label); the same seed gives the same ones."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        label = chance.choice(LABELS)
        openings = (NEWS if chance.random() < share_of_news else OPENINGS)[label]
        title = chance.choice(openings).format(thing=chance.choice(THINGS), act=chance.choice(ACTS))
        found.append((title, label))
    return found


def write(path: Path, rows: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("title", "label"), *rows])


if __name__ == "__main__":
    write(Path("data/issues.csv"), issues(600, seed=1))
    write(Path("data/holdout.csv"), issues(300, seed=2, share_of_news=0.5))
    write(Path("data/corrections.csv"), [])
