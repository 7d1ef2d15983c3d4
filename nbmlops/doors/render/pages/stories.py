"""Cells with the reasons why they stay or go, and hidden state: shared by several pages."""

from nbmlops.dataflow.explain import CellStory
from nbmlops.dataflow.hidden import HiddenState
from nbmlops.doors.render.blocks import Line, Page, Source, Table, Tone, cell


def label(story: CellStory) -> str:
    return f"{story.cell + 1} [{story.count}]" if story.count else str(story.cell + 1)


def stories(cells: tuple[CellStory, ...]) -> Table:
    """One line a cell."""
    rows = tuple(
        (
            cell(label(each), Tone.DIM),
            cell("stays" if each.stays else "goes", Tone.GOOD if each.stays else Tone.DIM),
            cell(each.preview, Tone.PLAIN if each.stays else Tone.DIM),
            cell("; ".join((each.why, *each.unbound, *(f"waits for {ask}" for ask in each.asks)))),
        )
        for each in cells
    )
    return Table(columns=("cell", "", "begins with", "why"), rows=rows)


def hidden(state: HiddenState) -> Page:
    """Nothing where there is none."""
    found: list[Line | Source] = []
    if state.hidden:
        found.append(Line("\nFrom the top the notebook would not make what this kernel holds:", Tone.WARN))
        for each in state.hidden:
            found.append(Line(f"- {each.sentence}.", Tone.WARN))
            if each.source:
                found.append(Source(each.source, title=f"[{each.maker}] as it ran" if each.maker else "as it ran"))
    if state.moves:
        found.append(Line("\nThe fewest moves that put it in order:", Tone.STRONG))
        found += [Line(f"- {move.sentence}.") for move in state.moves]
    return tuple(found)
