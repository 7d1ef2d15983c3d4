"""Whatever a caller makes of the document, or against it, is answered as the document says, never with a failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.generation import GenerationMode
from starlette.applications import Starlette

from nbmlops.serve.app import service
from nbmlops.serve.model import ServedModel, load_model
from nbmlops.serve.request_log.log import RequestLog, Wanted
from nbmlops.serve.slot import Slot

pytestmark = pytest.mark.filterwarnings("ignore")
EXAMPLES = 15
TOKEN = {"Authorization": "Bearer secret"}


def saved(folder: Path, fitted: Any, x: Any) -> ServedModel:
    signature = mlflow.models.infer_signature(x, fitted.predict(x))
    mlflow.sklearn.save_model(
        fitted, str(folder), signature=signature, input_example=x[:2], serialization_format="cloudpickle",
        pip_requirements=["scikit-learn"],
    )  # fmt: skip
    return load_model(folder, "wine")


@pytest.fixture(scope="module", params=["numbers", "texts", "array"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    numbers = np.random.default_rng(0).normal(size=(60, 2))
    table = pd.DataFrame(numbers, columns=["alcohol", "ash"]).assign(grape=["a", "b", "c"] * 20, year=range(60))
    # It takes gaps and infinities, so that every number has an answer.
    model = HistGradientBoostingRegressor(max_iter=3)
    if request.param == "array":
        x: Any = numbers
    elif request.param == "numbers":
        x = table[["alcohol", "ash", "year"]]
    else:
        x = table
        encoder = ColumnTransformer(
            [("grape", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["grape"])], remainder="passthrough"
        )
        model = make_pipeline(encoder, model)
    folder = tmp_path_factory.mktemp("contract") / request.param
    kept = RequestLog(Wanted(folder=folder.with_name("kept")))
    yield service(Slot("wine", saved(folder, model.fit(x, numbers[:, 0]), x)), token="secret", kept=kept)
    kept.close()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_the_document_says(app: Starlette, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers=TOKEN)
    asked = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and operation.method == "get":
            continue  # It takes nothing that could be wrong.
        asked.add(operation.label)

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def play(case: Any) -> None:
            case.call_and_validate(
                headers=TOKEN,
                checks=[
                    checks.not_a_server_error,
                    checks.CHECKS.get_one("status_code_conformance"),
                    checks.CHECKS.get_one("content_type_conformance"),
                    checks.CHECKS.get_one("response_schema_conformance"),
                ],
            )

        play()
    assert {"POST /invocations", "POST /v2/models/wine/infer", "POST /v1/models/wine:predict", "POST /labels"} <= asked
