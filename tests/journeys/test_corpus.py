"""Notebooks as people write them, exported and proven: equivalent, or honestly not comparable."""

from __future__ import annotations

import pytest

from tests.corpus.texts import notebooks
from tests.journeys.conftest import Terminal, write

NOTEBOOKS = notebooks()
NOT_COMPARABLE = {
    "unseeded": "np.random.rand() in cell 4 is not seeded",
    "asks_for_input": "the notebook itself does not run: cell [2]: it asks for input, and nobody is there to type",
}
"""Why; the others are equivalent."""


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_exports_equivalent_or_says_why_it_cannot_be_told(name: str, terminal: Terminal) -> None:
    text, files = NOTEBOOKS[name]
    for path, content in files.items():
        (terminal.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (terminal.folder / path).write_text(content, encoding="utf-8")
    write(terminal.folder, f"{name}.ipynb", text)
    before = {path.name for path in terminal.folder.iterdir()}
    certificate = terminal.good("export", f"{name}.ipynb")["certificate"]
    assert certificate["verdict"] == ("NOT COMPARABLE" if name in NOT_COMPARABLE else "EQUIVALENT"), certificate
    assert certificate["reason"] == NOT_COMPARABLE.get(name, "")
    assert not any(each["verdict"] == "DIVERGES" for each in certificate["comparisons"])
    assert {path.name for path in terminal.folder.iterdir()} - before <= {"pipelines", ".nbmlops", "nbmlops.toml"}


@pytest.mark.slow
def test_a_value_that_no_two_runs_share_is_not_held_against_the_pipeline(terminal: Terminal) -> None:
    # Nothing in the code says that the address of an object is another one each time.
    write(terminal.folder, "address.ipynb", "# %%\nplace = id(object())\nn = 3\n# %%\nfar = place * 2\nm = n + 1")
    certificate = terminal.good("export", "address.ipynb")["certificate"]
    assert certificate["verdict"] == "NOT COMPARABLE"
    assert "differs between two runs of the notebook itself" in certificate["reason"]
    assert {each["name"]: each["verdict"] for each in certificate["comparisons"]}["m"] == "EQUIVALENT"


def test_measured_times_leave_the_rest_comparable(terminal: Terminal) -> None:
    write(
        terminal.folder,
        "clock.ipynb",
        "# %%\nimport time\nbegan = time.time() % 1000\n# %%\nn = sum(range(9))\nafter = began + n\nm = n * 2",
    )
    certificate = terminal.good("export", "clock.ipynb")["certificate"]
    assert certificate["verdict"] == "EQUIVALENT"
    assert {each["name"]: each["causes"] for each in certificate["comparisons"] if each["causes"]} == {
        "after": ["time.time() in cell 1 reads the clock"]
    }
