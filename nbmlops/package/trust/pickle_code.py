"""What a pickle would import, read without importing anything.

A pickle is a program. This machine follows it as far as names go: it keeps the texts, numbers, tuples and small
mappings that the program pushes, and nothing else, so that names put together from memo and stack are known too, and
so that the raw arrays which joblib writes between the instructions can be passed over.

joblib and pickle read such a file differently: what could be an array to one and instructions to the other stops the
machine, and so does an array whose size it cannot be sure of.

No instruction can make it read more, keep more or run longer than its limits.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from typing import IO, Any

import msgspec

from nbmlops.package.trust.pickle_reader import OTHER, Reader, Stopped
from nbmlops.package.trust.pickle_values import (
    DTYPE,
    MARK,
    THING,
    UNKNOWN,
    Call,
    Mapping,
    Name,
    Two,
    keeps_size,
    let_go,
    may_be_text,
    named,
    scalars,
    to_pickle,
    width,
)
from nbmlops.package.trust.unpacking import UnpackingError

EXTENSION = "copyreg extension"
"""Stands for the module of a name that is given by a number."""
_MOST_MEMO = 500_000
_MOST_STACK = 200_000
_MOST_NAMES = 10_000
_MOST_ITEMS = 64
_MOST_NESTED = 100
"""Pickles within a pickle: arrays of objects, as joblib writes them."""


class Program(msgspec.Struct, frozen=True, kw_only=True):
    names: tuple[Name, ...]
    """Everything that it imports, each once, in order."""
    others: tuple[Name, ...] = ()
    """What it would import besides where it is loaded by `pickle` instead of joblib."""
    is_whole: bool = True
    """Whether it was followed to its end; otherwise it may import more."""
    why: str = ""
    """Why it was not."""


def follow(file: IO[bytes]) -> Program:
    """Read one pickle from where the file is, and stop behind it."""
    machine = _Machine(file)
    why = ""
    try:
        machine.run()
    except (Stopped, UnpackingError) as stopped:
        why = str(stopped)
    except (IndexError, ValueError, TypeError, OverflowError, MemoryError, UnicodeError) as error:
        why = f"an instruction cannot be followed ({type(error).__name__})"
    return Program(names=tuple(machine.names), others=tuple(machine.others), is_whole=not why, why=why)


class _Machine:
    def __init__(self, file: IO[bytes]) -> None:
        self._reader = Reader(file)
        self.names: dict[Name, None] = {}
        self.others: dict[Name, None] = {}
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._outer: dict[Any, Any] | None = None
        """Within an array of objects: what `pickle` remembers there, which goes on where joblib begins anew."""
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
            let_go(self._to_mark())
            # Further down lies what the instruction fills, which stays.
            let_go([self._stack.pop() for _ in range(before.index(pickletools.markobject))])
        else:
            let_go([self._stack.pop() for _ in before])
        self._stack += [OTHER if known.name in ("PERSID", "BINPERSID") else THING] * len(known.stack_after)

    def _to_mark(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not MARK:
            place -= 1
            if place < 0:
                raise Stopped("a mark is missing")
        found = self._stack[place + 1 :]
        del self._stack[place:]
        return found

    def _import(self, module: Any, name: Any) -> None:
        found = named(*(each.joblib if isinstance(each, Two) else each for each in (module, name)))
        self.names.setdefault(found)
        if isinstance(module, Two) or isinstance(name, Two):
            plain = [to_pickle(module), to_pickle(name)]
            if all(may_be_text(each) for each in plain):
                self.others.setdefault(named(*plain))
        if len(self.names) + len(self.others) > _MOST_NAMES:
            raise Stopped(f"it imports more than {_MOST_NAMES:,} names")
        self._stack.append(found)

    def global_(self, argument: Any) -> None:
        self._import(*argument)

    def inst(self, argument: Any) -> None:
        let_go(self._to_mark())
        self.global_(argument)
        self._call(self._stack.pop(), ())

    def stack_global(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._import(module, name)

    def extension(self, argument: Any) -> None:
        self._import(EXTENSION, str(argument))

    def obj(self, _: Any) -> None:
        called, *arguments = self._to_mark()
        let_go(arguments)
        self._call(called, ())

    def reduce(self, _: Any) -> None:
        arguments, called = self._stack.pop(), self._stack.pop()
        let_go([arguments])
        self._call(called, arguments)

    def newobj(self, _: Any) -> None:
        """What it makes is of the class that is named, so that only `str` makes a text."""
        self.reduce(None)
        made = self._stack[-1]
        made.may_be_text = made.may_be_text and (made.called.name == "str" or made.called == UNKNOWN)

    def newobj_ex(self, _: Any) -> None:
        let_go([self._stack.pop()])
        self.newobj(None)

    def _call(self, called: Any, arguments: Any) -> None:
        name = called if isinstance(called, Name) else UNKNOWN
        self._stack.append(Call(name, arguments if isinstance(arguments, tuple) else ()))

    def build(self, _: Any) -> None:
        state, made = self._stack.pop(), self._stack[-1]
        if isinstance(made, Call) and made.is_wrapper and self._outer is None:
            self._pass_array(state)
            self._stack[-1] = OTHER
            return
        let_go([state])
        if isinstance(made, Call) and made.called == DTYPE:
            made.is_changed = made.is_changed or not keeps_size(made, state)

    def _pass_array(self, state: Any) -> None:
        """joblib writes an array right behind the instruction that describes it."""
        if not isinstance(state, Mapping) or state.is_changed:
            raise Stopped("an array of joblib is not described")
        dtype, shape = state.get("dtype"), state.get("shape")
        if not isinstance(shape, tuple) or not all(isinstance(each, int) and each >= 0 for each in shape):
            raise Stopped("an array of joblib has no known shape")
        if isinstance(dtype, Call) and dtype.called == DTYPE and dtype.arguments[:1] in (("O",), ("O8",)):
            self._nest()
            return
        item = width(dtype) if isinstance(dtype, Call) and not dtype.is_changed else None
        if item is None:
            raise Stopped("an array of joblib is of no known type")
        size = item * math.prod(shape)
        if isinstance(state.get("numpy_array_alignment_bytes"), int):
            first = self._reader.take(1)
            self._refuse_instruction(first)
            self._reader.skip(first[0])
        elif size:
            self._refuse_instruction(self._reader.take(1))
            size -= 1
        self._reader.skip(size)

    def _refuse_instruction(self, first: bytes) -> None:
        """`pickle` goes on right here, where joblib passes over the array."""
        if self._reader.is_instruction(first):
            raise Stopped("an array of joblib could be instructions too")

    def _nest(self) -> None:
        self._nested += 1
        if self._nested > _MOST_NESTED:
            raise Stopped(f"it holds more than {_MOST_NESTED} pickles")
        stack, memo = self._stack, self._memo
        # joblib gives this to `pickle` as a program of its own; `pickle` alone goes on with what it remembers.
        self._outer = dict(memo)
        self.run()
        self._stack, self._memo, self._outer = stack, memo, None

    def put(self, argument: Any) -> None:
        self._keep(argument, self._stack[-1])
        if self._outer is not None:
            self._outer[argument] = to_pickle(self._stack[-1])

    def memoize(self, _: Any) -> None:
        self._keep(len(self._memo), self._stack[-1])
        if self._outer is not None:
            self._outer[len(self._outer)] = to_pickle(self._stack[-1])

    def _keep(self, place: Any, value: Any) -> None:
        if len(self._memo) >= _MOST_MEMO:
            raise Stopped(f"it remembers more than {_MOST_MEMO:,} values")
        self._memo[place] = value

    def get(self, argument: Any) -> None:
        found = self._memo.get(argument, OTHER)
        other = found if self._outer is None else self._outer.get(argument, OTHER)
        self._stack.append(found if other is found else Two(found, other))

    def mark(self, _: Any) -> None:
        self._stack.append(MARK)

    def pop(self, _: Any) -> None:
        self._stack.pop()

    def pop_mark(self, _: Any) -> None:
        self._to_mark()

    def dup(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def tuple_(self, _: Any) -> None:
        items = self._to_mark()
        let_go(items)
        self._stack.append(scalars(items[:_MOST_ITEMS]))

    def tuple_of(self, count: int) -> None:
        items = [self._stack.pop() for _ in range(count)]
        let_go(items)
        self._stack.append(scalars(items[::-1]))

    def dict_(self, _: Any) -> None:
        items = self._to_mark()
        self._stack.append(Mapping())
        self._fill(items)

    def set_item(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._fill([key, value])

    def set_items(self, _: Any) -> None:
        self._fill(self._to_mark())

    def _fill(self, items: list[Any]) -> None:
        target = self._stack[-1]
        let_go(items)
        if not isinstance(target, Mapping):
            return
        for key, value in zip(items[::2], items[1::2], strict=False):
            if key is OTHER:
                target.is_changed = True
            elif isinstance(key, str) and (key in target or len(target) < _MOST_ITEMS):
                target[key] = OTHER if isinstance(value, Mapping) else value


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
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.newobj,
    "NEWOBJ_EX": _Machine.newobj_ex,
    "BUILD": _Machine.build,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    "MEMOIZE": _Machine.memoize,
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "MARK": _Machine.mark,
    "NONE": lambda machine, _: machine._stack.append(None),
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.dup,
    "TUPLE": _Machine.tuple_,
    "EMPTY_TUPLE": lambda machine, _: machine.tuple_of(0),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "EMPTY_DICT": lambda machine, _: machine._stack.append(Mapping()),
    "DICT": _Machine.dict_,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
}
