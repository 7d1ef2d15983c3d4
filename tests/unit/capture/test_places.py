"""Names that are odd, and names that the settings exclude or include."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from nbmlops.capture.files import FileWatch
from nbmlops.settings import Capture
from tests.unit.capture import children
from tests.unit.capture.watching import inputs, natively, needs_fanotify

pytestmark = needs_fanotify


def test_odd_names_are_seen_by_both(files: FileWatch, root: Path) -> None:
    names = {"données été.csv": "données été.csv", 'a\'b "c"\n.csv': 'a\'b "c"\n.csv', b"caf\xe9": "caf\\udce9"}
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(root), os.fsencode(name)))).write_text("x")

    def act() -> None:
        for name in names:
            children.read(os.fsdecode(os.path.join(os.fsencode(root), os.fsencode(name))))

    assert {name: use.seen for name, use in inputs(files, act).items()} == dict.fromkeys(
        names.values(), ("audit", "fanotify")
    )


def test_what_is_excluded_is_not_recorded_and_what_is_included_is(root: Path) -> None:
    places = {"scratch/a": False, "node_modules/b": False, "site-packages/mine/c": True, "site-packages/d": False}
    for name in places:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("1")
    files = FileWatch(root, Capture(exclude=("scratch/*",), include=("site-packages/mine/*",)))
    files.start()
    names = " ".join(shlex.quote(str(root / name)) for name in places)
    found = inputs(files, lambda: subprocess.run(natively(f"cat {names}"), check=True, capture_output=True))
    assert set(found) == {name for name, is_data in places.items() if is_data}
    files.close()
