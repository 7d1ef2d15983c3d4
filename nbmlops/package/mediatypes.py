"""Media types of ModelKits and of CNCF ModelPack artifacts, and what they say about a layer."""

from __future__ import annotations

from typing import Literal

from nbmlops.model.kitfile import Code, Dataset, Docs, Entry, McpServer, Model, ModelPart, Prompt
from nbmlops.model.oci import Manifest

Compression = Literal["none", "gzip", "zstd"]
Kind = Literal["model", "modelpart", "code", "dataset", "docs", "prompt", "mcpserver"]

KIT_CONFIG = "application/vnd.kitops.modelkit.config.v1+json"
KIT_ARTIFACT = "application/vnd.kitops.modelkit.manifest.v1+json"
PACK_CONFIG = "application/vnd.cncf.model.config.v1+json"
PACK_ARTIFACT = "application/vnd.cncf.model.manifest.v1+json"
SUBTYPE = "ml.kitops.modelkit.layer-subtype"
FILE_PATH = "org.cncf.model.filepath"
KITFILE = "ml.kitops.modelkit.kitfile"
CLI_VERSION = "ml.kitops.modelkit.cli-version"
_SUFFIX: dict[Compression, str] = {"none": "", "gzip": "+gzip", "zstd": "+zstd"}
_PACK_NAMES: dict[Kind, str] = {
    "model": "weight",
    "modelpart": "weight.config",
    "code": "code",
    "dataset": "dataset",
    "docs": "doc",
    "prompt": "code",
}


def kind_of(entry: Entry) -> Kind:
    kinds: dict[type, Kind] = {
        Model: "model",
        ModelPart: "modelpart",
        Code: "code",
        Dataset: "dataset",
        Docs: "docs",
        Prompt: "prompt",
        McpServer: "mcpserver",
    }
    return kinds[type(entry)]


def layer_type(kind: Kind, compression: Compression, *, is_model_pack: bool = False) -> str:
    """A prompt is code with an annotation; an MCP bundle is a ZIP as it is."""
    if kind == "mcpserver":
        return "application/vnd.kitops.modelkit.mcpb.v1.raw"
    if is_model_pack:
        return f"application/vnd.cncf.model.{_PACK_NAMES[kind]}.v1.tar{_SUFFIX[compression]}"
    name = "code" if kind == "prompt" else kind
    return f"application/vnd.kitops.modelkit.{name}.v1.tar{_SUFFIX[compression]}"


def compression_of(media_type: str) -> Compression:
    _, _, suffix = media_type.rpartition("+")
    return "gzip" if suffix == "gzip" else "zstd" if suffix == "zstd" else "none"


def is_kit(manifest: Manifest) -> bool:
    """Older ones have no artifact type: the config's media type is what all agree on."""
    return manifest.artifact_type == KIT_ARTIFACT or manifest.config.media_type == KIT_CONFIG


def is_model_pack(manifest: Manifest) -> bool:
    return not is_kit(manifest) and (
        manifest.artifact_type == PACK_ARTIFACT or manifest.config.media_type == PACK_CONFIG
    )
