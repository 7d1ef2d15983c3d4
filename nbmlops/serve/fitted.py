"""An estimator as it was fitted, loaded when it is needed first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Fitted:
    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._estimator: Any = None
        self.is_loaded = False

    def __call__(self) -> Any:
        """Raises whatever loading raises."""
        with self._lock:
            if not self.is_loaded:
                self._estimator = self._load()
                self.is_loaded = True
        return self._estimator

    def predict(self, rows: Any) -> Any:
        return self().predict(rows)
