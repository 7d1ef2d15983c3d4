"""A folder and its Kitfile become a package in the layout.

    packed = pack(folder, read_kitfile(folder / "Kitfile"), layout)
    packed.descriptor.digest

Nothing of the machine or the hour is in it: owners, times and the umask are left out, so that the same files give the
same digest anywhere. `exact` writes what `kit` 1.7.0 writes, modes and all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from nbmlops.errors import UsageError
from nbmlops.model.kitfile import Entry, Kitfile, McpServer
from nbmlops.model.oci import CREATED, MANIFEST, Descriptor, Manifest
from nbmlops.package.contents import NEVER, Contents, contents
from nbmlops.package.ignore import Ignored, read_ignored
from nbmlops.package.kitfile import E, config_json, entries, is_packed, with_entries
from nbmlops.package.known_layers import KnownLayers, now_ns
from nbmlops.package.layer import Layer, write_bundle, write_layer
from nbmlops.package.layout import Layout, written
from nbmlops.package.mediatypes import (
    CLI_VERSION,
    FILE_PATH,
    KIT_ARTIFACT,
    KIT_CONFIG,
    SUBTYPE,
    Compression,
    kind_of,
    layer_type,
)
from nbmlops.package.modelpack import model_pack_parts
from nbmlops.package.paths import clean

KIT_VERSION = "1.7.0"
"""The release of `kit` whose bytes `exact` gives."""
_THREADS = 2


class Options(msgspec.Struct, frozen=True, kw_only=True):
    exact: bool = False
    """As `kit` writes it; for comparisons."""
    model_pack: bool = False
    """A CNCF ModelPack manifest over the same blobs."""
    compression: Compression = "none"
    created: datetime | None = None
    """SOURCE_DATE_EPOCH goes before it; without both the package has no such time."""


class LayerProgress(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    done: int
    """Bytes."""
    total: int
    is_known: bool = False
    """It was here already: nothing is read."""


class PackedLayer(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    kind: str
    descriptor: Descriptor
    files: int
    is_known: bool


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    descriptor: Descriptor
    manifest: Manifest
    kitfile: Kitfile
    """With the digests of its layers."""
    layers: tuple[PackedLayer, ...]
    left_out: tuple[str, ...]
    """Links and devices: never packed."""


def pack(
    folder: Path,
    kitfile: Kitfile,
    layout: Layout,
    options: Options = Options(),  # noqa: B008 - frozen
    *,
    beside: Sequence[str] = (),
    look: Callable[[Sequence[str]], None] = lambda paths: None,
    progress: Callable[[LayerProgress], None] = lambda event: None,
) -> Packed:
    """Its blobs are in the layout afterwards; it has no name there yet.

    `beside` are paths that lie elsewhere: no layer takes them, as none takes what is another's.

    `look` is given the files of a layer, relative to the folder, before it is written; what it raises ends the packing.
    A layer that was written before is not looked at again.

    Raises UsageError, NotFoundError and ConflictError for what cannot be packed; nothing has a name then.
    """
    wanted = [entry for entry in entries(kitfile) if is_packed(entry)]
    if not wanted:
        raise UsageError(
            "The Kitfile lists nothing to pack.",
            kind="package-empty",
            hint="Give it a model, code, datasets or docs.",
        )
    created = _created(options)
    paths = [_clean(entry.path) for entry in wanted]
    owned = [*paths, *(path for path in map(_clean, beside) if path not in paths)]
    writer = _Writer(folder, layout, options, owned, read_ignored(folder), look, progress)
    with ThreadPoolExecutor(_THREADS) as pool:
        done = list(pool.map(writer.write, wanted, paths))
    digests = {id(entry): layer for entry, (layer, _, _) in zip(wanted, done, strict=True)}
    full = _with_digests(kitfile, digests)
    described = [
        Descriptor(
            media_type=_layer_type(entry, options),
            digest=layer.digest,
            size=layer.size,
            annotations=_annotations(entry, path, options),
        )
        for entry, path, (layer, _, _) in zip(wanted, paths, done, strict=True)
    ]
    manifest = _manifest(full, described, layout, options, created)
    data = written(manifest)
    digest = layout.put(data)
    return Packed(
        descriptor=Descriptor(media_type=MANIFEST, digest=digest, size=len(data), artifact_type=manifest.artifact_type),
        manifest=manifest,
        kitfile=full,
        layers=tuple(
            PackedLayer(
                path=path,
                kind=kind_of(entry),
                descriptor=descriptor,
                files=sum(not item.is_folder for item in found.items),
                is_known=is_known,
            )
            for entry, path, descriptor, (_, found, is_known) in zip(wanted, paths, described, done, strict=True)
        ),
        left_out=tuple(dict.fromkeys(path for _, found, _ in done for path in found.left_out)),
    )


class _Writer:
    def __init__(
        self,
        folder: Path,
        layout: Layout,
        options: Options,
        paths: list[str],
        ignored: Ignored,
        look: Callable[[Sequence[str]], None],
        progress: Callable[[LayerProgress], None],
    ) -> None:
        self.folder = folder
        self.layout = layout
        self.options = options
        self.paths = paths
        self.ignored = ignored
        self.look = look
        self.progress = progress
        self.known = KnownLayers(layout)

    def write(self, entry: Entry, path: str) -> tuple[Layer, Contents, bool]:
        began = now_ns()
        never = frozenset() if self.options.exact else NEVER
        found = contents(self.folder, path, self.paths, self.ignored, never=never)
        total = sum(item.size for item in found.items)
        compression, exact = self.options.compression, self.options.exact
        key = self.known.key(str(self.folder), found.items, compression, exact)
        layer = self.known.find(key)
        if layer is not None:
            self.progress(LayerProgress(path=path, done=total, total=total, is_known=True))
            return layer, found, True
        self.look([item.path for item in found.items if not item.is_folder])
        if isinstance(entry, McpServer):
            layer = write_bundle(self.layout, self.folder, found.items[-1])
        else:
            done = 0

            def count(read: int) -> None:
                nonlocal done
                done += read
                self.progress(LayerProgress(path=path, done=done, total=total))

            layer = write_layer(
                self.layout,
                self.folder,
                found.items,
                compression=compression,
                keeps_modes=exact,
                on_bytes=count,
            )
        self.known.note(key, found.items, layer, began)
        return layer, found, False


def _manifest(kitfile: Kitfile, layers: list[Descriptor], layout: Layout, options: Options, created: str) -> Manifest:
    times = {CREATED: created} if created else {}
    if options.model_pack:
        config, annotations, artifact_type = model_pack_parts(kitfile, created)
        media_type = "application/vnd.cncf.model.config.v1+json"
    else:
        config, annotations, artifact_type = config_json(kitfile), {}, KIT_ARTIFACT
        media_type = KIT_CONFIG
    if options.exact:
        times, annotations, artifact_type = {}, {CLI_VERSION: KIT_VERSION}, ""
    return Manifest(
        schema_version=2,
        media_type="" if options.exact else MANIFEST,
        artifact_type=artifact_type,
        config=Descriptor(media_type=media_type, digest=layout.put(config), size=len(config)),
        layers=tuple(layers),
        annotations={**annotations, **times},
    )


def _layer_type(entry: Entry, options: Options) -> str:
    return layer_type(kind_of(entry), options.compression, is_model_pack=options.model_pack)


def _annotations(entry: Entry, path: str, options: Options) -> dict[str, str]:
    found = {SUBTYPE: "prompt"} if kind_of(entry) == "prompt" else {}
    return found if options.exact else {**found, FILE_PATH: path}


def _with_digests(kitfile: Kitfile, layers: dict[int, Layer]) -> Kitfile:
    def one(entry: E) -> E:
        layer = layers.get(id(entry))
        if layer is None:
            return entry
        return msgspec.structs.replace(entry, digest=layer.digest, diff_id=layer.diff_id)

    return with_entries(kitfile, one)


def _created(options: Options) -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch and not re.fullmatch(r"\d{1,12}", epoch):
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {epoch!r}: it must be whole seconds since 1970.", kind="epoch-malformed"
        )
    when = datetime.fromtimestamp(int(epoch), UTC) if epoch else options.created
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when is not None else ""


def _clean(path: str) -> str:
    plain = clean(path)
    if plain is None:
        raise UsageError(
            f"{path!r} leads out of the folder that is packed.", kind="path-outside", hint="Correct the Kitfile."
        )
    return plain
