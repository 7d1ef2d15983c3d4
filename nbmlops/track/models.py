"""A fitted model into MLflow, in a tenth of a second.

What makes MLflow's own way take many seconds is the child process that loads the model to find out its
requirements. The kernel knows which packages the model uses, so we say them.
"""

from __future__ import annotations

import importlib.metadata
import logging
import pickle
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import mlflow.models.utils
import mlflow.sklearn
from mlflow.models import Model, ModelSignature, infer_signature
from mlflow.utils import environment

from nbmlops.lib.distributions import providers
from nbmlops.track.writer import Writer

_NAMES = {"sklearn": "scikit-learn"}
_ALWAYS = ("cloudpickle", "numpy")
_CHECKS = (
    (environment, "warn_dependency_requirement_mismatches"),
    (mlflow.models.utils, "_validate_serving_input"),
)


def log_model(
    writer: Writer,
    run: str,
    model_path: Path,
    *,
    sample_path: Path | None = None,
    name: str = "model",
    modules: tuple[str, ...] = (),
    import_path: tuple[str, ...] = (),
) -> str:
    """Log the pickled model to the run and return the id of MLflow's logged model."""
    with _import_path(import_path), _quiet():
        model = pickle.loads(model_path.read_bytes())
        inputs, predictions = pickle.loads(sample_path.read_bytes()) if sample_path else (None, None)
        mlflow.set_tracking_uri(writer.uri)
        known = writer.client.get_run(run)
        logged = writer.client.create_logged_model(
            known.info.experiment_id,
            name=name,
            source_run_id=run,
            params=dict(known.data.params),
            model_type=type(model).__name__,
        )
        Model.log(
            None,
            name=name,
            flavor=mlflow.sklearn,
            run_id=run,
            model_id=logged.model_id,
            sk_model=model,
            serialization_format=mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE,
            pip_requirements=requirements(modules),
            signature=_signature(inputs, predictions),
            input_example=inputs,
            pyfunc_predict_fn="predict",
        )
    return str(logged.model_id)


def requirements(modules: tuple[str, ...]) -> list[str]:
    """Pinned distributions for import names; the user's own files, which have none, are left out."""
    found: dict[str, str] = {}
    for module in (*modules, *_ALWAYS):
        name = _NAMES.get(module, module)
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            # All distributions are read only where the plain name is not the answer.
            for name in providers().get(module, ())[:1]:
                found[name] = importlib.metadata.version(name)
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _signature(inputs: Any, predictions: Any) -> ModelSignature | None:
    if inputs is None:
        return None
    return infer_signature(inputs, predictions)


@contextmanager
def _import_path(entries: tuple[str, ...]) -> Iterator[None]:
    """Let the pickle find the user's local modules, after everything that is found anyway."""
    added = [entry for entry in entries if entry and entry not in sys.path]
    sys.path.extend(added)
    try:
        yield
    finally:
        for entry in added:
            sys.path.remove(entry)


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow warns at each model that pickles can run code; ours was made by the user's own kernel. It also looks up
    every installed file, for a second, to warn of requirements that are not as we have just found them, and loads the
    model again, with a second such look, to warn of one that does not answer. None of its warnings is read here.
    """
    logger = logging.getLogger("mlflow")
    before = logger.level
    checks = [(module, name, found) for module, name in _CHECKS if (found := getattr(module, name, None)) is not None]
    logger.setLevel(logging.ERROR)
    for module, name, _ in checks:
        setattr(module, name, lambda *given, **named: None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
        for module, name, found in checks:
            setattr(module, name, found)
