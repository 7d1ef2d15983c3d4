"""`pack`: a run, a pipeline or a folder with a Kitfile becomes a package on this machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from nbmlops.errors import StateError
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.data_apart import check_hashes, data_kitfile, data_reference, referring, without_data
from nbmlops.ops.fields import option, positional
from nbmlops.ops.pack_source import Source, find_source
from nbmlops.ops.package_store import PackageView, opened, store, view
from nbmlops.ops.trusted_keys import note_packed
from nbmlops.package.kitfile import entries, is_packed
from nbmlops.package.mediatypes import Compression
from nbmlops.package.pack import LayerProgress, Options
from nbmlops.package.pack import pack as write_package
from nbmlops.package.reference import LATEST, Reference, parse
from nbmlops.package.trust.secrets import scan

_TOLD_EVERY = 8 << 20
DataPlace = Literal["embed", "apart", "none"]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: Annotated[
        str,
        positional(
            "A run, a registered model, a pipeline's folder, or a folder with a Kitfile. Default: the Kitfile here, "
            "else the newest run.",
            metavar="RUN|MODEL|PIPELINE|FOLDER",
        ),
    ] = ""
    tag: Annotated[
        str,
        option("What the package is called. Default: as the Kitfile says.", short="t", metavar="NAME[:TAG,...]"),
    ] = ""
    kitfile: Annotated[str, option("The Kitfile, where it lies elsewhere.", short="f", metavar="FILE")] = ""
    compression: Annotated[Compression, option("How layers are compressed.", metavar="none|gzip|zstd")] = "none"
    model_pack: Annotated[bool, option("As a CNCF ModelPack artifact.")] = False
    allow_secrets: Annotated[bool, option("Pack also what looks like tokens, keys and passwords.")] = False
    data: Annotated[
        DataPlace,
        option(
            "Where data go: in the package, in one of their own that it refers to, or nowhere. Data in a bucket stay "
            "there.",
            metavar="embed|apart|none",
        ),
    ] = "embed"
    transform: Annotated[
        str,
        option(
            "A step of the pipeline that is put in front of its model: what is served takes raw rows.", metavar="STEP"
        ),
    ] = ""
    exact: Annotated[bool, option("Byte for byte what `kit` 1.7.0 writes.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    package: PackageView
    references: tuple[str, ...]
    run: str
    """That was packed; empty: a folder."""
    files: int
    known: tuple[str, ...]
    """Paths of layers that had not changed since they were packed before: not read again."""
    left_out: tuple[str, ...]
    """Links and devices: never packed."""
    unsearched: tuple[str, ...] = ()
    """Files that are too long to be searched for secrets to their end."""
    data: str = ""
    """The package with its data, where they are apart."""
    remote: tuple[str, ...] = ()
    """Addresses of data that stay where they are."""
    before: str = ""
    """Digest of the package that had the first of these names until now."""


def pack(call: Call, request: Request) -> Result:
    """Raises UsageError for a Kitfile that is wrong (with its line), NotFoundError for a run or a path."""
    return pack_found(call, find_source(call, request.source, request.kitfile, request.transform), request)


def pack_found(call: Call, source: Source, request: Request, *, is_own: bool = True) -> Result:
    """`is_own`: the user vouches for the model, so that it may run its code here. Raises what `pack` raises. A tag is
    the last thing written.
    """
    target = parse(request.tag) if request.tag else _named(source)
    layout = store()
    options = Options(
        exact=request.exact,
        model_pack=request.model_pack,
        compression=request.compression,
        created=source.created,
    )
    told = _Told(call)
    search = _Search(source.folder)
    look = (lambda paths: None) if request.allow_secrets else search
    kitfile = without_data(source.kitfile) if request.data == "none" else source.kitfile
    check_hashes(kitfile)
    # Wherever data go, no other layer takes them.
    beside = [each.path for each in entries(source.kitfile) if is_packed(each)]
    beside += [each.path for each in source.kitfile.datasets if each.path and each.remote_path]
    data = ""
    moved = data_kitfile(kitfile, target) if request.data == "apart" else None
    if moved is not None:
        plain = msgspec.structs.replace(options, created=None)
        apart = write_package(source.folder, moved, layout, plain, beside=beside, look=look, progress=told).descriptor
        reference = data_reference(target, apart.digest)
        layout.add(reference.repo, apart, reference.tags)
        note_packed(apart.digest)
        kitfile, data = referring(kitfile, reference, apart.digest), str(reference)
    packed = write_package(source.folder, kitfile, layout, options, beside=beside, look=look, progress=told)
    told.end()
    names = target.tags or (target.tag,)
    before = layout.tags(target.repo).get(names[0])
    layout.add(target.repo, packed.descriptor, names)
    if is_own:
        note_packed(packed.descriptor.digest)
    named = target.with_tag(names[0])
    _, package = opened(layout, str(named))
    return Result(
        package=view(package, named, names),
        references=tuple(str(target.with_tag(name)) for name in names),
        run=source.run.id if source.run is not None else "",
        files=sum(layer.files for layer in packed.layers),
        known=tuple(layer.path for layer in packed.layers if layer.is_known),
        left_out=packed.left_out,
        unsearched=tuple(search.partly),
        data=data,
        remote=tuple(each.remote_path for each in package.remote if "://" in each.remote_path),
        before=before.digest if before is not None and before.digest != packed.descriptor.digest else "",
    )


def _named(source: Source) -> Reference:
    """By the Kitfile's name and version, else by the folder's name. A run's package is the latest of its name."""
    about = source.kitfile.package
    name = "-".join(re.findall(r"[a-z0-9]+", (about.name or source.folder.name).lower())) or "package"
    version = re.sub(r"[^A-Za-z0-9_.-]+", "-", about.version).lstrip(".-")[:128]
    tags = [version, LATEST] if version and source.run is not None else [version or LATEST]
    return parse(f"{name[:100]}:{','.join(tags)}")


class _Told:
    """Progress of each layer, not of each piece."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._said: dict[str, int] = {}

    def __call__(self, event: LayerProgress) -> None:
        if event.is_known:
            return
        if event.done - self._said.get(event.path, 0) >= _TOLD_EVERY:
            self._said[event.path] = event.done
            self._call.progress(Progress(task=event.path, done=event.done, total=event.total))

    def end(self) -> None:
        for path in self._said:
            self._call.progress(Progress(task=path, state="done"))


class _Search:
    """Ends the packing at the first layer with something that looks like a secret; nothing has a name then."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.partly: list[str] = []

    def __call__(self, paths: Sequence[str]) -> None:
        found = scan((path, self._folder / path) for path in paths)
        self.partly += found.partly
        if not found.secrets:
            return
        first = found.secrets[0]
        place = f"{first.path}, line {first.line}" if first.line else first.path
        more = f", and {len(found.secrets) - 1} more" if len(found.secrets) > 1 else ""
        raise StateError(
            f"{place} may hold a secret ({first.kind}{more}): it would be in the package.",
            kind="secret-found",
            hint="Take it out, name the file in .kitignore, or pack it knowingly: --allow-secrets",
            secrets=[msgspec.to_builtins(each) for each in found.secrets],
        )
