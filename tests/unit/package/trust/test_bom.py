from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import IntegrityError
from nbmlops.model.environment import Environment, PackageVersion
from nbmlops.package.trust.bom import Bill, Dataset, Model, document, features, write

ENVIRONMENT = Environment(
    python="3.12.4",
    implementation="CPython",
    platform="Linux",
    packages=(PackageVersion("Ruamel.Yaml", "0.18.6"), PackageVersion("torch", "2.4.0+cpu")),
)
BILL = Bill(
    model=Model(
        name="wine",
        version="3",
        description="Quality of wine.",
        license="Apache-2.0",
        task="regression",
        approach="supervised",
        architecture="sklearn.linear_model.ElasticNet",
        inputs=("pH: double", "alcohol: double"),
        outputs=("tensor float64 [-1]",),
        parameters={"l1_ratio": "0.5", "alpha": "0.1"},
        metrics={"rmse": 0.61, "r2": float("nan")},
        hashes={"sha256": "ab" * 32},
        run="5f3a",
    ),
    data=(
        Dataset(name="data/wine.csv", digest="cd" * 32, size=84199, context="training"),
        Dataset(name="data/wine.csv"),
    ),
    environment=ENVIRONMENT,
    made=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    nbmlops="0.1.0",
)
VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def fault(data: bytes) -> str | None:
    found = VALIDATOR.validate_str(data.decode())
    return None if found is None else str(found)[:500]


def test_it_is_valid_against_the_schema_of_cyclonedx() -> None:
    assert fault(write(BILL)) is None
    assert fault(write(Bill(model=Model(name="m")))) is None
    assert fault(b'{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:7"}') is not None


def test_the_model_has_its_card() -> None:
    found = document(BILL)
    assert {name: found[name] for name in ("bomFormat", "specVersion", "version")} == {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
    }
    assert found["metadata"]["timestamp"] == "2026-03-04T05:06:07Z"
    assert found["metadata"]["component"] == {
        "bom-ref": "model",
        "type": "machine-learning-model",
        "name": "wine",
        "version": "3",
        "description": "Quality of wine.",
        "hashes": [{"alg": "SHA-256", "content": "ab" * 32}],
        "licenses": [{"expression": "Apache-2.0"}],
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": "regression",
                "modelArchitecture": "sklearn.linear_model.ElasticNet",
                "datasets": [{"ref": "data:0:data/wine.csv"}, {"ref": "data:1:data/wine.csv"}],
                "inputs": [{"format": "pH: double"}, {"format": "alcohol: double"}],
                "outputs": [{"format": "tensor float64 [-1]"}],
            },
            "quantitativeAnalysis": {
                "performanceMetrics": [{"type": "r2", "value": "nan"}, {"type": "rmse", "value": "0.61"}]
            },
            "properties": [
                {"name": "nbmlops:parameter:alpha", "value": "0.1"},
                {"name": "nbmlops:parameter:l1_ratio", "value": "0.5"},
            ],
        },
        "properties": [{"name": "nbmlops:run", "value": "5f3a"}],
    }


def test_data_and_libraries_are_components() -> None:
    found = document(BILL)
    assert found["components"] == [
        {
            "bom-ref": "data:0:data/wine.csv",
            "type": "data",
            "name": "data/wine.csv",
            "hashes": [{"alg": "BLAKE3", "content": "cd" * 32}],
            "data": [{"type": "dataset", "name": "data/wine.csv"}],
            "properties": [
                {"name": "nbmlops:context", "value": "training"},
                {"name": "nbmlops:size", "value": "84199"},
            ],
        },
        {
            "bom-ref": "data:1:data/wine.csv",
            "type": "data",
            "name": "data/wine.csv",
            "data": [{"type": "dataset", "name": "data/wine.csv"}],
        },
        {"bom-ref": "python", "type": "platform", "name": "CPython", "version": "3.12.4"},
        {
            "bom-ref": "pkg:pypi/ruamel-yaml@0.18.6",
            "type": "library",
            "name": "Ruamel.Yaml",
            "version": "0.18.6",
            "purl": "pkg:pypi/ruamel-yaml@0.18.6",
        },
        {
            "bom-ref": "pkg:pypi/torch@2.4.0%2Bcpu",
            "type": "library",
            "name": "torch",
            "version": "2.4.0+cpu",
            "purl": "pkg:pypi/torch@2.4.0%2Bcpu",
        },
    ]
    assert found["dependencies"][0]["dependsOn"] == [each["bom-ref"] for each in found["components"]]


def test_the_same_facts_give_the_same_bytes() -> None:
    assert write(BILL) == write(BILL)
    other = Bill(model=Model(name="wine"), data=BILL.data)
    assert document(other)["serialNumber"] != document(BILL)["serialNumber"]


def test_a_license_that_is_no_expression_is_named() -> None:
    found: dict[str, Any] = document(Bill(model=Model(name="m", license="Ours, all rights reserved")))
    assert found["metadata"]["component"]["licenses"] == [{"license": {"name": "Ours, all rights reserved"}}]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (
            '[{"type":"double","name":"pH","required":true},{"type":"long","name":"year","required":false}]',
            ("pH: double", "year: long (optional)"),
        ),
        ('[{"type":"tensor","tensor-spec":{"dtype":"float64","shape":[-1,11]}}]', ("tensor float64 [-1, 11]",)),
        (
            '[{"type":"array","items":{"type":"array","items":{"type":"float"}},"name":"x"}]',
            ("x: array of array of float",),
        ),
        ("[]", ()),
    ],
)
def test_columns_come_from_mlflows_signature(schema: str, expected: tuple[str, ...]) -> None:
    assert features(schema) == expected


def test_a_real_signature_of_mlflow_is_read() -> None:
    import numpy as np
    import pandas as pd
    from mlflow.models import infer_signature

    inputs = pd.DataFrame({"pH": [3.1, 3.2], "kind": ["red", "white"]})
    signature = infer_signature(inputs, np.zeros((2, 3))).to_dict()
    assert features(signature["inputs"]) == ("pH: double", "kind: string")
    assert features(signature["outputs"]) == ("tensor float64 [-1, 3]",)


@pytest.mark.parametrize("schema", ["", "7", "[7]", "[{}]", '[{"type":"tensor"}]', '[{"type":"array","items":7}]'])
def test_what_is_no_schema_is_refused(schema: str) -> None:
    with pytest.raises(IntegrityError, match="no schema of an MLflow signature"):
        features(schema)


def test_a_digest_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(IntegrityError, match="no digests of the kind 'crc32'"):
        write(Bill(model=Model(name="m", hashes={"crc32": "00"})))


words = st.text(max_size=12)
names = st.text(min_size=1, max_size=12)


@settings(max_examples=25, deadline=None)
@given(
    st.builds(
        Bill,
        model=st.builds(
            Model,
            name=names,
            version=words,
            license=words,
            task=words,
            inputs=st.lists(words, max_size=3).map(tuple),
            parameters=st.dictionaries(words, words, max_size=3),
            metrics=st.dictionaries(words, st.floats(), max_size=3),
        ),
        data=st.lists(st.builds(Dataset, name=names, digest=st.just("ab" * 32)), max_size=3).map(tuple),
    )
)
def test_whatever_the_facts_are_it_stays_valid(bill: Bill) -> None:
    assert fault(write(bill)) is None
    assert json.loads(write(bill)) == json.loads(json.dumps(document(bill)))
