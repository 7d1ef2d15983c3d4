"""Are two values the same? By what they hold, not by identity: what pickle would store of them, part by part.

Floating-point figures count as equal within a relative tolerance. The answer is a Difference with the path of
the first part that differs (`model.coef_[0, 3]: 0.51 and 0.48`), None when there is none; a value that has no
comparable content (a generator, a socket) raises Incomparable.
"""

from __future__ import annotations

import copyreg
import itertools
import math
import re
import sys
import types
from collections import OrderedDict
from typing import Any

import msgspec

TOLERANCE = 1e-9
MEASURED = re.compile(r"(?:mean|std)_(?:fit|score)_time|refit_time_|_stop_words_id")
"""What scikit-learn keeps of one process, seconds of a search and an address: different each time, and no result."""
DRAWN = ("matplotlib", "ipywidgets", "IPython", "PIL.ImageTk")
"""Packages whose objects are for looking at: their state depends on who looked, and when."""
_ADDRESS = re.compile(r" (?:object )?at 0x[0-9a-f]+")
_DEEPEST = 200


class Difference(msgspec.Struct, frozen=True):
    path: str
    text: str


class Incomparable(Exception):
    """A value whose content cannot be looked at."""


def difference(left: Any, right: Any, *, tolerance: float = TOLERANCE, path: str = "") -> Difference | None:
    """The first difference between two values, or None. Raises Incomparable."""
    return _Walk(tolerance).compare(left, right, path)


class _Walk:
    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self.seen: set[tuple[int, int]] = set()
        self.kept: list[Any] = []
        """Parts made while walking stay alive, so that their ids are not used again."""
        self.depth = 0

    def compare(self, left: Any, right: Any, path: str) -> Difference | None:
        if left is right:
            return None
        if type(left).__module__.startswith(DRAWN):
            # On its own it cannot be compared; inside of something else it is no part of what was computed.
            if self.depth == 0:
                raise Incomparable(f"a {_name(type(left))} is drawn, not computed")
            return None
        if type(left) is not type(right) and _name(type(left)) != _name(type(right)):
            return Difference(path, f"{_name(type(left))} and {_name(type(right))}")
        pair = (id(left), id(right))
        if pair in self.seen:
            return None
        self.seen.add(pair)
        self.kept.append((left, right))
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Incomparable("it is nested too deeply")
        try:
            return self._compare_same_type(left, right, path)
        finally:
            self.depth -= 1

    def _compare_same_type(self, left: Any, right: Any, path: str) -> Difference | None:
        if isinstance(left, float):
            return None if self._close(left, right) else Difference(path, f"{left!r} and {right!r}")
        if isinstance(left, complex):
            same = self._close(left.real, right.real) and self._close(left.imag, right.imag)
            return None if same else Difference(path, f"{left!r} and {right!r}")
        if left is None or isinstance(left, (bool, int, str, bytes, range, type(Ellipsis))):
            return None if left == right else Difference(path, _shortened(left, right))
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        if numpy is not None and isinstance(left, numpy.ma.MaskedArray):
            found = self.compare(numpy.ma.getmaskarray(left), numpy.ma.getmaskarray(right), f"{path}.mask")
            return found or self.compare(left.compressed(), right.compressed(), path)
        if numpy is not None and isinstance(left, (numpy.ndarray, numpy.generic)):
            return self._arrays(numpy.asarray(left), numpy.asarray(right), path, numpy)
        if numpy is not None and isinstance(left, numpy.random.RandomState):
            return self.compare(left.get_state(legacy=False), right.get_state(legacy=False), path)
        if pandas is not None and isinstance(left, pandas.DataFrame):
            return self._tables(left, right, path)
        if pandas is not None and isinstance(left, (pandas.Series, pandas.Index)):
            return self._columns(left, right, path, pandas)
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(left, torch.Tensor):
            return self._tensors(left, right, path)
        if torch is not None and isinstance(left, torch.optim.Optimizer):
            # It keeps its state by the parameters themselves, which are others in each process.
            return self.compare(left.state_dict(), right.state_dict(), path)
        arrow = sys.modules.get("pyarrow")
        if arrow is not None and isinstance(left, arrow.Table):
            return self._arrow_tables(left, right, path)
        if isinstance(left, (list, tuple)):
            return self._sequences(left, right, path)
        if isinstance(left, dict):
            return self._mappings(left, right, path)
        if isinstance(left, (set, frozenset)):
            return self._sets(left, right, path)
        if isinstance(left, types.FunctionType):
            return self._functions(left, right, path)
        if isinstance(left, (type, types.ModuleType, types.BuiltinFunctionType)):
            return None if _name(left) == _name(right) else Difference(path, f"{_name(left)} and {_name(right)}")
        return self._objects(left, right, path)

    def _close(self, left: float, right: float) -> bool:
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return math.isclose(left, right, rel_tol=self.tolerance, abs_tol=self.tolerance * 1e-3)

    def _arrays(self, left: Any, right: Any, path: str, numpy: Any) -> Difference | None:
        if left.dtype != right.dtype:
            return Difference(path, f"dtype {left.dtype} and {right.dtype}")
        if left.shape != right.shape:
            return Difference(path, f"shape {left.shape} and {right.shape}")
        if left.dtype.names:
            # Field by field: between fields there may be padding, whose bytes mean nothing.
            parts = (self._arrays(left[name], right[name], f"{path}[{name!r}]", numpy) for name in left.dtype.names)
            return next((found for found in parts if found is not None), None)
        if left.dtype.hasobject:
            return self._sequences(left.ravel().tolist(), right.ravel().tolist(), path)
        if left.dtype.kind in "fc":
            with numpy.errstate(all="ignore"):
                same = numpy.isclose(left, right, rtol=self.tolerance, atol=self.tolerance * 1e-3, equal_nan=True)
        elif left.dtype.kind == "V":
            same = numpy.frombuffer(left.tobytes(), "u1") == numpy.frombuffer(right.tobytes(), "u1")
        else:
            same = (left == right) | ((left != left) & (right != right))
        if numpy.all(same):
            return None
        where = numpy.unravel_index(int(numpy.argmin(same)), same.shape) if same.ndim else ()
        place = f"{path}[{', '.join(str(int(i)) for i in where)}]" if where else path
        count = int(numpy.size(same) - numpy.count_nonzero(same))
        values = (left[where], right[where]) if left.dtype.kind != "V" else ("bytes", "other bytes")
        return Difference(place, f"{values[0]!s} and {values[1]!s}" + (f" ({count:,} differ)" if count > 1 else ""))

    def _tables(self, left: Any, right: Any, path: str) -> Difference | None:
        if left.shape != right.shape:
            return Difference(path, f"{_table_size(left)} and {_table_size(right)}")
        found = self.compare(left.columns, right.columns, f"{path}.columns")
        found = found or self.compare(left.index, right.index, f"{path}.index")
        for number, name in enumerate(left.columns):
            if found is not None:
                return found
            if _is_measured(name):
                continue
            found = self.compare(left.iloc[:, number], right.iloc[:, number], f"{path}[{name!r}]")
        return found or self.compare(left.attrs, right.attrs, f"{path}.attrs")

    def _tensors(self, left: Any, right: Any, path: str) -> Difference | None:
        if left.dtype != right.dtype or left.requires_grad != right.requires_grad:
            about = [f"{each.dtype}{', with gradients' if each.requires_grad else ''}" for each in (left, right)]
            return Difference(path, " and ".join(about))
        if left.is_sparse or left.is_quantized:
            return self._objects(left, right, path)
        arrays = []
        for each in (left, right):
            plain = each.detach().cpu().resolve_conj().resolve_neg()
            # numpy has no short floats of that kind.
            arrays.append((plain.float() if str(plain.dtype) == "torch.bfloat16" else plain).numpy())
        return self.compare(arrays[0], arrays[1], path)

    def _arrow_tables(self, left: Any, right: Any, path: str) -> Difference | None:
        """By what they hold: how their memory is cut into chunks does not count."""
        if not left.schema.equals(right.schema, check_metadata=True):
            return Difference(path, "other columns")
        return None if left.equals(right) else self.compare(left.to_pydict(), right.to_pydict(), path)

    def _columns(self, left: Any, right: Any, path: str, pandas: Any) -> Difference | None:
        if left.dtype != right.dtype:
            return Difference(path, f"dtype {left.dtype} and {right.dtype}")
        if len(left) != len(right):
            return Difference(path, f"{len(left):,} values and {len(right):,}")
        if left.name != right.name and not (pandas.isna(left.name) and pandas.isna(right.name)):
            return Difference(f"{path}.name", f"{left.name!r} and {right.name!r}")
        if isinstance(left, pandas.Series):
            found = self.compare(left.index, right.index, f"{path}.index")
            if found is not None:
                return found
        elif isinstance(left, pandas.MultiIndex):
            found = self.compare(list(left.names), list(right.names), f"{path}.names")
            if found is not None:
                return found
        if isinstance(left.dtype, pandas.DatetimeTZDtype):
            # The zones are equal by their names already; UTC itself comes as objects of several classes.
            moments = f"datetime64[{left.dtype.unit}]"
            return self.compare(left.to_numpy(dtype=moments), right.to_numpy(dtype=moments), path)
        return self.compare(left.to_numpy(), right.to_numpy(), path)

    def _sequences(self, left: Any, right: Any, path: str) -> Difference | None:
        for number, (a, b) in enumerate(zip(left, right, strict=False)):
            found = self.compare(a, b, f"{path}[{number}]")
            if found is not None:
                return found
        return None if len(left) == len(right) else Difference(path, f"{len(left):,} items and {len(right):,}")

    def _mappings(self, left: Any, right: Any, path: str) -> Difference | None:
        # By the text of floats: one NaN is not the key that another one is.
        ours, theirs = {_key(key): value for key, value in left.items()}, {_key(key): key for key in right}
        missing = [key for key in left if _key(key) not in theirs] or [key for key in right if _key(key) not in ours]
        if missing:
            return Difference(path, f"only one of them has {missing[0]!r}")
        if type(left) in (dict, OrderedDict) and list(ours) != list(theirs):
            return Difference(path, "the same keys in another order")
        for key, value in ours.items():
            if _is_measured(key):
                continue
            found = self.compare(value, right[theirs[key]], f"{path}[{theirs[key]!r}]")
            if found is not None:
                return found
        return None

    def _sets(self, left: Any, right: Any, path: str) -> Difference | None:
        if left == right:
            return None
        only = sorted(map(repr, left ^ right))
        return Difference(path, f"only one of them has {only[0]}")

    def _functions(self, left: Any, right: Any, path: str) -> Difference | None:
        """Same code, defaults and captured values; the globals that a function looks up are not followed."""
        found = self._codes(left.__code__, right.__code__, path)
        found = found or self.compare(left.__defaults__, right.__defaults__, f"{path}.defaults")
        found = found or self.compare(left.__kwdefaults__, right.__kwdefaults__, f"{path}.defaults")
        return found or self._sequences(_captured(left), _captured(right), f"{path}.captured")

    def _codes(self, left: types.CodeType, right: types.CodeType, path: str) -> Difference | None:
        if left.co_code != right.co_code or left.co_names != right.co_names:
            return Difference(path, f"function {left.co_name} and another body")
        if len(left.co_consts) != len(right.co_consts):
            return Difference(path, f"function {left.co_name} and another body")
        for number, (a, b) in enumerate(zip(left.co_consts, right.co_consts, strict=True)):
            if isinstance(a, types.CodeType) and isinstance(b, types.CodeType):
                found = self._codes(a, b, path)
            else:
                found = self.compare(a, b, f"{path}.constants[{number}]")
            if found is not None:
                return found
        return None

    def _objects(self, left: Any, right: Any, path: str) -> Difference | None:
        try:
            one, other = _reduced(left), _reduced(right)
        except Exception as error:
            raise Incomparable(f"a {_name(type(left))} has no content that can be compared ({error})") from error
        if isinstance(one, str) or isinstance(other, str):
            return None if one == other else Difference(path, f"{one} and {other}")
        names = ("", ".arguments", "", ".items", ".entries")
        for number, (a, b) in enumerate(itertools.zip_longest(one[:5], other[:5])):
            if number >= 3 and a is not None and b is not None:
                a, b = list(a), list(b)
            if number == 2 and isinstance(a, dict) and isinstance(b, dict):
                found = self._attributes(a, b, path)
            else:
                found = self.compare(a, b, path + names[number])
            if found is not None:
                return found
        return None

    def _attributes(self, left: dict[str, Any], right: dict[str, Any], path: str) -> Difference | None:
        for name in sorted(left.keys() | right.keys(), key=str):
            if name not in left or name not in right:
                return Difference(path, f"only one of them has .{name}")
            if _is_measured(name):
                continue
            found = self.compare(left[name], right[name], f"{path}.{name}")
            if found is not None:
                return found
        return None


def summary(value: Any) -> str:
    """A value in a few words, for people."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(value, numpy.ndarray) and value.ndim:
        return f"array {'×'.join(map(str, value.shape))} of {value.dtype}"
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return f"table of {_table_size(value)}"
    if pandas is not None and isinstance(value, pandas.Series):
        return f"column of {len(value):,} {value.dtype}"
    is_collection = isinstance(value, (list, tuple, dict, set, frozenset))
    if is_collection and len(value) > 60:
        return f"{type(value).__name__} of {len(value):,}"
    try:
        shown = repr(value)
    except Exception as error:  # noqa: BLE001 - __repr__ is the value's own code
        return f"a {_name(type(value))} that cannot be shown ({type(error).__name__})"
    if is_collection and len(shown) > 60:
        return f"{type(value).__name__} of {len(value):,}"
    text = _ADDRESS.sub("", " ".join(shown.split()))
    return text if len(text) <= 60 else text[:59] + "…"


def _reduced(value: Any) -> Any:
    """What pickle would store: by the registered way of its type (compiled patterns), else by its own."""
    registered = copyreg.dispatch_table.get(type(value))
    return registered(value) if registered is not None else value.__reduce_ex__(4)


def _captured(function: types.FunctionType) -> list[Any]:
    """Contents of the cells a function closes over; a cell that is not filled yet counts as empty."""
    contents = []
    for cell in function.__closure__ or ():
        try:
            contents.append(cell.cell_contents)
        except ValueError:
            contents.append(None)
    return contents


def _name(thing: Any) -> str:
    module, name = (
        getattr(thing, "__module__", ""),
        getattr(thing, "__qualname__", getattr(thing, "__name__", "")),
    )
    return name if module in ("builtins", "__main__", None, "") else f"{module}.{name}"


def _is_measured(name: object) -> bool:
    return isinstance(name, str) and MEASURED.fullmatch(name) is not None


def _key(key: Any) -> Any:
    return repr(key) if isinstance(key, float) else key


def _shortened(left: Any, right: Any) -> str:
    one, other = summary(left), summary(right)
    return f"{one} and {other}" if one != other else f"two different {type(left).__name__}s of equal length or start"


def _table_size(table: Any) -> str:
    return f"{table.shape[0]:,} rows × {table.shape[1]} columns"
