"""A package as it lies in the layout: its manifest, its Kitfile, and which layer is which entry's."""

from __future__ import annotations

import msgspec

from nbmlops.errors import IntegrityError, UsageError
from nbmlops.model.kitfile import Dataset, Entry, Kitfile
from nbmlops.model.oci import Descriptor, Manifest
from nbmlops.package.kitfile import entries, from_config, is_packed
from nbmlops.package.layout import Layout
from nbmlops.package.mediatypes import KITFILE, SUBTYPE, Kind, is_kit, is_model_pack, kind_of
from nbmlops.package.reference import is_reference

_KINDS: tuple[tuple[str, Kind], ...] = (
    (".modelkit.modelpart.", "modelpart"),
    (".modelkit.model.", "model"),
    (".modelkit.code.", "code"),
    (".modelkit.dataset.", "dataset"),
    (".modelkit.docs.", "docs"),
    (".modelkit.mcpb.", "mcpserver"),
    (".cncf.model.weight.config.", "modelpart"),
    (".cncf.model.weight.", "model"),
    (".cncf.model.code.", "code"),
    (".cncf.model.dataset.", "dataset"),
    (".cncf.model.doc.", "docs"),
)


class PackageLayer(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    entry: Entry
    descriptor: Descriptor


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    descriptor: Descriptor
    manifest: Manifest
    kitfile: Kitfile
    layers: tuple[PackageLayer, ...]

    @property
    def base(self) -> str:
        """The package whose model this one uses, as its Kitfile names it; empty where it has its own."""
        model = self.kitfile.model
        return model.path if model is not None and is_reference(model.path) else ""

    @property
    def remote(self) -> tuple[Dataset, ...]:
        """Data that it only refers to: in another package, or where they lie."""
        return tuple(each for each in self.kitfile.datasets if each.remote_path)


def open_package(layout: Layout, descriptor: Descriptor) -> Opened:
    """Raises UsageError for an artifact that is no package, IntegrityError where its parts contradict each other."""
    manifest = layout.manifest(descriptor)
    if is_kit(manifest):
        kitfile = from_config(layout.read(manifest.config.digest))
    elif is_model_pack(manifest):
        text = manifest.annotations.get(KITFILE, "")
        if not text:
            raise UsageError(
                "This ModelPack artifact has no Kitfile: what its layers are is not known.",
                kind="kitfile-absent",
                hint="Ask for one that was packed with `kit` or nbmlops.",
            )
        kitfile = from_config(text.encode())
    else:
        raise UsageError(
            f"This is no package: its config is {manifest.config.media_type or 'of no type'}.",
            kind="package-other",
            hint="An image is run with podman or docker.",
        )
    return Opened(
        descriptor=descriptor, manifest=manifest, kitfile=kitfile, layers=_paired(kitfile, manifest.layers or ())
    )


def kind_of_layer(descriptor: Descriptor) -> Kind:
    """Raises IntegrityError for a layer of a type that no package has."""
    for part, kind in _KINDS:
        if part in descriptor.media_type:
            return "prompt" if kind == "code" and descriptor.annotations.get(SUBTYPE) == "prompt" else kind
    raise IntegrityError(
        f"The package has a layer of an unknown type: {descriptor.media_type[:100]}.", kind="layer-unknown"
    )


def _paired(kitfile: Kitfile, layers: tuple[Descriptor, ...]) -> tuple[PackageLayer, ...]:
    """Each layer with its entry: by type and place in the list, and their digests must agree."""
    wanted = [entry for entry in entries(kitfile) if is_packed(entry)]
    if len(wanted) != len(layers):
        raise _contradiction(f"its Kitfile lists {len(wanted)} layers, its manifest {len(layers)}")
    waiting: dict[Kind, list[Entry]] = {}
    for entry in wanted:
        waiting.setdefault(kind_of(entry), []).append(entry)
    found = []
    for layer in layers:
        kind = kind_of_layer(layer)
        if not waiting.get(kind):
            raise _contradiction(f"its manifest has a layer of {kind} more than its Kitfile")
        entry = waiting[kind].pop(0)
        if entry.digest and entry.digest != layer.digest:
            raise _contradiction(f"{entry.path} has one digest in its Kitfile and another in its manifest")
        found.append(PackageLayer(kind=kind, entry=entry, descriptor=layer))
    return tuple(found)


def _contradiction(what: str) -> IntegrityError:
    return IntegrityError(f"The package contradicts itself: {what}.", kind="package-contradiction")
