"""Small pipelines that go wrong wherever engines differ, and what each has to come to.

`outcome` of a pipeline is what people can build on: the state of each step and the digest of each value that it gave
and each file that it wrote. It has to be the same on every engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import nbformat

from nbmlops.lib.digest import digest_file
from nbmlops.model.documents import decode
from nbmlops.model.pipeline import Pipeline
from nbmlops.pipeline.document import dump
from nbmlops.pipeline.handoff import MANIFEST, Manifest, folder_name
from nbmlops.pipeline.step_cache import digests_given
from tests.unit.pipeline.harness import built

SECRET = "NBMLOPS_TEST_SECRET"


class Torture(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """As the parity table says it."""
    text: str
    asks: dict[str, dict[str, Any]] = {}
    """Fields of a step, by its name."""
    files: dict[str, str] = {}
    states: dict[str, str]
    error: str = ""
    """Words in the error of the step that fails."""
    values: dict[str, Any] = {}
    """Parameters."""
    refused_by: tuple[str, ...] = ()
    """Engines that say before anything runs that they have nothing like it."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    states: dict[str, str]
    digests: dict[str, dict[str, str]]
    files: dict[str, str]
    error: str


def laid_out(torture: Torture, project: Path) -> tuple[Pipeline, Path]:
    """The pipeline, and its folder in a new project."""
    made = built(torture.text)
    steps = tuple(msgspec.structs.replace(step, **torture.asks.get(step.name, {})) for step in made.pipeline.steps)
    pipeline = msgspec.structs.replace(made.pipeline, steps=steps, folder="../..", notebook="../../work.ipynb")
    folder = project / "pipelines" / "torture"
    for name, node in made.notebooks.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(node, folder / name)
    (folder / "pipeline.yaml").write_text(dump(pipeline), encoding="utf-8")
    for name, text in torture.files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    return pipeline, folder


def outcome(torture: Torture, states: Mapping[str, str], error: str, handoff: Path, project: Path) -> Outcome:
    digests = {}
    for name in states:
        path = handoff / folder_name(name) / MANIFEST
        if path.is_file():
            digests[name] = digests_given(decode(path.read_bytes(), Manifest, place=str(path)))
    written = [path for path in sorted((project / "out").rglob("*")) if path.is_file()]
    return Outcome(
        states=dict(states),
        digests=digests,
        files={str(path.relative_to(project)): digest_file(path) for path in written},
        error=error,
    )


Execute = Callable[[Torture, Path], Outcome]

TORTURES = (
    Torture(
        name="relative paths mean what they mean in the notebook",
        text="""
# %% [markdown]
# # Load
# %% tags=["keep"]
import os
from pathlib import Path
rows = Path("data/rows.txt").read_text().split()
beside = sorted(name for name in os.listdir() if not name.startswith("."))
# %% [markdown]
# # Use
# %% tags=["keep"]
total = len(rows), beside, Path("data").is_dir()
""",
        files={"data/rows.txt": "1 2 3", "work.ipynb": "{}"},
        states={"load": "done", "use": "done"},
    ),
    Torture(
        name="a file that one step writes and another reads",
        text="""
# %% [markdown]
# # Write
# %% tags=["keep"]
import os
os.makedirs("out", exist_ok=True)
with open("out/größe.txt", "w", encoding="utf-8") as file:
    file.write("zwölf\\n" * 12)
# %% [markdown]
# # Read
# %% tags=["keep"]
lines = open("out/größe.txt", encoding="utf-8").read().splitlines()
with open("out/count.txt", "w") as file:
    file.write(str(len(lines)))
""",
        states={"write": "done", "read": "done"},
    ),
    Torture(
        name="parameters of every type, with names that YAML knows otherwise",
        text="""
# %%
from datetime import date
from pathlib import Path
# %% tags=["parameters"]
n = 3
y = 0.5
no = True
on = "a 'b' \\"c\\" ü"
off = [1, {"a": [2.0, None]}]
pair = (1, "2")
day = date(2026, 3, 1)
place = Path("data") / "größe.csv"
# %% [markdown]
# # Take
# %% tags=["keep"]
taken = [n, y, no, on, off, pair, str(day), str(place)]
# %% [markdown]
# # Show
# %% tags=["keep"]
shown = repr(taken), type(pair).__name__, n * y, day.isoformat(), place.suffix
""",
        values={"n": -4, "y": 1e-3},
        states={"take": "done", "show": "done"},
    ),
    Torture(
        name="two names of one object stay that",
        text="""
# %% [markdown]
# # Make
# %% tags=["keep"]
row = [1]
table = {"first": row, "second": row}
# %% [markdown]
# # Change
# %% tags=["keep"]
table["first"].append(2)
seen = row + table["second"]
# %% [markdown]
# # Look
# %% tags=["keep"]
after = (seen, row, table["second"] is row)
""",
        states={"make": "done", "change": "done", "look": "done"},
    ),
    Torture(
        name="random numbers go on where the step before left off",
        text="""
# %% [markdown]
# # Seed
# %% tags=["keep"]
import random
import numpy as np
random.seed(7)
np.random.seed(7)
first = (random.random(), np.random.rand(3).tolist())
# %% [markdown]
# # Draw
# %% tags=["keep"]
second = (random.random(), np.random.rand(3).tolist())
# %% [markdown]
# # Again
# %% tags=["keep"]
third = (random.random(), np.random.rand(3).tolist(), first, second)
""",
        states={"seed": "done", "draw": "done", "again": "done"},
    ),
    Torture(
        name="values of 32 MB and tables",
        text="""
# %% [markdown]
# # Make
# %% tags=["keep"]
import numpy as np
import pandas as pd
big = np.arange(4_000_000, dtype="f8")
table = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "ü"]})
# %% [markdown]
# # Use
# %% tags=["keep"]
total = float(big.sum()), table["b"].isna().sum().item(), len(table)
""",
        states={"make": "done", "use": "done"},
    ),
    Torture(
        name="sets of text come in one order",
        text="""
# %% [markdown]
# # Make
# %% tags=["keep"]
names = list({"anna", "bert", "carla", "dora", "emil", "frida"})
# %% [markdown]
# # Use
# %% tags=["keep"]
joined = " ".join(names)
""",
        states={"make": "done", "use": "done"},
    ),
    Torture(
        name="`env`: variables of a step",
        text="""
# %% [markdown]
# # Read
# %% tags=["keep"]
import os
found = os.environ["GREETING"], os.environ["THREADS"]
# %% [markdown]
# # Other
# %% tags=["keep"]
other = found, os.environ.get("GREETING")
""",
        asks={"read": {"env": {"GREETING": "naïve 'quoted' $HOME on", "THREADS": "1"}}},
        states={"read": "done", "other": "done"},
    ),
    Torture(
        name="`secrets`: variables that are there where the step runs",
        text=f"""
# %% [markdown]
# # Read
# %% tags=["keep"]
import os
length = len(os.environ["{SECRET}"])
# %% [markdown]
# # Use
# %% tags=["keep"]
doubled = 2 * length
""",
        asks={"read": {"secrets": (SECRET,)}},
        states={"read": "done", "use": "done"},
    ),
    Torture(
        name="a cell that raises fails its step, and what needs it is not executed",
        text="""
# %% [markdown]
# # Good
# %% tags=["keep"]
x = len("a")
# %% [markdown]
# # Bad
# %% tags=["keep"]
y = x
raise ValueError(f"no such\\nthing as {y}")
# %% [markdown]
# # After
# %% tags=["keep"]
z = [y]
""",
        states={"good": "done", "bad": "failed", "after": "skipped"},
        error="ValueError: no such thing as 1",
    ),
    Torture(
        name="a kernel that dies is named",
        text="""
# %% [markdown]
# # Good
# %% tags=["keep"]
import os
x = len("a")
# %% [markdown]
# # Dies
# %% tags=["keep"]
y = x
os._exit(3)
# %% [markdown]
# # After
# %% tags=["keep"]
z = [y]
""",
        states={"good": "done", "dies": "failed", "after": "skipped"},
        error="ernel died",
    ),
    Torture(
        name="`timeout`: the step is stopped and has failed",
        text="""
# %% [markdown]
# # Slow
# %% tags=["keep"]
import time
x = len("a")
time.sleep(600)
# %% [markdown]
# # After
# %% tags=["keep"]
z = [x]
""",
        asks={"slow": {"timeout": 8.0}},
        states={"slow": "failed", "after": "skipped"},
        error="not done after 8 seconds, its timeout",
    ),
    Torture(
        name="`retries` and `backoff`: it is tried again",
        text="""
# %% [markdown]
# # Flaky
# %% tags=["keep"]
import os
os.makedirs("out", exist_ok=True)
with open("out/tries.txt", "a") as file:
    file.write("x")
tries = len(open("out/tries.txt").read())
if tries < 3:
    raise OSError("not yet")
# %% [markdown]
# # After
# %% tags=["keep"]
z = tries
""",
        asks={"flaky": {"retries": 2, "backoff": 0.1}},
        states={"flaky": "done", "after": "done"},
    ),
    Torture(
        name="`cpu`: cores",
        text="""
# %% [markdown]
# # Wide
# %% tags=["keep"]
x = len("a")
# %% [markdown]
# # After
# %% tags=["keep"]
z = [x]
""",
        asks={"wide": {"cpu": 1.0}},
        states={"wide": "done", "after": "done"},
    ),
    Torture(
        name="`memory`: the step is ended and has failed",
        text="""
# %% [markdown]
# # Wide
# %% tags=["keep"]
x = len("a")
held = []
while len(held) < 200:
    held.append(bytearray(b"x") * (10 << 20))
# %% [markdown]
# # After
# %% tags=["keep"]
z = [x, len(held)]
""",
        asks={"wide": {"memory": "600MiB"}},
        states={"wide": "failed", "after": "skipped"},
        error="it used more than its 600 MiB of memory",
    ),
    Torture(
        name="`when`: a step is left out, and what takes from it",
        text="""
# %% tags=["parameters"]
n = 3
# %% [markdown]
# # Count
# %% tags=["keep"]
count = n * len("ab")
# %% [markdown]
# # Many
# %% tags=["keep"]
many = [count] * 2
# %% [markdown]
# # Few
# %% tags=["keep"]
few = [count]
""",
        asks={"many": {"when": "count > 10"}, "few": {"when": "count <= 10"}},
        states={"count": "done", "many": "skipped", "few": "done"},
        refused_by=("kfp", "tekton"),
    ),
    Torture(
        name="`foreach`: a step once for each item, and all that they gave",
        text="""
# %% tags=["parameters"]
n = 3
# %% [markdown]
# # Square
# %% tags=["keep"]
square = n * n * len("a")
# %% [markdown]
# # Add
# %% tags=["keep"]
total = sum(square) if isinstance(square, list) else square
""",
        asks={"square": {"foreach": "n in [2, 3, 5]"}},
        states={"square.0": "done", "square.1": "done", "square.2": "done", "add": "done"},
        refused_by=("kfp", "tekton"),
    ),
    Torture(
        name="`exit`: a step at the end, whatever has happened",
        text="""
# %% [markdown]
# # Bad
# %% tags=["keep"]
x = len("a")
raise ValueError("no such thing")
# %% [markdown]
# # Tell
# %% tags=["keep"]
import os
os.makedirs("out", exist_ok=True)
with open("out/told.txt", "w") as file:
    file.write(os.environ["NBMLOPS_STATUS"] + " " + os.environ["NBMLOPS_FAILED_STEP"])
""",
        asks={"tell": {"exit": True, "needs": ()}},
        states={"bad": "failed", "tell": "done"},
        error="ValueError: no such thing",
        refused_by=("kfp", "tekton"),
    ),
)
