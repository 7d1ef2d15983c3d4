from nbmlops.dataflow.explain import CellStory, Link
from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, fields, many, place
from nbmlops.doors.render.pages.stories import hidden, label, stories
from nbmlops.ops.explain import Result


def page(result: Result) -> Page:
    if result.is_one:
        return _one(result.cells[0])
    kept = sum(each.stays for each in result.cells)
    return (
        Line(f"{place(result.path)}: {kept} of {many(len(result.cells), 'code cell')} matter", Tone.STRONG),
        stories(result.cells),
        *hidden(result.state),
    )


def _one(story: CellStory) -> Page:
    verb = "stays" if story.stays else "goes"
    return (
        Line(f"Cell {label(story)} {verb}: {story.why}.", Tone.GOOD if story.stays else Tone.WARN),
        Line(story.preview, Tone.DIM),
        fields(
            [
                ("defines", ", ".join(story.defines)),
                ("changes", ", ".join(story.mutates)),
                ("reads files", ", ".join(story.files_read)),
                ("writes files", ", ".join(story.files_written)),
                ("hidden state", ", ".join(story.state)),
                ("chance", "; ".join(story.chance)),
                ("waits for", "; ".join(story.asks)),
                ("missing", "; ".join(story.unbound)),
            ]
        ),
        *_links("Needs", story.reads),
        *_links("Needed by", story.needed_by),
    )


def _links(title: str, links: tuple[Link, ...]) -> Page:
    if not links:
        return ()
    rows = tuple((cell(link.cell + 1), cell(link.name, Tone.STRONG), cell(link.evidence)) for link in links)
    return (Table(columns=("cell", "name", "evidence"), rows=rows, title=title),)
