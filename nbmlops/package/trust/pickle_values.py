"""What the machine of a pickle keeps of the values that the program makes: names, calls, texts, and little else."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from nbmlops.package.trust.pickle_reader import OTHER, Stopped

_ITEM_SIZE = re.compile(r"[<>|=]?([biufcmMSUV])(\d{1,9})")


class Name(msgspec.Struct, frozen=True):
    """A thing of a module; `name` may have dots, which are looked up step by step."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


UNKNOWN = Name("?", "?")
"""Put together while the pickle is loaded, or too long to be one."""
_WRAPPER = "NumpyArrayWrapper"
"""Of joblib, from whichever module it is taken."""
DTYPE = Name("numpy", "dtype")
_NO_TEXTS = {
    DTYPE,
    *(Name(f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *(Name("collections", name) for name in ("OrderedDict", "defaultdict", "Counter")),
}
"""What they make is never the name of a module."""


class Call:
    """What came of calling something."""

    def __init__(self, called: Name, arguments: tuple[Any, ...]) -> None:
        self.called = called
        self.arguments = arguments
        self.is_changed = False
        """Whether it may be another thing by now than its arguments say."""
        self.may_be_text = called not in _NO_TEXTS and not _is_wrapper(called)

    @property
    def is_wrapper(self) -> bool:
        return _is_wrapper(self.called)


class Mapping(dict[str, Any]):
    """A small mapping of the program."""

    is_changed = False


class Two(msgspec.Struct, frozen=True):
    """One thing to joblib and another to `pickle`."""

    joblib: Any
    pickle: Any


MARK = object()
THING = object()
"""No text: a list, a number, bytes."""


def let_go(items: list[Any]) -> None:
    """What is handed to others may be changed by them; joblib's wrappers may not go anywhere but into their place."""
    for each in items:
        if isinstance(each, Mapping):
            each.is_changed = True
        if (isinstance(each, Call) and each.is_wrapper) or (isinstance(each, Name) and _is_wrapper(each)):
            raise Stopped("it hands an array of joblib to something else")


def to_pickle(value: Any) -> Any:
    return value.pickle if isinstance(value, Two) else value


def named(module: Any, name: Any) -> Name:
    return Name(module, name) if isinstance(module, str) and isinstance(name, str) else UNKNOWN


def may_be_text(value: Any) -> bool:
    """Whether it may name something: `pickle` refuses everything else."""
    if isinstance(value, Call):
        return value.may_be_text
    return isinstance(value, str) or value is OTHER


def scalars(items: list[Any]) -> tuple[Any, ...]:
    """Nothing is kept that holds what holds something: what a program piles up stays flat."""
    return tuple(each if each is None or isinstance(each, str | int) else OTHER for each in items)


def _is_wrapper(found: Name) -> bool:
    return found.name.rpartition(".")[2] == _WRAPPER


def width(dtype: Call) -> int | None:
    """Bytes of an item, where that is sure."""
    kind = dtype.arguments[0] if dtype.called == DTYPE and dtype.arguments else None
    size = _ITEM_SIZE.fullmatch(kind) if isinstance(kind, str) else None
    return int(size[2]) * (4 if size[1] == "U" else 1) if size is not None else None


def keeps_size(dtype: Call, state: Any) -> bool:
    """A state may make texts and records longer, and any item an array of its own."""
    if not isinstance(state, tuple) or len(state) < 6 or state[2] is not None:
        return False
    return state[5] in (-1, width(dtype)) and isinstance(state[5], int)
