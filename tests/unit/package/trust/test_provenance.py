from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.errors import IntegrityError
from nbmlops.package.trust import statement
from nbmlops.package.trust.provenance import Code, Facts, Material, read, write

FACTS = Facts(
    notebook="wine.ipynb",
    notebook_digest="aa" * 32,
    parameters={"alpha": 0.1, "columns": ["pH"], "deep": {"a": None}},
    cells=(Material(name="c1", digest="bb" * 32), Material(name="c2", digest="cc" * 32)),
    data=(
        Material(name="data/wine.csv", digest="dd" * 32),
        Material(name="s3://b/k", digest="ee" * 32, algorithm="sha256"),
    ),
    code=Code(
        commit="0123456789abcdef0123456789abcdef01234567",
        remote="https://git.example.org/team/wine",
        snapshot="ff" * 32,
    ),
    environment="11" * 32,
    python="3.12.4",
    pipeline="22" * 32,
    certificate="33" * 32,
    verdict="EQUIVALENT",
    run="5f3a",
    started=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    finished=datetime(2026, 3, 4, 6, 6, 7, 250_000, tzinfo=timezone(timedelta(hours=1))),
    nbmlops="0.1.0",
)


def test_every_fact_has_its_place_in_slsa() -> None:
    assert write(FACTS) == {
        "buildDefinition": {
            "buildType": "urn:nbmlops:notebook-run:v1",
            "externalParameters": {
                "notebook": "wine.ipynb",
                "parameters": {"alpha": 0.1, "columns": ["pH"], "deep": {"a": None}},
                "pipeline": "22" * 32,
            },
            "internalParameters": {"python": "3.12.4"},
            "resolvedDependencies": [
                {"name": "wine.ipynb", "digest": {"blake3": "aa" * 32}, "annotations": {"kind": "notebook"}},
                {"name": "c1", "digest": {"blake3": "bb" * 32}, "annotations": {"kind": "cell"}},
                {"name": "c2", "digest": {"blake3": "cc" * 32}, "annotations": {"kind": "cell"}},
                {"name": "data/wine.csv", "digest": {"blake3": "dd" * 32}, "annotations": {"kind": "data"}},
                {"name": "s3://b/k", "digest": {"sha256": "ee" * 32}, "annotations": {"kind": "data"}},
                {
                    "name": "git",
                    "uri": "git+https://git.example.org/team/wine@0123456789abcdef0123456789abcdef01234567",
                    "digest": {"gitCommit": "0123456789abcdef0123456789abcdef01234567"},
                    "annotations": {"kind": "git"},
                },
                {"name": "code", "digest": {"blake3": "ff" * 32}, "annotations": {"kind": "code"}},
                {"name": "environment", "digest": {"blake3": "11" * 32}, "annotations": {"kind": "environment"}},
            ],
        },
        "runDetails": {
            "builder": {"id": "urn:nbmlops:builder", "version": {"nbmlops": "0.1.0"}},
            "metadata": {
                "invocationId": "5f3a",
                "startedOn": "2026-03-04T05:06:07.000000Z",
                "finishedOn": "2026-03-04T05:06:07.250000Z",
            },
            "byproducts": [
                {
                    "name": "certificate",
                    "digest": {"blake3": "33" * 32},
                    "annotations": {"kind": "certificate", "verdict": "EQUIVALENT"},
                }
            ],
        },
    }


def test_the_statement_around_it_is_in_totos() -> None:
    data = statement.write(statement.about("sha256:" + "ab" * 32, statement.PROVENANCE, write(FACTS), name="wine"))
    found = json.loads(data)
    assert list(found) == ["_type", "subject", "predicateType", "predicate"]
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["subject"] == [{"name": "wine", "digest": {"sha256": "ab" * 32}}]
    assert found["predicateType"] == "https://slsa.dev/provenance/v1"
    assert read(statement.read(data).predicate) == FACTS


def test_what_slsa_asks_for_is_there_even_without_facts() -> None:
    assert write(Facts(notebook="a.ipynb")) == {
        "buildDefinition": {
            "buildType": "urn:nbmlops:notebook-run:v1",
            "externalParameters": {"notebook": "a.ipynb", "parameters": {}},
            "internalParameters": {},
            "resolvedDependencies": [],
        },
        "runDetails": {"builder": {"id": "urn:nbmlops:builder"}},
    }


def test_values_that_json_has_no_form_for_are_written_as_text() -> None:
    facts = Facts(
        notebook="a.ipynb", parameters={"a": float("nan"), "b": (1, float("-inf")), "c": Path("x"), "d": {1: 2}}
    )
    parameters = write(facts)["buildDefinition"]["externalParameters"]["parameters"]
    assert parameters == {"a": "nan", "b": [1, "-inf"], "c": "x", "d": {"1": 2}}
    assert statement.write(statement.about("sha256:0", statement.PROVENANCE, write(facts)))


def test_the_verdict_is_read_back() -> None:
    assert read(write(FACTS)).is_equivalent
    assert not read(write(Facts(notebook="a", certificate="1", verdict="DIVERGES"))).is_equivalent
    assert not read(write(Facts(notebook="a"))).is_equivalent


@pytest.mark.parametrize(
    ("predicate", "why"),
    [
        ({}, "This is no provenance: Object missing required field `buildDefinition`"),
        ({"buildDefinition": 7, "runDetails": {}}, "This is no provenance"),
        (
            {
                "buildDefinition": {"buildType": "https://x", "externalParameters": {"notebook": ""}},
                "runDetails": {"builder": {"id": "https://y"}},
            },
            "another kind of build: https://x",
        ),
    ],
)
def test_what_is_no_provenance_of_ours_is_refused(predicate: dict[str, Any], why: str) -> None:
    with pytest.raises(IntegrityError, match=why):
        read(predicate)


words = st.text(min_size=1, max_size=20)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
materials = st.lists(
    st.builds(Material, name=words, digest=digests, algorithm=st.sampled_from(["blake3", "sha256"])), max_size=4
).map(tuple)
moments = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))


@given(
    st.builds(
        Facts,
        notebook=words,
        notebook_digest=digests,
        parameters=st.dictionaries(words, st.none() | st.booleans() | st.integers(-(2**40), 2**40) | words, max_size=4),
        cells=materials,
        data=materials,
        code=st.builds(Code, commit=digests, remote=words, snapshot=digests),
        environment=digests,
        python=words,
        pipeline=digests,
        certificate=digests,
        verdict=words,
        run=words,
        started=moments,
        finished=st.none() | moments,
        nbmlops=words,
    )
)
def test_what_is_written_is_read_again(facts: Facts) -> None:
    said = statement.about("sha256:" + "0" * 64, statement.PROVENANCE, write(facts))
    assert read(statement.read(statement.write(said)).predicate) == facts
