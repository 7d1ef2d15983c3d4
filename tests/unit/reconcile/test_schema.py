"""The JSON Schema and the reader say the same of a document's shape."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbmlops.errors import UsageError
from nbmlops.reconcile.schema import json_schema
from nbmlops.reconcile.spec import read
from tests.unit.reconcile.documents import DEPLOYER, SMALL, TRAINER

SCHEMA = jsonschema.Draft202012Validator(json_schema())
GOOD = [yaml.safe_load(text) for text in (TRAINER, DEPLOYER, SMALL.replace("NAME", "a"))]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**7),
    st.floats(-10, 10),
    st.sampled_from(
        [
            "",
            "a",
            "10m",
            "24h",
            "-1",
            "A b",
            "..",
            "a/b",
            "/a",
            "../a",
            "a\n",
            "true",
            "1",
            "pr",
            "mon-fri",
            "06:00",
            "7",
        ]
    ),
    st.sampled_from([[], {}, ["a"], [{}], {"a": 1}, {"maxAge": "1h"}, {"any": []}, {"tag": "a"}]),
)
MEANT = ("has five", "never comes", "is no ", "no time zone", "ten years", "no name of a variable", "1 s or longer")
"""What no schema tells."""


def paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [before]
    if isinstance(value, dict):
        found += [each for key, inner in value.items() for each in paths(inner, (*before, key))]
    elif isinstance(value, list):
        found += [each for place, inner in enumerate(value) for each in paths(inner, (*before, place))]
    return found


def refusal(document: Any) -> str:
    try:
        read(json.dumps(document))
    except UsageError as error:
        return error.message
    return ""


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


@pytest.mark.parametrize("document", GOOD, ids=["trainer", "deployer", "small"])
def test_good_documents_pass(document: Any) -> None:
    SCHEMA.validate(document)
    assert read(json.dumps(document))


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A good document with a value that was changed, taken away or added."""
    document = copy.deepcopy(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(paths(document)))
        holder: Any = document
        for key in path[:-1]:
            holder = holder[key]
        what = draw(st.sampled_from(["change", "take", "add"]))
        if not path:
            document["extra" if what == "add" else "kind"] = copy.deepcopy(draw(VALUES))
        elif what == "take":
            del holder[path[-1]]
        elif what == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from(["extra", "a", "pin", "suspend", "maxAge", "tag", "all"]))] = copy.deepcopy(
                draw(VALUES)
            )
        else:
            holder[path[-1]] = copy.deepcopy(draw(VALUES))
    return document


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_what_the_reader_refuses_for_its_shape_the_schema_refuses_too(document: Any) -> None:
    passes = SCHEMA.is_valid(document)
    said = refusal(document)
    assert passes == (not said) or any(each in said for each in MEANT), said or list(SCHEMA.iter_errors(document))
