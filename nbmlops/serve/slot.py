"""The place where the service's model is: empty while it loads."""

from __future__ import annotations

from nbmlops.errors import UnavailableError
from nbmlops.serve.model import ServedModel


class Slot:
    def __init__(self, name: str, model: ServedModel | None = None) -> None:
        self.name = name
        self._model = model

    @property
    def is_ready(self) -> bool:
        """There is a model, and it does not hang."""
        return self._model is not None and not self._model.is_hanging

    @property
    def is_at_work(self) -> bool:
        """Threads of the model are answering something."""
        return self._model is not None and self._model.longest > 0

    @property
    def model(self) -> ServedModel:
        """Raises UnavailableError while there is none yet."""
        if self._model is None:
            raise UnavailableError(f"Model {self.name} is still loading.", kind="model-loading", hint="Ask again soon.")
        return self._model

    def put(self, model: ServedModel) -> None:
        self._model = model
