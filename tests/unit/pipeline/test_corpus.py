"""Notebooks as people write them: how each is cut, and what is handed over. tests/journeys/test_corpus.py runs them."""

from __future__ import annotations

import pytest

from tests.corpus.texts import notebooks
from tests.unit.pipeline.harness import built

NOTEBOOKS = notebooks()

STEPS: dict[str, dict[str, set[str]]] = {
    "asks_for_input": {"ask": set(), "greet": {"name"}},
    "async_cells": {"fetch": set(), "count": {"names", "results", "was_open"}},
    "classes_decorators": {"model": set()},
    "elapsed_time": {"work": set(), "report": {"primes", "started"}},
    "environment": {"derived": set(), "read-in-a-child": {"settings"}},
    "exec_and_globals": {"use": set()},
    "files_between_cells": {"write": set(), "read": set()},
    "generators_closures": {"make": set()},
    "helper_module": {"clean": set(), "measure": {"counter", "values"}},
    "images_digits": {"data": set(), "features": {"X"}, "classifier": {"Z", "circle", "pca", "y"}},
    "magics_all": {"files": set(), "run": {"count"}, "collect": {"captured", "loud", "squares", "value"}},
    "monkeypatch_settings": {"use-them": set(), "and-again": {"text", "total"}},
    "numpy_training_loop": {
        "data": set(),
        "train": {"X_train", "_numpy_random_state", "y_train"},
        "evaluate": {"X_test", "params", "y_test"},
    },
    "opens_browser": {"compute": set(), "port": {"host"}},
    "pandas_munging": {"read": set(), "tidy": {"orders"}, "summarize": {"orders"}},
    "plots_across_cells": {"draw": set()},
    "pylab_style": {"signal": set(), "spectrum": {"signal"}},
    "random_state": {
        "first-draws": set(),
        "second-draws": {"_numpy_random_state", "_random_state", "c", "rng"},
        "third-draws": {"_numpy_random_state", "_random_state", "c", "f", "rng"},
    },
    "search_pipeline": {"data": set(), "search": {"df", "target"}, "best": {"df", "folds", "search", "target"}},
    "sqlite_and_sql": {"fill": set()},
    "star_imports_scopes": {"scopes": set(), "match": {"alias", "big", "last", "squares", "total"}},
    "text_tfidf": {"load": set(), "clean": {"mails"}, "model": {"mails"}},
    "time_series": {
        "make-the-series": set(),
        "repair-and-split": {"series"},
        "forecast": {"_numpy_random_state", "test", "train"},
    },
    "unseeded": {"draw": set(), "use": {"level"}},
    "views_and_aliases": {"make": set(), "look": {"config", "frames", "grid", "layers"}},
    "widgets": {"use-the-value": set(), "sum": {"squares"}},
}
"""Steps of each, with what they take."""


def test_the_corpus_is_all_here() -> None:
    assert len(NOTEBOOKS) >= 25
    assert STEPS.keys() == NOTEBOOKS.keys()


@pytest.mark.parametrize("name", STEPS)
def test_it_is_cut_where_it_can_be(name: str) -> None:
    text, files = NOTEBOOKS[name]
    modules = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): each for path, each in files.items()
    }
    pipeline = built(text, modules={**files, **modules}).pipeline
    assert {step.name: {take.name for take in step.takes} for step in pipeline.steps} == STEPS[name]
    assert all(merge.why for merge in pipeline.merged)


def test_what_is_dropped_only_displays_or_draws() -> None:
    dropped = {
        name: [each.why for each in built(text, modules=files).pipeline.dropped]
        for name, (text, files) in NOTEBOOKS.items()
    }
    assert dropped["time_series"] == ["binds fig, ax, which nothing kept reads"]
    assert dropped["text_tfidf"] == ["only displays"]
    assert dropped["plots_across_cells"] == ["only draws a figure, which is not saved", "only displays"]
    assert dropped["random_state"] == []
