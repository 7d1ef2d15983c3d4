"""The states of the global random generators, kept when they have moved, so that an unseeded run can be replayed.

Only modules that are loaded already are looked at: nothing is imported for it. Generator objects that the user makes
(`numpy.random.default_rng()`) are values of the notebook and not seen here.
"""

from __future__ import annotations

import base64
import random
import sys
from typing import Any

from nbmlops.errors import IntegrityError

_MOST_WORDS = 625


class RandomWatch:
    """Asked before each cell; answers with the states that the cell starts from, if they moved since last asked."""

    def __init__(self) -> None:
        self._last: dict[str, Any] = {}

    def moved(self) -> dict[str, Any] | None:
        """JSON values by module, of all generators as soon as one of them has moved; None when none has."""
        now = {name: read() for name, read in _READERS.items() if name in sys.modules}
        if now.keys() == self._last.keys() and all(_is_same(state, self._last[name]) for name, state in now.items()):
            return None
        self._last = now
        return {name: _WRITERS[name](state) for name, state in now.items()}


def restore(states: dict[str, Any]) -> None:
    """Set the generators back, importing their modules. Raises IntegrityError for states that are none of ours."""
    for name, state in states.items():
        if name not in _RESTORERS:
            raise IntegrityError(f"There is no random generator {name!r}.", kind="random-state-unreadable")
        try:
            _RESTORERS[name](state)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise IntegrityError(
                f"The state of {name} cannot be restored: {error}.", kind="random-state-unreadable"
            ) from error


def _is_same(left: Any, right: Any) -> bool:
    return bool(left == right)


def _numpy_now() -> tuple[Any, ...]:
    name, key, position, has_gauss, gauss = sys.modules["numpy"].random.get_state()
    return (name, key.tobytes(), int(position), int(has_gauss), float(gauss))


def _numpy_json(state: tuple[Any, ...]) -> list[Any]:
    return [state[0], _text(state[1]), *state[2:]]


def _numpy_restore(state: list[Any]) -> None:
    import numpy

    name, key, position, has_gauss, gauss = state
    numpy.random.set_state((name, numpy.frombuffer(_bytes(key), "uint32"), position, has_gauss, gauss))


def _python_json(state: tuple[Any, ...]) -> list[Any]:
    version, words, gauss = state
    return [version, _text(b"".join(word.to_bytes(4, "little") for word in words)), gauss]


def _python_restore(state: list[Any]) -> None:
    version, text, gauss = state
    data = _bytes(text)
    words = tuple(int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4))
    if len(words) != _MOST_WORDS:
        raise ValueError(f"{len(words)} words")
    random.setstate((version, words, gauss))


def _torch_now() -> bytes:
    return bytes(sys.modules["torch"].get_rng_state().numpy().tobytes())


def _torch_restore(state: str) -> None:
    import torch

    torch.set_rng_state(torch.frombuffer(bytearray(_bytes(state)), dtype=torch.uint8))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_READERS = {"random": random.getstate, "numpy.random": _numpy_now, "torch": _torch_now}
_WRITERS: dict[str, Any] = {"random": _python_json, "numpy.random": _numpy_json, "torch": _text}
_RESTORERS: dict[str, Any] = {"random": _python_restore, "numpy.random": _numpy_restore, "torch": _torch_restore}
