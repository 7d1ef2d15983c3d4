"""A look on a page: the verdict first, then what is wrong, then how it came."""

from __future__ import annotations

from pathlib import Path

from nbmlops.doors.render.blocks import Line, Table, Tone
from nbmlops.doors.render.pages.monitor import page, picture
from tests.unit.monitor.deployments import Deployed


def lines(blocks: tuple[object, ...]) -> list[tuple[str, Tone]]:
    return [(each.text, each.tone) for each in blocks if isinstance(each, Line)]


def test_the_verdict_and_the_findings_come_first(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    wine.asked(4)
    wine.asked(1, shift=1.5)
    found = wine.look()
    blocks = page(found)
    assert lines(blocks)[0] == ("wine: 1 thing is wrong.", Tone.BAD)
    assert lines(blocks)[1][0].startswith("hue has drifted: mean ")
    timeline, columns = (each for each in blocks if isinstance(each, Table))
    # Two hours in which nothing was asked lie between.
    assert [cell.text for row in timeline.rows for cell in row[:2]] == ["rows", "█··█", "drift", "▁··█"]
    assert next(row[0].text for row in columns.rows) == "hue"
    assert "<script" not in picture(found)
    assert "1 thing is wrong." in picture(found)


def test_what_is_over_is_told_and_nothing_is_in_order(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    assert lines(page(wine.look(3)))[0] == ("wine: nothing to look at.", Tone.GOOD)
    wine.asked(2, shift=1.5)
    wine.look(1)
    wine.asked(1)
    told = lines(page(wine.look()))
    assert told[0] == ("wine is in order.", Tone.GOOD)
    assert told[1][0].startswith("Over: hue has drifted")
