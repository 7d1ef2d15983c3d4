"""`serve-needs` as a process: a controller asks it whether something is to be done, and who started it ends it."""

from __future__ import annotations

import json
import re
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import Terminal, write

TRAINER = """\
apiVersion: nbmlops.dev/v1
kind: Trainer
metadata: {name: kinds-train}
spec:
  model: kinds
  pipeline: pipelines/kinds
  needs: {any: [{python: "needs/complaints.py:complaints"}]}
  parameters: {most: {from: count}}
"""
NEED = """\
from pathlib import Path

def complaints():
    count = int(Path("complaints.txt").read_text())
    return {"needed": count > 20, "why": f"{count} complaints", "parameters": {"count": str(count)}}
"""


def asked(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=120) as answer:
        return json.loads(answer.read())


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_until_it_is_ended(tmp_path: Path, variables: dict[str, str], ending: signal.Signals) -> None:
    terminal = Terminal(tmp_path, variables)
    for path, text in {"reconcilers/kinds.yaml": TRAINER, "needs/complaints.py": NEED, "complaints.txt": "3"}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    write(tmp_path, "kinds.ipynb", "# %%\nkinds = [0, 1]\n")
    terminal.good("init")
    terminal.good("export", "kinds.ipynb", "--no-verify")
    serving = terminal.start("nbmlops", "serve-needs", "--port", "0")
    try:
        assert serving.stderr is not None
        line = next(each for each in serving.stderr if "/needsTrain" in each)
        found = re.search(r"(http://\S+)/needsTrain", line)
        assert found is not None
        assert asked(f"{found[1]}/needsTrain")["needsSync"] is False
        (tmp_path / "complaints.txt").write_text("31")
        answer = asked(f"{found[1]}/needsTrain")
        assert (answer["needsSync"], answer["parameters"]) == (True, {"count": "31"})
        assert asked(f"{found[1]}/needsSync")["needsSync"] is False
        serving.send_signal(ending)
        told, said = serving.communicate(timeout=60)
    finally:
        terminal.close()
    assert serving.returncode == 0, said
    assert "Traceback" not in said
    assert "was asked 3 times" in told
