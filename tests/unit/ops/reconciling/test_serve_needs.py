"""Whoever asks is told what would be done; nothing is done for it."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nbmlops.errors import NotFoundError, StateError, UsageError
from nbmlops.hosts.needs_server import NeedsServer
from nbmlops.ops.call import Call
from nbmlops.ops.serve_needs import Answers, Request, serve_needs
from nbmlops.reconcile.needs_client import ask
from tests.unit.ops.reconciling.looks import asked, look_at

DOCUMENT = """\
apiVersion: nbmlops.dev/v1
kind: Trainer
metadata: {name: NAME}
spec:
  model: kinds
  pipeline: pipelines/kinds
  parameters: {week: {from: week}}
  needs: {any: [{python: needs.py:needed}]}
"""
DEPLOYER = """\
apiVersion: nbmlops.dev/v1
kind: Deployer
metadata: {name: kinds-deploy}
spec:
  model: kinds
  desired: {file: deploy/prod.yaml, pointer: /model/version}
  deployment: kinds
"""


@contextmanager
def serving(root: Path, *names: str, token: str = "") -> Iterator[str]:
    with NeedsServer(Answers(Call(root), names), port=0, token=token) as server:
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.stop()
            thread.join(10)


def documented(root: Path, answer: str, *names: str) -> None:
    (root / "reconcilers").mkdir(exist_ok=True)
    for name in names or ("kinds-train",):
        (root / "reconcilers" / f"{name}.yaml").write_text(DOCUMENT.replace("NAME", name))
    (root / "needs.py").write_text(f"def needed():\n    return {answer}\n")


def test_a_trainer_is_asked_what_another_would_do(root: Path) -> None:
    documented(root, "{'needed': True, 'why': 'w', 'parameters': {'week': 3, 'other': 4}}")
    with serving(root) as address:
        found = asked(look_at(root), "url", address=f"{address}/needsTrain", timeout=60.0)
        assert (found.holds, found.parameters) == (True, {"week": "3"})
        documented(root, "False")
        assert asked(look_at(root), "url", address=f"{address}/needsTrain", timeout=60.0).holds is False
        documented(root, "(None, 'nobody knows')")
        unknown = ask(f"{address}/needsTrain", timeout=60.0)
        assert unknown.holds is None
        assert "kinds-train: python nobody knows" in unknown.why
    # Asked, not done: it remembers no attempt.
    assert not (root / ".nbmlops" / "reconcile" / "kinds-train.json").exists()


def test_one_that_would_act_is_enough_and_one_that_cannot_be_told_keeps_it_from_being_no(root: Path) -> None:
    documented(root, "True", "first", "second")
    (root / "reconcilers" / "first.yaml").write_text(DOCUMENT.replace("NAME", "first").replace("needs.py", "gone.py"))
    with serving(root) as address, serving(root, "first") as first, serving(root, "second") as second:
        assert ask(f"{address}/needsTrain", timeout=60.0).holds is True
        assert ask(f"{first}/needsTrain", timeout=60.0).holds is None
        assert ask(f"{second}/needsTrain", timeout=60.0).holds is True
        documented(root, "False", "second")
        assert ask(f"{address}/needsTrain", timeout=60.0).holds is None
        assert ask(f"{second}/needsTrain", timeout=60.0).holds is False


def test_deployers_answer_what_is_to_be_in_sync(root: Path) -> None:
    documented(root, "True")
    (root / "reconcilers" / "deploy.yaml").write_text(DEPLOYER)
    with serving(root) as address:
        found = ask(f"{address}/needsSync", timeout=60.0)
        assert found.holds is None
        assert "git" in found.why
        assert ask(f"{address}/", timeout=60.0).holds is None
        (root / "reconcilers" / "deploy.yaml").unlink()
        assert ask(f"{address}/needsSync", timeout=60.0).holds is False


def test_a_document_that_cannot_be_read_is_told(root: Path) -> None:
    documented(root, "False")
    (root / "reconcilers" / "broken.yaml").write_text("kind: [\n")
    with serving(root) as address, serving(root, "kinds-train") as named:
        assert "broken.yaml" in ask(f"{address}/needsTrain", timeout=60.0).why
        assert ask(f"{named}/needsTrain", timeout=60.0).holds is False


def test_a_token_is_asked_for(root: Path) -> None:
    documented(root, "False")
    with serving(root, token="open-sesame") as address:
        assert ask(f"{address}/needsTrain", token="open-sesame", timeout=60.0).holds is False
        assert "401" in ask(f"{address}/needsTrain", timeout=60.0).why
        with urllib.request.urlopen(f"{address}/healthz", timeout=60) as answer:
            assert answer.read() == b"ok"


def test_what_cannot_be_served_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NBMLOPS_NEEDS_TOKEN", raising=False)
    documented(root, "False")
    with pytest.raises(NotFoundError, match="There is no reconciler nobody"):
        serve_needs(Call(root), Request(names=("nobody",)))
    with pytest.raises(UsageError, match="70000 is no port"):
        serve_needs(Call(root), Request(port=70000))
    with pytest.raises(StateError, match="needs a token"):
        serve_needs(Call(root), Request(host="0.0.0.0", port=0))
