"""An entry point of a library that reads or writes files, and how to see the files in its arguments."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from nbmlops.capture.sightings import READ, WRITTEN, Use
from nbmlops.lib.words import words

MOST_FILES = 20_000
_LONGEST_PATH = 4096
_WILD = "*?["

Source = tuple[str, Use]
"""What was named, as given: a path, a pattern, a folder or an address."""
Arguments = Callable[[Sequence[Any], Mapping[str, Any]], list[Source]]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """`name` in `module`; `Class.method` for methods."""

    module: str
    name: str
    sources: Arguments
    gives_table: bool = False
    """Whether what it returns came from the file."""
    inherits: bool = False
    """Whether what it returns came from where its first argument did."""
    looks_up_names: bool = False
    """Whether it reads the variables of whoever calls it."""


def reading(module: str, names: str, keyword: str, *, position: int = 0, gives_table: bool = True) -> tuple[Entry, ...]:
    """Functions that read the file in one argument."""
    sources = _argument(keyword, position, READ)
    return tuple(Entry(module=module, name=name, sources=sources, gives_table=gives_table) for name in words(names))


def writing(module: str, names: str, keyword: str, *, position: int = 1) -> tuple[Entry, ...]:
    sources = _argument(keyword, position, WRITTEN)
    return tuple(Entry(module=module, name=name, sources=sources) for name in words(names))


def passing_on(module: str, names: str) -> tuple[Entry, ...]:
    """Methods whose result came from where the object did. Lazy ones may look up names as late as here."""
    return tuple(
        Entry(module=module, name=name, sources=lambda args, options: [], inherits=True, looks_up_names=True)
        for name in words(names)
    )


def argument(args: Sequence[Any], options: Mapping[str, Any], keyword: str, position: int) -> Any:
    """The value of an argument however it was given; None when it was not."""
    return args[position] if len(args) > position else options.get(keyword)


def named(value: Any, use: Use) -> list[Source]:
    """Every file that an argument names. Open files are known by the name they were opened with."""
    if isinstance(value, (list, tuple)):
        return [source for each in value[:MOST_FILES] for source in named(each, use)]
    if isinstance(value, (str, bytes, os.PathLike)):
        text = os.fsdecode(value)
        return [(text, use)] if 0 < len(text) <= _LONGEST_PATH and "\n" not in text and "\0" not in text else []
    name = getattr(value, "name", None)  # an open file
    if isinstance(name, str) and hasattr(value, "read"):
        return [(name, use)]
    return []


def files_of(source: str) -> Iterator[str]:
    """The files behind a path, a pattern or a folder, absolute; what does not exist is passed on for writers."""
    path = absolute(source)
    if os.path.isdir(path):
        count = 0
        for folder, _, names in os.walk(path):
            for name in names:
                count += 1
                if count > MOST_FILES:
                    return
                yield os.path.join(folder, name)
    elif any(char in path for char in _WILD) and not os.path.exists(path):
        for count, found in enumerate(glob.iglob(path, recursive=True)):
            if count >= MOST_FILES:
                return
            yield found
    else:
        yield path


def absolute(source: str) -> str:
    return os.path.abspath(os.path.expanduser(source.removeprefix("file://")))


def is_remote(source: str) -> bool:
    return "://" in source and not source.startswith("file://")


def _argument(keyword: str, position: int, use: Use) -> Arguments:
    return lambda args, options: named(argument(args, options, keyword, position), use)
