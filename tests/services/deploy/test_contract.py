"""A contract at a deployment's door: from `deploy` to the answers, with the next revision, and taken away."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from nbmlops import api
from nbmlops.errors import ExternalError, NotFoundError, UsageError
from tests.services.deploy.deployed import SPLIT, ask, deploy, folder_of, seen, sums, wait_for

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")

CONTRACT = """
columns:
  a: {type: number, max: 99}
  b: {type: number, missing: 0}
  total: {type: number}
rules:
  - check: a * 5 != b * 3
"""
"""Which the model's own input example keeps."""


def refused(place: Path) -> Any:
    with pytest.raises(urllib.error.HTTPError, match="422") as caught:
        ask(place, "/invocations", SPLIT)
    return json.loads(caught.value.read())


def test_rows_that_break_it_are_refused_then_kept_apart_then_let_be(place: Path) -> None:
    import pyarrow.parquet as pq

    (place / "contract.yaml").write_text(CONTRACT)
    for more, error in (
        ({"contract": "absent.yaml"}, NotFoundError),
        ({"on_breach": "reject"}, UsageError),
        ({"contract": "contract.yaml", "on_breach": "quarantine"}, UsageError),
        ({"contract": "contract.yaml", "no_contract": True}, UsageError),
    ):
        with pytest.raises(error):
            deploy(place, "sums:v1", **more)
    (place / "narrow.yaml").write_text("columns: {a: {max: 0}}\n")
    with pytest.raises(ExternalError, match=r"does not answer its own input example.*a has to be at most 0"):
        deploy(place, "sums:v1", contract="narrow.yaml", on_breach="reject")
    made = deploy(place, "sums:v1", contract="contract.yaml", on_breach="reject")
    assert made.contract == "contract.yaml (reject)"
    assert refused(place)["message"] == "Row 1: a * 5 != b * 3 has to hold, and is 3.0, 5.0."
    wait_for(lambda: 'column="a, b",rule="check"' in ask(place, "/metrics"))
    # The next revision asks the same, whatever has become of the file.
    (place / "contract.yaml").unlink()
    assert deploy(place, "sums:v2").contract == "contract.yaml (reject)"
    refused(place)
    assert deploy(place, "sums:v2", monitor=True, on_breach="quarantine").contract == "contract.yaml (quarantine)"
    address = f"http://127.0.0.1:{folder_of(place).spec().port}/invocations"
    headers = {"Authorization": f"Bearer {folder_of(place).token()}", "Content-Type": "application/json"}
    sent = urllib.request.Request(address, json.dumps(SPLIT).encode(), headers)
    with urllib.request.urlopen(sent, timeout=30) as reply:
        assert reply.headers["x-nbmlops-contract"] == "quarantined"
        assert json.loads(reply.read())["predictions"] == sums(2)
    assert deploy(place, "sums:v3", no_contract=True).contract == ""
    assert ask(place, "/invocations", SPLIT)["predictions"] == sums(3)
    # The one before asks again what it has asked.
    api.rollback(name="sums", folder=place)
    assert seen(place).contract == "contract.yaml (quarantine)"
    api.undeploy(name="sums", folder=place)
    (apart,) = (folder_of(place).requests / "quarantine").glob("requests-*.parquet")
    assert pq.read_table(apart).column("broken").to_pylist() == ["a, b check", "a, b check"]
