"""What is asked and answered: kept where that is wanted, asked again, and whatever else somebody may ask."""

from __future__ import annotations

import contextlib
import os
import subprocess
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nbmlops import api
from nbmlops.doors.render.pages.deploy import page
from nbmlops.errors import (
    ExternalError,
    NotFoundError,
)
from nbmlops.ops.deployment_view import State
from tests.services.deploy.deployed import (
    COLUMNS,
    SPLIT,
    ask,
    deploy,
    folder_of,
    seen,
    sums,
    wait_for,
)

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


def test_what_is_asked_and_answered_is_kept_where_that_is_wanted(place: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    deploy(place, "sums:v1")
    ask(place, "/invocations", SPLIT)
    deploy(place, "sums:v2", monitor=True, redact=["b"], replicas=2)
    sent = {f"mine-{number}" for number in range(10)}
    for each in sorted(sent):
        ask(place, "/invocations", SPLIT, **{"X-Request-Id": each})
    told = [{"request": "mine-3", "row": 1, "label": 8}, {"request": "mine-3", "label": "beer"}]
    assert ask(place, "/labels", {"labels": told}) == {"kept": 2}
    with pytest.raises(urllib.error.HTTPError, match="400"):
        ask(place, "/labels", {"labels": [{"request": "", "label": 1}]})
    assert 'nbmlops_requests_lost_total{revision="2"' in ask(place, "/metrics")
    api.undeploy(name="sums", folder=place)
    kept = pa.concat_tables(pq.read_table(each) for each in folder_of(place).requests.glob("requests-*.parquet"))
    # Two rows each; the input example, which nobody but `deploy` has asked, is not kept.
    rows = kept.to_pylist()
    assert Counter(each["request_id"] for each in rows) == dict.fromkeys(sent, 2)
    assert {(each["input.a"], each["input.b"]) for each in rows} == {(1.0, None), (3.0, None)}
    assert {each["revision"] for each in rows} == {"2"}
    assert [each["output.prediction"] for each in rows if each["row"] == 1] == [pytest.approx(16.0)] * 10
    (labels,) = folder_of(place).requests.glob("labels-*")
    assert labels.is_file()


def test_a_full_disk_costs_the_log_and_no_answer(place: Path) -> None:
    requests = folder_of(place).requests
    requests.mkdir(parents=True)
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(requests)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        (requests / "ballast").write_bytes(bytes(64 << 10))
        deploy(place, "sums:v1", monitor=True)
        for _ in range(10):
            assert ask(place, "/invocations", SPLIT)["predictions"] == sums(1)
        wait_for(lambda: 'nbmlops_requests_lost_total{revision="1",replica="0"} 10.0' in ask(place, "/metrics"))
        assert "No space left on device" in "\n".join(api.logs(name="sums", folder=place).lines)
        with pytest.raises(urllib.error.HTTPError, match="500") as caught:
            ask(place, "/labels", {"labels": [{"request": "mine", "label": 1}]})
        assert "No space left" in caught.value.read().decode()
        assert seen(place).state is State.HEALTHY
    finally:
        with contextlib.suppress(NotFoundError):
            api.undeploy(name="sums", folder=place)
        subprocess.run(["umount", "-l", str(requests)], check=True)


def test_what_was_asked_is_asked_of_a_new_revision_before_it_answers(place: Path) -> None:
    deploy(place, "sums:v1", monitor=True)
    for number in range(30):
        rows = [[float(number), 1.0], [float(number), 2.0]]
        ask(place, "/invocations", {"dataframe_split": {"columns": COLUMNS, "data": rows}})
    wait_for(lambda: 'nbmlops_requests_kept_total{revision="1",replica="0"} 30.0' in ask(place, "/metrics"))
    with pytest.raises(ExternalError, match="an answer differs by") as caught:
        deploy(place, "sums:v2", max_difference=0.5)
    assert caught.value.kind == "answers-differ"
    assert seen(place).stable.number == 1

    made = api.deploy(package="sums:v2", name="sums", folder=place)
    assert (made.requests.requests, made.requests.rows, made.requests.differing) == (30, 60, 60)
    assert made.requests.largest == pytest.approx(31)
    assert (made.requests.refused, made.requests.otherwise, made.requests.left_out) == (0, 0, 0)
    first = made.requests.examples[0]
    assert first.inputs == {"a": 29.0, "b": 2.0}
    assert (first.old, first.new) == (pytest.approx(31), pytest.approx(62))
    told = "\n".join(str(block) for block in page(made))
    assert "60 answers differ between old and new, by at most 31" in told
    assert "a=29, b=2" in told

    same = api.deploy(package="sums:v2", name="sums", max_difference=0, redact=["b"], folder=place)
    # Kept by those that did not know that it should not be: it is not shown, nor asked.
    assert (same.requests.rows, same.requests.left_out) == (0, 60)
    assert "60 logged rows cannot be asked again" in "\n".join(str(block) for block in page(same))


def test_whatever_is_asked_through_the_router_is_answered_as_the_document_says(place: Path) -> None:
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import checks
    from schemathesis.generation import GenerationMode

    found = deploy(place, "sums:v1", monitor=True)
    token = {"Authorization": f"Bearer {folder_of(place).token()}"}
    schema = schemathesis.openapi.from_url(f"{found.address}/openapi.json", headers=token)
    assert schema.raw_schema["security"] == [{"token": []}]
    asked = set()
    for mode in GenerationMode:
        for each in schema.get_all_operations():
            operation = each.ok()

            @settings(max_examples=5, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
                      suppress_health_check=list(HealthCheck))  # fmt: skip
            @given(operation.as_strategy(generation_mode=mode))
            def play(case: Any) -> None:
                case.call_and_validate(
                    headers=token,
                    timeout=60,
                    checks=[checks.not_a_server_error, checks.CHECKS.get_one("status_code_conformance")],
                )

            if mode is GenerationMode.NEGATIVE and operation.method == "get":
                continue
            asked.add(operation.label)
            play()
    assert {"POST /invocations", "POST /v2/models/sums/infer", "POST /v1/models/sums:predict", "POST /labels"} <= asked
    assert seen(place).state is State.HEALTHY
