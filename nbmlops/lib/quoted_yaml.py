"""YAML that every reader understands alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def dump(*documents: Mapping[str, Any]) -> bytes:
    """Every text in quotes: to readers of YAML 1.1, `n`, `on` and `1e3` are no texts otherwise."""
    text = yaml.dump_all(documents, Dumper=_Quoting, sort_keys=False, allow_unicode=True, width=10_000)
    return text.encode()


class _Quoting(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Quoting.add_representer(str, _quoted)
