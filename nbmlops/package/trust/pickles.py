"""The pickles in a package, and what loading them would import. Nothing is loaded to find out.

    pickles("model.joblib", file)      # one per stream: also those in .pt, .npz and .skops archives

A pickle is a program: whoever made it decides what runs where it is loaded. The names it imports tell honest ones from
those that want a shell; they do not prove that one is harmless.
"""

from __future__ import annotations

import ast
import io
import re
import shutil
import tempfile
import zipfile
import zlib
from typing import IO, Any, cast

import msgspec

from nbmlops.package.trust.pickle_code import EXTENSION, follow
from nbmlops.package.trust.pickle_values import UNKNOWN, Name
from nbmlops.package.trust.unpacking import Budget, UnpackingError, buffered, unpacked

_MOST_ENTRIES = 10_000
_MOST_STREAMS = 1_000
_MOST_SCHEMA = 16 << 20
_MOST_HEADER = 64 << 10
_HEAD = 512
_SPOOLED = 16 << 20

_ENDINGS = (".pkl", ".pickle", ".joblib", ".sav", ".dill", ".cloudpickle")
"""Files that are taken for pickles even where their first bytes do not tell: protocols 0 and 1 have no mark."""
_WEIGHTS = (".pt", ".pth", ".ckpt", ".bin", ".model")
"""Files that are often pickles: their first two bytes are enough."""
_PROTOCOL = re.compile(rb"\x80[\x02-\x05]")
_UNREAD = {b"\x04\x22\x4d\x18": "LZ4", b"\x28\xb5\x2f\xfd": "Zstandard"}

_SHELLS = {
    *("os", "posix", "nt", "subprocess", "commands", "pty", "sys", "shutil", "socket", "ctypes", "_ctypes", "cffi"),
    *("importlib", "imp", "runpy", "pkgutil", "zipimport", "code", "codeop", "marshal", "pip", "ensurepip", "venv"),
    *("pdb", "bdb", "profile", "cProfile", "timeit", "trace", "doctest", "pydoc", "webbrowser", "platform", "signal"),
    *("urllib", "http", "ftplib", "smtplib", "telnetlib", "xmlrpc", "requests", "httpx", "aiohttp", "asyncio"),
    *("multiprocessing", "threading", "_thread", "concurrent", "sched", "atexit", "gc", "inspect", "linecache"),
    *("pickle", "_pickle", "shelve", "dbm", "sqlite3", "tempfile", "glob", "fileinput", "io", "_io", "socketserver"),
    *("setuptools", "distutils", "IPython", "paramiko", "fabric", "sh", "pexpect"),
}
_SHELL_PARTS = {
    ("logging", "config"),
    ("numpy", "testing"),
    ("numpy", "f2py"),
    ("numpy", "distutils"),
    ("torch", "hub"),
}
_SHELL_NAMES = {
    *("eval", "exec", "execfile", "system", "popen", "Popen", "check_call", "check_output", "urlopen", "__import__"),
    *("import_module", "run_path", "run_module", "get_ipython"),
}
_BUILTINS = {"builtins", "__builtin__"}
_PLAIN_BUILTINS = {
    *("set", "frozenset", "list", "dict", "tuple", "int", "float", "complex", "bool", "str", "bytes", "bytearray"),
    *("object", "slice", "range", "xrange", "long", "unicode", "type", "Ellipsis", "NotImplemented", "print"),
    *("abs", "len", "min", "max", "sum", "round", "sorted", "reversed", "enumerate", "zip", "map", "filter"),
}
_LOADERS = {
    "torch.load",
    "torch.jit.load",
    "joblib.load",
    "pandas.read_pickle",
    "numpy.load",
    "dill.loads",
    "dill.load",
}
_CALLERS = {
    *("operator.attrgetter", "operator.methodcaller", "operator.itemgetter", "_operator.attrgetter"),
    *("_operator.methodcaller", "types.FunctionType", "types.CodeType", "types.MethodType", "types.LambdaType"),
}
_CODE_MODULES = {"cloudpickle", "dill"}


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """A name that loading a pickle would import."""

    name: str
    danger: str = ""
    """What it could do; empty where nothing is known against it."""


class Pickle(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    """In the package; what lies in an archive is behind an exclamation mark: `model.pt!data.pkl`."""
    imports: tuple[Import, ...] = ()
    is_whole: bool = True
    """Whether all of it was followed; otherwise it may import more."""
    why: str = ""
    """Why it was not."""
    is_pickle: bool = True
    """False for what only names classes to be made, as skops does."""

    @property
    def dangerous(self) -> tuple[Import, ...]:
        return tuple(each for each in self.imports if each.danger)


def pickles(path: str, file: IO[bytes]) -> tuple[Pickle, ...]:
    """Every pickle stream of one file, read from where it is. `path` is how people know it.

    Other files give nothing after their first bytes. Memory and time are bounded; nothing is imported, and nothing
    raised for what a hostile file may hold.
    """
    start = file.tell() if file.seekable() else None
    source = buffered(file)
    head = source.peek(_HEAD)[:_HEAD]
    if head.startswith(b"PK\x03\x04"):
        if start is None:
            return _copied(path, source)
        file.seek(start)
        return _in_archive(path, file)
    is_named = path.lower().endswith(_ENDINGS)
    if is_named and (unread := next((name for mark, name in _UNREAD.items() if head.startswith(mark)), "")):
        return (Pickle(path=path, is_whole=False, why=f"it is compressed with {unread}"),)
    try:
        inside = unpacked(source) if is_named else None
        return _streams(path, inside) if inside is not None else _stream(path, source)
    except OSError as error:
        return (Pickle(path=path, is_whole=False, why=error.strerror or str(error)),)


def danger_of(found: Name) -> str:
    """What importing this name into a pickle could do; empty where nothing is known against it."""
    module, name = found.module, found.name
    top, *below = module.split(".")
    parts = name.split(".")
    if found == UNKNOWN:
        return "its name is put together while it is loaded"
    if module == EXTENSION:
        return "stands for a name that only the loading program knows"
    if module in _BUILTINS:
        return "" if name in _PLAIN_BUILTINS else "can run any code"
    if str(found) in _LOADERS or module == "joblib.numpy_pickle_compat":
        return "loads another pickle"
    if str(found) in _CALLERS:
        return "can reach any function"
    if top in _CODE_MODULES:
        return "brings code of its own"
    if top in _SHELLS or (top, *below[:1]) in _SHELL_PARTS or parts[-1] in _SHELL_NAMES:
        return "reaches the system, files or the network"
    # A name with dots is looked up step by step: os.system of numpy.core is the one of the system.
    if len(parts) > 1 and any(each in _SHELLS or each.startswith("__") for each in parts):
        return "reaches into another module"
    return ""


def _stream(path: str, file: io.BufferedReader) -> tuple[Pickle, ...]:
    """By its first bytes, or by its name."""
    head = file.peek(_HEAD)[:_HEAD]
    if head.startswith(b"\x93NUMPY"):
        return _in_array(path, file)
    name = path.lower()
    is_marked = _PROTOCOL.match(head) is not None
    if name.endswith(_ENDINGS) or (is_marked and (name.endswith(_WEIGHTS) or _looks_followed(head))):
        return _streams(path, file)
    return ()


def _streams(path: str, file: io.BufferedReader) -> tuple[Pickle, ...]:
    """PyTorch wrote several pickles behind each other; of all others only the first is loaded."""
    found: dict[Name, None] = {}
    why = ""
    for _ in range(_MOST_STREAMS):
        program = follow(file)
        found.update(dict.fromkeys(program.names))
        # A column's name beside a class's is noise, unless it means harm.
        found.update(dict.fromkeys(name for name in program.others if danger_of(name)))
        why = program.why
        if why or not _continues(file):
            break
    else:
        why = f"it holds more than {_MOST_STREAMS:,} pickles"
    return (Pickle(path=path, imports=_imports(found), is_whole=not why, why=why),)


def _continues(file: io.BufferedReader) -> bool:
    try:
        return file.peek(1)[:1] == b"\x80"
    except UnpackingError:
        return False


def _imports(names: dict[Name, None]) -> tuple[Import, ...]:
    return tuple(Import(name=_shown(str(name)), danger=danger_of(name)) for name in names)


def _shown(name: str) -> str:
    """Names come from strangers and go to terminals."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _looks_followed(head: bytes) -> bool:
    """Whether the first instructions are those of a pickle: two bytes alone may be anything."""
    program = follow(io.BytesIO(head))
    return program.is_whole or program.why == "it ends before its end"


def _copied(path: str, file: IO[bytes]) -> tuple[Pickle, ...]:
    """The list of an archive's entries is at its end: what cannot be wound back is copied first."""
    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as copy:
        try:
            shutil.copyfileobj(buffered(file, Budget()), copy)
        except UnpackingError as error:
            return (Pickle(path=path, is_whole=False, why=str(error)),)
        return _in_archive(path, cast("IO[bytes]", copy))


def _in_archive(path: str, file: IO[bytes]) -> tuple[Pickle, ...]:
    found: list[Pickle] = []
    try:
        with zipfile.ZipFile(file) as archive:
            _entries(path, archive, found)
    except UnpackingError as error:
        found.append(Pickle(path=path, is_whole=False, why=str(error)))
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        found.append(Pickle(path=path, is_whole=False, why=f"it cannot be unpacked ({type(error).__name__})"))
    return tuple(found)


def _entries(path: str, archive: zipfile.ZipFile, found: list[Pickle]) -> None:
    budget = Budget()
    entries = archive.infolist()
    for entry in entries[:_MOST_ENTRIES]:
        if entry.is_dir():
            continue
        name = f"{path}!{_shown(entry.filename)}"
        if entry.flag_bits & 1:
            found.append(Pickle(path=name, is_whole=False, why="it is encrypted"))
            continue
        with archive.open(entry) as file:
            source = buffered(file, budget)
            if entry.filename == "schema.json" and path.lower().endswith(".skops"):
                found.append(_schema(name, source))
            else:
                found.extend(_stream(name, source))
    if len(entries) > _MOST_ENTRIES:
        found.append(Pickle(path=path, is_whole=False, why=f"it holds more than {_MOST_ENTRIES:,} files"))


def _in_array(path: str, file: io.BufferedReader) -> tuple[Pickle, ...]:
    """NumPy's own format pickles what is no number."""
    start = file.read(8)
    width = 2 if start[6:7] == b"\x01" else 4
    size = int.from_bytes(file.read(width), "little")
    text = file.read(min(size, _MOST_HEADER))
    if size > _MOST_HEADER or len(text) < size:
        return (Pickle(path=path, is_whole=False, why="its header cannot be read"),)
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
        holds_objects = _has_objects(header["descr"])
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        return (Pickle(path=path, is_whole=False, why="its header cannot be read"),)
    return _streams(path, file) if holds_objects else ()


def _has_objects(described: Any) -> bool:
    if isinstance(described, str):
        return "O" in described
    return any(_has_objects(field[1]) for field in described)


def _schema(path: str, file: IO[bytes]) -> Pickle:
    """skops writes no pickle but names what it will make."""
    data = file.read(_MOST_SCHEMA + 1)
    if len(data) > _MOST_SCHEMA:
        return Pickle(path=path, is_pickle=False, is_whole=False, why="it is too large")
    names: dict[Name, None] = {}
    try:
        waiting = [msgspec.json.decode(data)]
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return Pickle(path=path, is_pickle=False, is_whole=False, why="it is no JSON")
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting.extend(reversed(each))
        elif isinstance(each, dict):
            module, cls = each.get("__module__"), each.get("__class__")
            if isinstance(module, str) and isinstance(cls, str):
                names.setdefault(Name(module, cls))
            waiting.extend(reversed(each.values()))
    return Pickle(path=path, is_pickle=False, imports=_imports(names))
