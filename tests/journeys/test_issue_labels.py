"""The article, on one machine: stale, trained anew, gate, branch, merged, deployed, taken back."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.journeys.conftest import Terminal

EXAMPLE = Path(__file__).resolve().parents[2] / "example-notebooks" / "issue-labels"


def test_a_model_is_kept_fresh_through_git(tmp_path: Path, variables: dict[str, str]) -> None:
    root = tmp_path / "labels"
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "article.py"), str(root)],
        env=variables, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = done.stdout
    assert done.returncode == 0, told[-3000:] + done.stderr[-3000:]
    order = [
        "labels-train: would train: newRows data/corrections.csv has 90 new rows",
        "labels-train: trained: newRows",
        "Verdict: accuracy is ",
        "Version 2 of labels is merged and is the champion.",
        "labels-deploy: deployed: 2 is wanted, 1 runs",
        'Revert "labels: 1 -> 2"',
        "labels-train: went back: git says 1 again, 2 was taken back",
        "pinned to     1",
    ]
    places = [told.find(each) for each in order]
    assert -1 not in places, order[places.index(-1)] + "\n" + told
    assert places == sorted(places)
    shares = [int(each) for each in re.findall(r"(\d+)% of", told)]
    assert shares[0] == shares[2] < 60 < 90 < shares[1]
    # What the remote says, and nothing that was started runs on.
    terminal = Terminal(root, variables)
    assert subprocess.run(
        ["git", "-C", str(root.with_name("labels.git")), "show", "main:deploy/prod.yaml"],
        capture_output=True, text=True, check=True,
    ).stdout == (EXAMPLE / "deploy" / "prod.yaml").read_text().replace('version: "0"', 'version: "1"')  # fmt: skip
    assert terminal.good("deployments")["deployments"][0]["state"] == "stopped"
    # All that is remembered is in git as well: a fresh clone waits for the same.
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(root.with_name("labels.git")), str(clone)], check=True, env=variables)
    dry = Terminal(clone, variables).good("reconcile", "labels-train", "--dry-run")
    assert [each["state"] for each in dry["ran"]] == ["Pinned"]
