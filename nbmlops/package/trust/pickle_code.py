"""What a pickle would import, read without importing anything.

A pickle is a program. This machine follows it as far as names go: it keeps the texts, numbers, tuples and small
mappings that the program pushes, and nothing else, so that names put together from memo and stack are known too, and
so that the raw arrays which joblib writes between the instructions can be passed over.

No instruction can make it read more, keep more or run longer than its limits.
"""

from __future__ import annotations

import math
import pickletools
import re
from collections.abc import Callable
from typing import IO, Any

import msgspec

from nbmlops.package.trust.pickle_reader import OTHER, Reader, Stopped
from nbmlops.package.trust.unpacking import UnpackingError

EXTENSION = "copyreg extension"
"""Stands for the module of a name that is given by a number."""
_MOST_MEMO = 500_000
_MOST_STACK = 200_000
_MOST_NAMES = 10_000
_MOST_ITEMS = 64
_MOST_NESTED = 100
"""Pickles within a pickle: arrays of objects, as joblib writes them."""
_ITEM_SIZE = re.compile(r"[<>|=]?([biufcmMSUV?])(\d*)")


class Name(msgspec.Struct, frozen=True):
    """A thing of a module; `name` may have dots, which are looked up step by step."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


UNKNOWN = Name("?", "?")
"""Put together while the pickle is loaded, or too long to be one."""
_JOBLIB = Name("joblib.numpy_pickle", "NumpyArrayWrapper")


class Program(msgspec.Struct, frozen=True, kw_only=True):
    names: tuple[Name, ...]
    """Everything that it imports, each once, in order."""
    is_whole: bool = True
    """Whether it was followed to its end; otherwise it may import more."""
    why: str = ""
    """Why it was not."""


class _Call(msgspec.Struct, frozen=True):
    """What came of calling something."""

    called: Name
    arguments: tuple[Any, ...] = ()


class _Mark:
    pass


_MARK = _Mark()


def follow(file: IO[bytes]) -> Program:
    """Read one pickle from where the file is, and stop behind it."""
    machine = _Machine(file)
    try:
        machine.run()
    except Stopped as stopped:
        return Program(names=tuple(machine.names), is_whole=False, why=str(stopped))
    except UnpackingError as error:
        return Program(names=tuple(machine.names), is_whole=False, why=str(error))
    except (IndexError, ValueError, TypeError, OverflowError, MemoryError, UnicodeError) as error:
        why = f"an instruction cannot be followed ({type(error).__name__})"
        return Program(names=tuple(machine.names), is_whole=False, why=why)
    return Program(names=tuple(machine.names))


class _Machine:
    def __init__(self, file: IO[bytes]) -> None:
        self._reader = Reader(file)
        self.names: dict[Name, None] = {}
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._nested = 0

    def run(self) -> None:
        self._stack, self._memo = [], {}
        while True:
            known, argument = self._reader.instruction()
            if known.name == "STOP":
                return
            if (step := _STEPS.get(known.name)) is not None:
                step(self, argument)
            elif known.name in _VALUES:
                self._stack.append(argument)
            else:
                self._other(known)
            if len(self._stack) > _MOST_STACK:
                raise Stopped(f"it piles up more than {_MOST_STACK:,} values")

    def _other(self, known: Any) -> None:
        """What neither names nor keeps anything of interest: only how many values it takes and gives."""
        before = known.stack_before
        if pickletools.markobject in before:
            self._to_mark()
            # Further down lies what the instruction fills, which stays.
            for _ in range(before.index(pickletools.markobject)):
                self._stack.pop()
        else:
            for _ in before:
                self._stack.pop()
        self._stack += [OTHER] * len(known.stack_after)

    def _to_mark(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise Stopped("a mark is missing")
        found = self._stack[place + 1 :]
        del self._stack[place:]
        return found

    def _import(self, module: Any, name: Any) -> None:
        found = Name(module, name) if isinstance(module, str) and isinstance(name, str) else UNKNOWN
        self.names.setdefault(found)
        if len(self.names) > _MOST_NAMES:
            raise Stopped(f"it imports more than {_MOST_NAMES:,} names")
        self._stack.append(found)

    def global_(self, argument: Any) -> None:
        self._import(*argument)

    def inst(self, argument: Any) -> None:
        self._to_mark()
        self.global_(argument)
        self._call(self._stack.pop(), ())

    def stack_global(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._import(module, name)

    def extension(self, argument: Any) -> None:
        self._import(EXTENSION, str(argument))

    def obj(self, _: Any) -> None:
        self._call(self._to_mark()[0], ())

    def reduce(self, _: Any) -> None:
        arguments, called = self._stack.pop(), self._stack.pop()
        self._call(called, arguments)

    def newobj_ex(self, _: Any) -> None:
        del self._stack[-1]
        self.reduce(None)

    def _call(self, called: Any, arguments: Any) -> None:
        name = called if isinstance(called, Name) else UNKNOWN
        self._stack.append(_Call(name, arguments if isinstance(arguments, tuple) else ()))

    def build(self, _: Any) -> None:
        state = self._stack.pop()
        made = self._stack[-1]
        if isinstance(made, _Call) and made.called == _JOBLIB:
            self._pass_array(state)

    def _pass_array(self, state: Any) -> None:
        """joblib writes an array right behind the instruction that describes it."""
        if not isinstance(state, dict):
            raise Stopped("an array of joblib is not described")
        dtype, shape = state.get("dtype"), state.get("shape")
        kind = dtype.arguments[0] if isinstance(dtype, _Call) and dtype.arguments else None
        if not isinstance(shape, tuple) or not all(isinstance(each, int) and each >= 0 for each in shape):
            raise Stopped("an array of joblib has no known shape")
        if isinstance(kind, str) and kind.lstrip("<>|=").startswith("O"):
            self._nest()
            return
        size = _ITEM_SIZE.fullmatch(kind) if isinstance(kind, str) else None
        if size is None:
            raise Stopped(f"an array of joblib is of the type {kind!r:.40}")
        width = 1 if size[1] == "?" else int(size[2] or 1) * (4 if size[1] == "U" else 1)
        if isinstance(state.get("numpy_array_alignment_bytes"), int):
            self._reader.skip(self._reader.take(1)[0])
        self._reader.skip(width * math.prod(shape))

    def _nest(self) -> None:
        self._nested += 1
        if self._nested > _MOST_NESTED:
            raise Stopped(f"it holds more than {_MOST_NESTED} pickles")
        stack, memo = self._stack, self._memo
        self.run()
        self._stack, self._memo = stack, memo

    def put(self, argument: Any) -> None:
        self._keep(argument, self._stack[-1])

    def memoize(self, _: Any) -> None:
        self._keep(len(self._memo), self._stack[-1])

    def _keep(self, place: Any, value: Any) -> None:
        if len(self._memo) >= _MOST_MEMO:
            raise Stopped(f"it remembers more than {_MOST_MEMO:,} values")
        self._memo[place] = value

    def get(self, argument: Any) -> None:
        self._stack.append(self._memo.get(argument, OTHER))

    def mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def pop(self, _: Any) -> None:
        self._stack.pop()

    def pop_mark(self, _: Any) -> None:
        self._to_mark()

    def dup(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def tuple_(self, _: Any) -> None:
        self._stack.append(_scalars(self._to_mark()[:_MOST_ITEMS]))

    def tuple_of(self, count: int) -> None:
        items = [self._stack.pop() for _ in range(count)]
        self._stack.append(_scalars(items[::-1]))

    def dict_(self, _: Any) -> None:
        items = self._to_mark()
        self._stack.append({})
        self._fill(items)

    def set_item(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._fill([key, value])

    def set_items(self, _: Any) -> None:
        self._fill(self._to_mark())

    def _fill(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, dict):
            for key, value in zip(items[::2], items[1::2], strict=False):
                if isinstance(key, str) and len(target) < _MOST_ITEMS and not isinstance(value, dict):
                    target[key] = value


def _scalars(items: list[Any]) -> tuple[Any, ...]:
    """Nothing is kept that holds what holds something: what a program piles up stays flat."""
    return tuple(each if isinstance(each, str | int) else OTHER for each in items)


_Step = Callable[[_Machine, Any], None]
_VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
}
_STEPS: dict[str, _Step] = {
    "GLOBAL": _Machine.global_,
    "INST": _Machine.inst,
    "STACK_GLOBAL": _Machine.stack_global,
    **dict.fromkeys(("EXT1", "EXT2", "EXT4"), _Machine.extension),
    "OBJ": _Machine.obj,
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _Machine.reduce),
    "NEWOBJ_EX": _Machine.newobj_ex,
    "BUILD": _Machine.build,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    "MEMOIZE": _Machine.memoize,
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.dup,
    "TUPLE": _Machine.tuple_,
    "EMPTY_TUPLE": lambda machine, _: machine.tuple_of(0),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "EMPTY_DICT": lambda machine, _: machine._stack.append({}),
    "DICT": _Machine.dict_,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
}
