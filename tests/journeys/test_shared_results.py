"""What one machine has computed, another takes from the remote: a clone executes only what differs there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmlops.model.documents import decode, encode
from nbmlops.model.step_cache import Given, StepEntries
from nbmlops.store.remote import RESULTS, Remote
from tests.journeys.conftest import Terminal, write

NOTEBOOK = """
# %% tags=["parameters"]
factor = 2
# %% [markdown]
# # Load
# %%
from pathlib import Path
numbers = [int(line) for line in Path("numbers.txt").read_text().split()]
Path("loaded.txt").write_text("loaded")
# %% [markdown]
# # Sum
# %%
total = sum(number * factor for number in numbers)
print("total:", total)
Path("total.txt").write_text(str(total))
"""


@pytest.fixture
def both(tmp_path: Path, variables: dict[str, str]) -> Iterator[tuple[Terminal, Terminal]]:
    """Two clones of a project; in the first its pipeline has run, and all was pushed."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    write(first, "work.ipynb", NOTEBOOK)
    (first / "numbers.txt").write_text("1\n2\n3\n")
    one = Terminal(first, variables)
    one.good("init")
    one.good("export", "work.ipynb", "--no-verify")
    one.good("remote", "add", "team", str(tmp_path / "shared"))
    shutil.copytree(first, second, ignore=shutil.ignore_patterns(".nbmlops"))
    one.good("run", "pipelines/work")
    one.good("remote", "push")
    two = Terminal(second, variables)
    yield one, two
    one.close()
    two.close()


def kept(answer: dict[str, Any]) -> dict[str, bool]:
    return {step["step"]: step["is_kept"] for step in answer["result"]["steps"]}


def test_a_clone_does_not_execute_what_was_executed_elsewhere(both: tuple[Terminal, Terminal]) -> None:
    _, two = both
    two.good("remote", "pull")
    answer = two.good("run", "pipelines/work")
    assert set(kept(answer).values()) == {True}
    assert (two.folder / "loaded.txt").read_text() == "loaded"
    assert "total: 12" in Path(answer["result"]["notebook"]).read_text()
    assert two.good("show", answer["result"]["run"])["run"]["status"] == "FINISHED"
    assert not two.good("run", "pipelines/work")["is_new"]
    answer = two.good("run", "pipelines/work", "-p", "factor=3")
    assert list(kept(answer).values()) == [True, False]


@pytest.mark.slow
def test_results_that_do_not_fit_here_are_not_used(both: tuple[Terminal, Terminal]) -> None:
    _, two = both
    (two.folder / "numbers.txt").write_text("4\n")
    two.good("remote", "pull", "team", "work")
    answer = two.good("run", "pipelines/work")
    assert set(kept(answer).values()) == {False}
    assert "numbers.txt" in answer["result"]["steps"][0]["why"]


def test_a_result_that_would_write_outside_of_the_project_is_not_taken(both: tuple[Terminal, Terminal]) -> None:
    one, two = both
    shared = Remote("team", str(one.folder.parent / "shared"))
    (name,) = shared.documents(RESULTS)
    sent = decode(shared.read_document(RESULTS, name), StepEntries, place=name)
    entry = next(each for each in sent.entries if each.written)
    digest = entry.written[0].digest
    place = one.folder.parent / "shared" / RESULTS / name
    for path in ("../outside.txt", str(one.folder.parent / "outside.txt"), "a/../../outside.txt"):
        evil = {"written": (Given(path=path, digest=digest, size=6),)}
        data = json.loads(encode(sent))
        for each in data["entries"]:
            each["written"] = [{"path": given.path, "digest": given.digest, "size": 6} for given in evil["written"]]
        place.write_text(json.dumps(data))
        two.good("remote", "pull")
        assert set(kept(two.good("run", "pipelines/work", "--dry-run")).values()) == {False}
    assert not (one.folder.parent / "outside.txt").exists()
