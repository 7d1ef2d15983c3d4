"""What cells show, as a real kernel sends it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmlops.model.cell import Execution
from nbmlops.model.trace import CellOutputs
from nbmlops.project import Project
from tests.kernels import Kernel


@pytest.fixture
def kernel(project: Project) -> Iterator[Kernel]:
    made = Kernel(project.root, dict(os.environ), notebook=project.root / "n.ipynb")
    yield made
    made.close()


def shown(kernel: Kernel, project: Project, *cells: str) -> list[tuple[dict[str, Any], ...]]:
    """Outputs of the cells, as they are on the disk after them."""
    kernel.run("%load_ext nbmlops")
    for source in cells:
        kernel.run(source)
    kernel.good("%mlops track")
    executions = project.records.oldest(Execution)[1 : len(cells) + 1]
    assert [each.source for each in executions] == list(cells)
    found = [project.records.get(CellOutputs, execution.id) for execution in executions]
    return [each.outputs if each is not None else () for each in found]


def test_streams_results_pictures_and_errors_in_their_order(kernel: Kernel, project: Project) -> None:
    printed, value, drawn, failed, silent = shown(
        kernel,
        project,
        "import sys\nprint('a')\nprint('b')\nprint('c', file=sys.stderr)",
        "6 * 7",
        "from IPython.display import display, Image\ndisplay(Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + b'0' * 64))",
        "1 / 0",
        "x = 1",
    )
    assert [(each["name"], each["text"]) for each in printed] == [("stdout", "a\nb\n"), ("stderr", "c\n")]
    assert (value[0]["output_type"], value[0]["data"]) == ("execute_result", {"text/plain": "42"})
    assert drawn[0]["data"]["image/png"].startswith("iVBORw0KGgo")
    assert (failed[0]["ename"], failed[0]["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert not any("\x1b" in line for line in failed[0]["traceback"])
    assert silent == ()


def test_what_was_overwritten_is_not_kept(kernel: Kernel, project: Project) -> None:
    bar, cleared, updated = shown(
        kernel,
        project,
        "for i in range(50):\n    print(f'{i} of 50', end='\\r')\nprint('50 of 50')",
        "from IPython.display import clear_output\nprint('first')\nclear_output(wait=True)\nprint('second')",
        "h = display('one', display_id=True)\nh.update('two')",
    )
    assert bar[0]["text"] == "50 of 50\n"
    assert [each["text"] for each in cleared] == ["second\n"]
    assert [each["data"]["text/plain"] for each in updated] == ["'two'"]


def test_a_secret_is_taken_out(kernel: Kernel, project: Project) -> None:
    (printed,) = shown(kernel, project, "print('postgresql://ann:' + 'hunter2' + '@db/x')")
    assert printed[0]["text"] == "postgresql://ann:[redacted]@db/x\n"


def test_more_than_can_be_kept_is_cut_and_counted(kernel: Kernel, project: Project) -> None:
    kernel.run("import nbmlops.capture.outputs as o; o.LARGEST_BYTES = 1000")
    shown(kernel, project, "print('x' * 600, flush=True)\nprint('y' * 600, flush=True)")
    execution = project.records.oldest(Execution)[1]
    kept = project.records.get(CellOutputs, execution.id)
    assert kept is not None
    assert (len(kept.outputs), kept.left_out) == (1, 601)


def test_unloading_gives_the_kernel_back(kernel: Kernel, tmp_path: Path) -> None:
    kernel.good("%load_ext nbmlops")
    assert kernel.good("'send' in get_ipython().kernel.session.__dict__").shown == "True"
    kernel.good("%unload_ext nbmlops")
    assert kernel.good("'send' in get_ipython().kernel.session.__dict__").shown == "False"
