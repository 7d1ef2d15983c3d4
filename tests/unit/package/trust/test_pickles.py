from __future__ import annotations

import bz2
import collections
import gzip
import io
import lzma
import os
import pickle
import struct
import subprocess
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nbmlops.package.trust import pickle_code, pickle_reader, unpacking
from nbmlops.package.trust.pickle_code import follow
from nbmlops.package.trust.pickle_values import Name
from nbmlops.package.trust.pickles import Pickle, danger_of, pickles

SHELL = "reaches the system, files or the network"


class Bomb:
    """What runs a command where it is loaded."""

    def __init__(self, called: Callable[..., Any], *arguments: Any) -> None:
        self._reduced = (called, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._reduced


class Pipe:
    """A stream that cannot be wound back."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seekable(self) -> bool:
        return False


def look(data: bytes, path: str = "model.pkl") -> Pickle:
    (found,) = pickles(path, io.BytesIO(data))
    return found


def names(found: Pickle) -> list[str]:
    return [each.name for each in found.imports]


def model() -> object:
    return make_pipeline(StandardScaler(), LinearRegression()).fit(np.eye(3), np.ones(3))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_names_are_found_in_every_protocol(protocol: int) -> None:
    found = look(pickle.dumps([collections.OrderedDict(a=1), {1.5: b"x"}, Bomb(os.system, "true")], protocol))
    assert found.is_whole
    assert found.dangerous[0].name in ("posix.system", "nt.system")
    assert found.dangerous[0].danger == SHELL
    assert "collections.OrderedDict" in names(found)


@pytest.mark.parametrize(
    "compress", [0, 3, ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)], ids=lambda each: str(each)
)
def test_a_model_of_joblib_is_followed_to_its_end(tmp_path: Path, compress: Any) -> None:
    path = tmp_path / "model.joblib"
    objects = {
        "model": model(),
        "objects": np.array([{"a": 1}, collections.Counter("ab")], dtype=object),
        "dates": np.array(["2020-01-01"], dtype="M8[D]"),
        "words": np.array(["abc"]),
        "flags": np.array([True]),
        "fields": np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]),
        "empty": np.zeros((0, 3)),
    }
    joblib.dump([objects, Bomb(print, "x")], path, compress=compress)
    with path.open("rb") as file:
        (found,) = pickles(path.name, file)
    assert (found.is_whole, found.why) == (True, "")
    assert {"sklearn.pipeline.Pipeline", "collections.Counter", "builtins.print"} <= set(names(found))


def text(word: str) -> bytes:
    return b"X" + struct.pack("<I", len(word)) + word.encode()


def array_of(
    raw: bytes,
    *,
    kind: str = "u1",
    count: int | None = None,
    size: int = -1,
    aligned: bool = False,
    wrapper: bytes = b"joblib.numpy_pickle\nNumpyArrayWrapper",
    before: bytes = b"",
) -> bytes:
    """An array as joblib writes it, in instructions of protocol 2; `before` comes before it is built."""
    dtype = b"cnumpy\ndtype\n" + text(kind) + b"K\x00K\x01\x87R"
    dtype += b"(K\x03" + text("|") + b"NNNJ" + struct.pack("<i", size) + b"J\xff\xff\xff\xffK\x00tb"
    shape = b"J" + struct.pack("<i", len(raw) if count is None else count) + b"\x85"
    state = b"}(" + text("shape") + shape + text("dtype") + dtype
    state += (text("numpy_array_alignment_bytes") + b"K\x10" if aligned else b"") + b"u"
    return b"c" + wrapper + b"\n)\x81" + state + before + b"b" + raw


HIDDEN = b"cos\nsystem\n" + text("true") + b"\x85R."


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (array_of(bytes(20)), ""),
        (array_of(bytes(20), wrapper=b"joblib\nnumpy_pickle.NumpyArrayWrapper"), ""),
        (array_of(b"\x03\xff\xff\xff" + bytes(5), count=5, aligned=True), ""),
        (array_of(b"abcd" * 5, kind="S4", size=4, count=0), "an instruction cannot be followed (IndexError)"),
        # pickle would go on with what joblib passes over.
        (array_of(HIDDEN), "an array of joblib could be instructions too"),
        (array_of(HIDDEN + bytes(200), count=5, aligned=True), "an array of joblib could be instructions too"),
        # joblib would pass over more than the description says at first sight.
        (array_of(bytes(5), kind="S1", size=100), "an array of joblib is of no known type"),
        (array_of(bytes(5), kind="i"), "an array of joblib is of no known type"),
        (array_of(bytes(5), before=b"2\x850"), "an array of joblib is not described"),
        (array_of(bytes(5), before=b"2\x8502\x850"), "an array of joblib is not described"),
        (b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n\x85.", "it hands an array of joblib to something else"),
        (b"]cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81a.", "it hands an array of joblib to something else"),
        (b"}K\x01cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81s.", "it hands an array of joblib to something else"),
    ],
)
def test_what_joblib_and_pickle_read_differently_is_told(body: bytes, why: str) -> None:
    found = look(b"\x80\x02" + body + b".", "model.joblib")
    assert (found.is_whole, found.why) == (not why, why)


@pytest.mark.parametrize("filled", [0, 5])
def test_an_array_of_objects_is_read_in_both_ways(filled: int) -> None:
    """To joblib the names are those that the inner program remembers, to pickle those of the outer one."""
    outer = b"\x8c\x02os\x94\x8c\x06system\x94" + b"N\x94" * filled
    inner = b"\x80\x04\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94h\x00h\x01\x93."
    found = look(b"\x80\x04" + outer + array_of(inner, kind="O8", size=-1) + b".", "model.joblib")
    assert {"os.system", "collections.OrderedDict"} <= set(names(found))
    assert [each.name for each in found.dangerous] == ["os.system"]
    shifted = b"\x80\x04" + b"\x8c\x02os\x94\x8c\x06system\x94" + b"\x8c\x01a\x94" * 2 + b"h\x02h\x03\x93."
    found = look(b"\x80\x04\x8c\x01x\x94\x8c\x01y\x94" + array_of(shifted, kind="O8") + b".", "model.joblib")
    assert [each.name for each in found.dangerous] == ["os.system"]


def test_a_model_names_its_classes_and_nothing_dangerous() -> None:
    found = look(pickle.dumps(model()))
    assert found.dangerous == ()
    assert {"sklearn.pipeline.Pipeline", "sklearn.linear_model._base.LinearRegression"} <= set(names(found))


def test_a_table_is_followed_to_its_end() -> None:
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])})
    found = look(pickle.dumps(table))
    assert found.is_whole
    assert found.dangerous == ()


def test_functions_that_travel_with_their_code_are_marked() -> None:
    found = look(cloudpickle.dumps(lambda x: x + 1))
    assert {each.danger for each in found.dangerous} >= {"brings code of its own"}


@pytest.mark.parametrize(
    ("module", "name", "danger"),
    [
        ("os", "system", SHELL),
        ("posix", "system", SHELL),
        ("subprocess", "Popen", SHELL),
        ("builtins", "eval", "can run any code"),
        ("__builtin__", "getattr", "can run any code"),
        ("builtins", "set", ""),
        ("operator", "attrgetter", "can reach any function"),
        ("joblib", "load", "loads another pickle"),
        ("numpy.core", "os.system", SHELL),
        ("numpy.core", "sys.modules.clear", "reaches into another module"),
        ("collections", "OrderedDict.__init__.__globals__", "reaches into another module"),
        ("pandas", "eval", SHELL),
        ("logging.config", "listen", SHELL),
        ("logging", "Logger", ""),
        ("pandas.io.formats.style", "Styler", ""),
        ("sklearn.pipeline", "Pipeline", ""),
        ("dill._dill", "_create_function", "brings code of its own"),
    ],
)
def test_danger_is_told_by_name(module: str, name: str, danger: str) -> None:
    assert danger_of(Name(module, name)) == danger


def test_names_from_the_memo_are_known() -> None:
    """os, system: remembered, thrown away, fetched, and put together."""
    found = look(b"\x80\x04\x8c\x02os\x94\x8c\x06system\x9400h\x00h\x01\x93\x8c\x04true\x85R.")
    assert names(found) == ["os.system"]
    assert found.dangerous


def test_a_name_that_is_computed_is_marked_as_unknown() -> None:
    joined = b"cbuiltins\nstr\n\x8c\x06system\x85R"
    found = look(b"\x80\x04\x8c\x02os" + joined + b"\x93.")
    assert names(found) == ["builtins.str", "?.?"]
    assert [each.danger for each in found.dangerous] == ["its name is put together while it is loaded"]


def test_names_of_strangers_do_not_reach_the_terminal_as_they_are() -> None:
    assert names(look(b"\x80\x02ca\x1b[2J\nb\xe2\x80\xae\n.")) == ["a?[2J.b?"]
    (found,) = pickles("a.pt", io.BytesIO(archive({"\x1b[2J.pkl": pickle.dumps(1)})))
    assert found.path == "a.pt!?[2J.pkl"


def test_old_instructions_are_followed() -> None:
    assert names(look(b"(S'true'\nios\nsystem\n.")) == ["os.system"]
    assert names(look(b"(cos\nsystem\nS'true'\no.")) == ["os.system"]
    assert names(look(b"\x80\x02\x82\x07.")) == ["copyreg extension.7"]
    assert look(b"\x80\x02\x82\x07.").dangerous


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it ends before its end"),
        (b"\x80\x04", "it ends before its end"),
        (b"\x80\x04N", "it ends before its end"),
        (b"\x80\x04\xffN.", "0xff is no instruction"),
        (b'{"a": 1}', "0x7b is no instruction"),
        (b"\x80\x04R.", "an instruction cannot be followed (IndexError)"),
        (b"\x80\x04\x86.", "an instruction cannot be followed (IndexError)"),
        (b"\x80\x04Nt.", "a mark is missing"),
        (b"\x80\x04I7x\n.", "an instruction cannot be followed (ValueError)"),
        (b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"abc", "it ends before its end"),
        (b"\x80\x04\x8b" + struct.pack("<i", -5) + b".", "an instruction cannot be followed (ValueError)"),
        (b"V" + b"x" * 100_000, "it ends before its end"),
    ],
)
def test_what_cannot_be_followed_is_told(data: bytes, why: str) -> None:
    found = look(data)
    assert (found.is_whole, found.why) == (False, why)


def test_names_before_the_damage_are_kept() -> None:
    found = look(b"\x80\x02cos\nsystem\n\xff")
    assert (names(found), found.is_whole) == (["os.system"], False)


@pytest.mark.parametrize(
    ("data", "limit", "why"),
    [
        (b"\x80\x04" + b"N0" * 600 + b".", "MOST_INSTRUCTIONS", "it has more than 1,000 instructions"),
        (b"\x80\x04" + b"N" * 600 + b".", "_MOST_STACK", "it piles up more than 500 values"),
        (b"\x80\x04N" + b"\x94" * 600 + b".", "_MOST_MEMO", "it remembers more than 500 values"),
        (
            b"\x80\x04" + b"".join(b"ca\nb%d\n0" % each for each in range(60)) + b".",
            "_MOST_NAMES",
            "it imports more than 50 names",
        ),
    ],
)
def test_every_limit_holds(monkeypatch: pytest.MonkeyPatch, data: bytes, limit: str, why: str) -> None:
    module = pickle_reader if limit == "MOST_INSTRUCTIONS" else pickle_code
    monkeypatch.setattr(module, limit, {"MOST_INSTRUCTIONS": 1000, "_MOST_NAMES": 50}.get(limit, 500))
    found = look(data)
    assert (found.is_whole, found.why) == (False, why)


def test_texts_beyond_the_budget_are_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_reader, "_MOST_KEPT", 10)
    found = look(b"\x80\x04\x8c\x0babcdefghijk0\x8c\x02os\x8c\x06system\x93.")
    assert names(found) == ["?.?"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x80\x04)" + b"\x85" * 100_000 + b".", id="tuples in tuples"),
        pytest.param(b"\x80\x04)" + b"22\x87" * 50_000 + b".", id="three of one, again and again"),
        pytest.param(b"\x80\x04}" + b"\x8c\x01a}s\x8c\x01a}" * 20_000 + b".", id="mappings in mappings"),
        pytest.param(b"\x80\x04" + (b"\x8c\xff" + b"x" * 255) * 20_000 + b".", id="a text again and again"),
    ],
)
def test_a_hostile_program_gets_little_memory(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_reader, "_MOST_KEPT", 1 << 18)
    monkeypatch.setattr(pickle_code, "_MOST_STACK", 30_000)
    file = io.BytesIO(data)
    tracemalloc.start()
    follow(file)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4 << 20


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress, bz2.compress, lzma.compress])
def test_zeros_without_end_are_cut_off(monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]) -> None:
    monkeypatch.setattr(unpacking.Budget.__init__, "__defaults__", (1 << 20,))
    found = look(pack(b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + bytes(8 << 20)), "bomb.joblib")
    assert (found.is_whole, found.why) == (False, "it unpacks to more than 1 MiB")


def test_an_archive_of_zeros_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking.Budget.__init__, "__defaults__", (1 << 20,))
    data = archive({"data.pkl": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + bytes(8 << 20)})
    found = look(data, "model.pt")
    assert (found.path, found.is_whole, found.why) == ("model.pt!data.pkl", False, "it unpacks to more than 1 MiB")


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress, bz2.compress, lzma.compress])
def test_damaged_compression_is_told(pack: Callable[[bytes], bytes]) -> None:
    data = pack(pickle.dumps(os.urandom(50_000)))
    assert look(data[: len(data) // 2], "model.joblib").why == "its compressed bytes are cut off"
    broken = data[:20_000] + bytes(2000) + data[22_000:]
    assert not look(broken + b"", "model.joblib").is_whole or pack in (zlib.compress, gzip.compress)


@pytest.mark.parametrize(("mark", "name"), [(b"\x04\x22\x4d\x18", "LZ4"), (b"\x28\xb5\x2f\xfd", "Zstandard")])
def test_what_cannot_be_unpacked_is_named(mark: bytes, name: str) -> None:
    assert look(mark + bytes(20), "model.joblib").why == f"it is compressed with {name}"


def archive(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize("wrap", [io.BytesIO, Pipe])
def test_pickles_in_archives_are_named(wrap: Callable[[bytes], Any]) -> None:
    objects, numbers = io.BytesIO(), io.BytesIO()
    np.save(objects, np.array([Bomb(os.system, "true")], dtype=object))
    np.save(numbers, np.zeros(3))
    data = archive(
        {
            "archive/data.pkl": pickle.dumps(collections.OrderedDict(), protocol=2),
            "archive/data/0": bytes(100),
            "archive/version": b"3\n",
            "objects.npy": objects.getvalue(),
            "numbers.npy": numbers.getvalue(),
        }
    )
    found = pickles("model.pt", wrap(data))
    assert [(each.path, bool(each.dangerous)) for each in found] == [
        ("model.pt!archive/data.pkl", False),
        ("model.pt!objects.npy", True),
    ]


def test_an_archive_that_is_none_is_told() -> None:
    assert look(b"PK\x03\x04" + bytes(100), "model.pt").why == "it cannot be unpacked (BadZipFile)"


def test_old_models_of_pytorch_hold_several_pickles() -> None:
    parts = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, Bomb(os.system, "true"))
    data = b"".join(pickle.dumps(each, protocol=2) for each in parts) + struct.pack("<q", 3) + bytes(100)
    found = look(data, "model.pt")
    assert (found.is_whole, [each.danger for each in found.dangerous]) == (True, [SHELL])


def test_arrays_of_objects_are_pickles_and_others_are_none() -> None:
    structured = io.BytesIO()
    np.save(structured, np.array([(1, "x")], dtype=[("a", "i4"), ("b", object)]))
    (found,) = pickles("a.npy", io.BytesIO(structured.getvalue()))
    assert found.is_whole
    plain = io.BytesIO()
    np.save(plain, np.zeros(3))
    assert pickles("b.npy", io.BytesIO(plain.getvalue())) == ()


@pytest.mark.parametrize(
    "header",
    [b"\xff\xff{", b"\x04\x00{}  ", b"\x05\x00__imp", b"\x10\x00{'descr': 7    }", b"\x06\x00((((((", b""],
)
def test_a_hostile_header_of_an_array_is_told(header: bytes) -> None:
    assert look(b"\x93NUMPY\x01\x00" + header, "a.npy").why == "its header cannot be read"


def test_skops_names_what_it_will_make(tmp_path: Path) -> None:
    skops.io.dump(model(), tmp_path / "model.skops")
    with (tmp_path / "model.skops").open("rb") as file:
        (found,) = pickles("model.skops", file)
    assert (found.path, found.is_pickle, found.is_whole) == ("model.skops!schema.json", False, True)
    assert "sklearn.pipeline.Pipeline" in names(found)
    assert found.dangerous == ()
    hostile = archive({"schema.json": b'{"content":[{"__module__":"os","__class__":"system"}]}'})
    assert [each.name for each in look(hostile, "x.skops").dangerous] == ["os.system"]
    assert look(archive({"schema.json": b"[" * 200_000}), "x.skops").why == "it is no JSON"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("train.csv", b"a,b\n1,2\n"),
        ("model.safetensors", b"\x80\x04" + bytes(600)),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("empty.csv", b""),
    ],
)
def test_other_files_are_no_pickles(path: str, data: bytes) -> None:
    assert pickles(path, io.BytesIO(data)) == ()


def test_a_pickle_is_known_by_its_beginning_whatever_it_is_called() -> None:
    data = pickle.dumps(Bomb(subprocess.call, ["true"]))
    assert look(data, "weights.dat").dangerous
    assert look(b"\x80\x02\xff", "model.bin").why == "0xff is no instruction"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    for path, start in (("a.pkl", b"\x80\x04"), ("a.npy", b"\x93NUMPY\x01\x00"), ("a.joblib", b"\x78\x9c"), ("a", b"")):
        pickles(path, io.BytesIO(start + data))


simple = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner) | st.sets(st.integers())
    ),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(simple, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_whatever_python_pickles_is_followed_to_its_end(value: Any, protocol: int) -> None:
    data = io.BytesIO(pickle.dumps([value, collections.OrderedDict()], protocol) + b"rest")
    found = follow(data)
    assert (found.is_whole, found.why) == (True, "")
    assert Name("collections", "OrderedDict") in found.names
    assert data.read() == b"rest"
