"""Which parts of a package are wanted: `TYPE[,TYPE...][:NAME[,NAME...]]`, one or more.

    wanted = parse_filters(["model", "docs:README.md"])
    wanted.chosen(opened)       # layers; raises for a filter that matches nothing

`model` covers its parts. A name is an entry's name or its path, however the path is spelled.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.kitfile import Dataset, Entry
from nbmlops.package.opened import Opened, PackageLayer
from nbmlops.package.paths import clean

TYPES: dict[str, tuple[str, ...]] = {
    "kitfile": (),
    "model": ("model", "modelpart"),
    "datasets": ("dataset",),
    "code": ("code",),
    "docs": ("docs",),
    "prompts": ("prompt",),
    "mcpservers": ("mcpserver",),
}


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    types: tuple[str, ...]
    names: tuple[str, ...]

    def takes(self, layer: PackageLayer) -> bool:
        return self.takes_entry(layer.kind, layer.entry)

    def takes_entry(self, kind: str, entry: Entry) -> bool:
        if not any(kind in TYPES[name] for name in self.types):
            return False
        if not self.names:
            return True
        own = {getattr(entry, "name", ""), clean(entry.path)} - {"", None}
        return any(name in own or clean(name) in own for name in self.names)


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    all: tuple[Filter, ...]

    @property
    def has_kitfile(self) -> bool:
        """Whether the Kitfile itself is wanted."""
        return not self.all or any("kitfile" in each.types for each in self.all)

    @property
    def has_model(self) -> bool:
        """Whether a model is wanted whatever its name: also one that another package has."""
        return not self.all or any("model" in each.types and not each.names for each in self.all)

    def remote(self, opened: Opened) -> tuple[Dataset, ...]:
        """Data that are wanted and that the package only refers to."""
        if not self.all:
            return opened.remote
        return tuple(entry for entry in opened.remote if any(each.takes_entry("dataset", entry) for each in self.all))

    def chosen(self, opened: Opened) -> tuple[PackageLayer, ...]:
        """Raises NotFoundError for a filter that matches nothing, also nothing that is only referred to."""
        if not self.all:
            return opened.layers
        for each in self.all:
            if each.types == ("kitfile",) or (self.has_model and "model" in each.types and opened.base):
                continue
            if any(each.takes_entry("dataset", entry) for entry in opened.remote):
                continue
            if not any(each.takes(layer) for layer in opened.layers):
                there = ", ".join(f"{layer.kind} {layer.entry.path}" for layer in opened.layers[:8])
                raise NotFoundError(
                    f"Nothing in the package matches {each.text}.",
                    kind="filter-empty",
                    hint=f"It has: {there}.",
                    filter=each.text,
                )
        return tuple(layer for layer in opened.layers if any(each.takes(layer) for each in self.all))


def parse_filters(texts: Sequence[str]) -> Filters:
    """Raises UsageError for a type that there is not."""
    found = []
    for text in texts:
        head, _, tail = text.partition(":")
        types = tuple(name.strip().lower() for name in head.split(",") if name.strip())
        for name in types:
            if name not in TYPES:
                near = difflib.get_close_matches(name, TYPES, n=1)
                raise UsageError(
                    f"{name!r} in the filter {text} is no part of a package.",
                    kind="filter-unknown",
                    hint=f"Did you mean {near[0]}?" if near else f"Parts are: {', '.join(TYPES)}.",
                )
        if not types:
            raise UsageError(f"The filter {text!r} names no part.", kind="filter-unknown", hint="As in model:NAME.")
        names = tuple(name for name in tail.split(",") if name)
        found.append(Filter(text=text, types=types, names=names))
    return Filters(all=tuple(found))
