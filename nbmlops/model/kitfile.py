"""The Kitfile of a package: what it holds, part by part. Field order is that of KitOps' config blob.

Texts are as written: a version `1.0` stays `1.0`. Paths are relative to the folder that is packed.
"""

from __future__ import annotations

from typing import Any

import msgspec

MANIFEST_VERSION = "1.0.0"


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    pass


class Package(_Part, frozen=True, kw_only=True):
    name: str = ""
    version: str = ""
    description: str = ""
    license: str = ""
    authors: tuple[str, ...] = ()


class ModelPart(_Part, frozen=True, kw_only=True):
    name: str = ""
    path: str = ""
    license: str = ""
    type: str = ""
    digest: str = ""
    diff_id: str = ""


class Model(_Part, frozen=True, kw_only=True):
    name: str = ""
    path: str = ""
    """A folder or file, or a reference to another package whose model is used."""
    license: str = ""
    framework: str = ""
    format: str = ""
    version: str = ""
    description: str = ""
    parts: tuple[ModelPart, ...] = ()
    parameters: Any = None
    digest: str = ""
    diff_id: str = ""


class Code(_Part, frozen=True, kw_only=True):
    path: str = ""
    description: str = ""
    license: str = ""
    digest: str = ""
    diff_id: str = ""


class Dataset(_Part, frozen=True, kw_only=True):
    name: str = ""
    path: str = ""
    remote_path: str = ""
    """Where the data stay: an address, or a reference to another package. Then they are not packed."""
    remote_hash: str = ""
    description: str = ""
    license: str = ""
    parameters: Any = None
    digest: str = ""
    diff_id: str = ""


class Docs(_Part, frozen=True, kw_only=True):
    path: str
    description: str = ""
    digest: str = ""
    diff_id: str = ""


class Prompt(_Part, frozen=True, kw_only=True):
    name: str = ""
    path: str = ""
    description: str = ""
    digest: str = ""
    diff_id: str = ""


class McpServer(_Part, frozen=True, kw_only=True):
    name: str = ""
    path: str = ""
    description: str = ""
    digest: str = ""
    diff_id: str = ""


class Kitfile(_Part, frozen=True, kw_only=True):
    manifest_version: str
    package: Package
    model: Model | None = None
    code: tuple[Code, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    docs: tuple[Docs, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    mcp_servers: tuple[McpServer, ...] = ()


Entry = Model | ModelPart | Code | Dataset | Docs | Prompt | McpServer
"""What becomes a layer."""
