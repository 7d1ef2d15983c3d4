"""Reading and writing Kitfiles.

kitfile = read_kitfile(folder / "Kitfile")
config_json(kitfile)            # the config blob, byte for byte as `kit` writes it
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.nodes import Node
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.kitfile import (
    MANIFEST_VERSION,
    Code,
    Dataset,
    Docs,
    Entry,
    Kitfile,
    McpServer,
    Model,
    ModelPart,
    Package,
    Prompt,
)
from nbmlops.package.gojson import encode, sorted_maps
from nbmlops.package.paths import clean
from nbmlops.package.reference import is_reference
from nbmlops.package.yaml12 import At, Reader, compose, resolved

E = TypeVar("E", bound=Entry)
NAMES = ("Kitfile", "kitfile", ".kitfile")
"""In the order in which they are looked for."""
_PART_TYPE = re.compile(r"[\w][\w.-]{0,63}", re.ASCII)


def find_kitfile(folder: Path) -> Path | None:
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read_kitfile(path: Path) -> Kitfile:
    """Raises NotFoundError, and UsageError with the line of what is wrong."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no Kitfile {path}.", kind="kitfile-missing", hint="Name a folder that has one."
        ) from None
    return parse_kitfile(data, place=path.name)


def parse_kitfile(data: bytes, *, place: str = "Kitfile") -> Kitfile:
    """Raises UsageError with the line: unknown keys, paths that lead out of the folder or stand twice, ..."""
    at = At(place)
    node = compose(data, at)
    if node is None:
        return Kitfile(manifest_version="", package=Package())
    return _Parser(Reader(at)).kitfile(node)


def entries(kitfile: Kitfile) -> Iterator[Entry]:
    """What may become a layer, in the order of layers: not the order in which the Kitfile has it."""
    if kitfile.model is not None:
        yield kitfile.model
        yield from kitfile.model.parts
    yield from kitfile.code
    yield from kitfile.datasets
    yield from kitfile.docs
    yield from kitfile.prompts
    yield from kitfile.mcp_servers


def is_packed(entry: Entry) -> bool:
    """Whether it has files here: no reference to another package, no data that stay where they are."""
    if isinstance(entry, Dataset) and entry.remote_path:
        return False
    return bool(entry.path) and not (isinstance(entry, Model) and is_reference(entry.path))


def config_json(kitfile: Kitfile) -> bytes:
    """The config blob of a ModelKit."""
    document = msgspec.to_builtins(kitfile)
    for part in (document.get("model", {}), *document.get("datasets", ())):
        if "parameters" in part:
            part["parameters"] = sorted_maps(part["parameters"])
    return encode(document)


def from_config(data: bytes) -> Kitfile:
    """What `config_json` wrote, also what other versions of `kit` wrote. Raises UsageError for anything else."""
    try:
        return msgspec.json.decode(data, type=Kitfile)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UsageError(
            f"The config of this package is no Kitfile: {' '.join(str(error).split())}.", kind="config-malformed"
        ) from error


def dump(kitfile: Kitfile) -> str:
    """A new Kitfile, without the digests that packing gives."""
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 100
    stream = io.StringIO()
    yaml.dump(_written(msgspec.to_builtins(without_digests(kitfile))), stream)
    return stream.getvalue()


def edited(text: str, changes: dict[str, Any]) -> str:
    """A Kitfile with some values set by their path (`package.version`, `model.parameters.alpha`); comments stay."""
    yaml = YAML()
    yaml.preserve_quotes = True
    document = yaml.load(text)
    if document is None:
        document = yaml.map()
    for path, value in changes.items():
        part = document
        *outer, last = path.split(".")
        for name in outer:
            part = part.setdefault(name, yaml.map())
        part[last] = value
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def without_digests(kitfile: Kitfile) -> Kitfile:
    """As it was before it was packed."""

    def plain(entry: E) -> E:
        return msgspec.structs.replace(entry, digest="", diff_id="")

    return with_entries(kitfile, plain)


def with_entries(kitfile: Kitfile, change: Callable[[Any], Any]) -> Kitfile:
    """The same with each of its entries changed."""
    model = kitfile.model
    if model is not None:
        parts = tuple(change(part) for part in model.parts)
        model = msgspec.structs.replace(change(model), parts=parts)
    lists = ("code", "datasets", "docs", "prompts", "mcp_servers")
    return msgspec.structs.replace(
        kitfile, model=model, **{name: tuple(change(each) for each in getattr(kitfile, name)) for name in lists}
    )


def _written(value: Any) -> Any:
    """Texts that a reader could take for something else are in quotes."""
    if isinstance(value, dict):
        return {_written(key): _written(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    if isinstance(value, str) and (resolved(value) != value or not value.isprintable() or value == "<<"):
        return DoubleQuotedScalarString(value)
    return value


class _Parser:
    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.at = reader.at
        self.paths: dict[str, Node] = {}

    def kitfile(self, node: Node) -> Kitfile:
        found = self._fields(
            node,
            "a Kitfile",
            {
                "manifestVersion": self.reader.text,
                "package": lambda each: self._part(each, Package, "package", {"authors": self._texts}),
                "model": self._model,
                "code": self._list(Code, "code"),
                "datasets": self._list(Dataset, "datasets", {"parameters": self.reader.any}),
                "docs": self._list(Docs, "docs"),
                "prompts": self._list(Prompt, "prompts"),
                "mcpServers": self._list(McpServer, "mcpServers"),
            },
        )
        return Kitfile(
            manifest_version=found.pop("manifestVersion", ""),
            package=found.pop("package", None) or Package(),
            mcp_servers=found.pop("mcpServers", ()),
            **found,
        )

    def _model(self, node: Node) -> Model:
        parts = self._list(ModelPart, "model.parts")
        found: Model = self._part(node, Model, "model", {"parts": parts, "parameters": self.reader.any})
        return found

    def _list(self, cls: type, name: str, special: dict[str, Callable[[Node], Any]] | None = None) -> Any:
        def read(node: Node) -> tuple[Any, ...]:
            return tuple(self._part(each, cls, name, special or {}) for each in self.reader.items(node))

        return read

    def _part(self, node: Node, cls: type, name: str, special: dict[str, Callable[[Node], Any]]) -> Any:
        if self.reader.any(node) is None:
            return cls(path="") if cls is Docs else cls()
        known = {
            field.encode_name: special.get(field.encode_name, self.reader.text) for field in msgspec.structs.fields(cls)
        }
        found = self._fields(node, name, known)
        nodes = {key: value for key, _, value in self.reader.pairs(node)}
        if "path" in nodes:
            self._check_path(nodes["path"], found["path"], cls)
        if cls is ModelPart and found.get("type") and not _PART_TYPE.fullmatch(found["type"]):
            raise self.at.refuse(nodes["type"], f"{found['type']!r} is no type of a part", "Letters, digits, . and -.")
        if cls is Docs:
            found.setdefault("path", "")
        by_name = {field.encode_name: field.name for field in msgspec.structs.fields(cls)}
        return cls(**{by_name[key]: value for key, value in found.items()})

    def _fields(self, node: Node, name: str, known: dict[str, Callable[[Node], Any]]) -> dict[str, Any]:
        found = {}
        for key, key_node, value in self.reader.pairs(node):
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}."
                raise self.at.refuse(key_node, f"{name} has no key {key!r}", hint)
            found[key] = known[key](value)
        return found

    def _texts(self, node: Node) -> tuple[str, ...]:
        return tuple(self.reader.text(each) for each in self.reader.items(node))

    def _check_path(self, node: Node, path: str, cls: type) -> None:
        if not path or (cls is Model and is_reference(path)):
            return
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", path):
            raise self.at.refuse(node, f"{path} is an address, not a path", "Data that stay there go to `remotePath`.")
        plain = clean(path)
        if plain is None:
            raise self.at.refuse(node, f"{path} leads out of the folder", "Paths are relative to the Kitfile's folder.")
        if plain in self.paths:
            line = self.paths[plain].start_mark.line + 1
            raise self.at.refuse(node, f"{path} is listed twice, first in line {line}", "Remove one of them.")
        self.paths[plain] = node


def new_kitfile(**parts: Any) -> Kitfile:
    return Kitfile(manifest_version=MANIFEST_VERSION, **parts)
