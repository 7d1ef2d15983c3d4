"""YAML that every reader understands alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
# What readers of YAML 1.1 or 1.2 take for something else than a text.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class Block(str):
    """A text of several lines that is written as it is, below a `|`: a script."""


def dump(*documents: Mapping[str, Any]) -> bytes:
    """Every text in quotes: to readers of YAML 1.1, `n`, `on` and `1e3` are no texts otherwise."""
    return _dumped(_Quoting, documents).encode()


def readable(*documents: Mapping[str, Any]) -> str:
    """The same for files that people edit: keys that no reader misunderstands stand without quotes."""
    return _dumped(_Readable, documents)


def _dumped(dumper: type[yaml.SafeDumper], documents: tuple[Mapping[str, Any], ...]) -> str:
    text: str = yaml.dump_all(documents, Dumper=dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text


class _Quoting(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


class _Readable(_Quoting):
    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and _is_plain(key.value):
                key.style = None
        return node

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Items of a list stand below their key, not beside it."""
        return super().increase_indent(flow, False)


def _is_plain(key: str) -> bool:
    return bool(_PLAIN_KEY.fullmatch(key)) and key.lower() not in _WORDS


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


def _block(dumper: yaml.SafeDumper, text: Block) -> yaml.Node:
    # PyYAML puts it in quotes where a block cannot hold it.
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")


_Quoting.add_representer(str, _quoted)
_Quoting.add_representer(Block, _block)
