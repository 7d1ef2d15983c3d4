"""Packages made by hand, whole or hostile."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

from nbmlops.model.kitfile import Code, Kitfile, Model
from nbmlops.model.oci import MANIFEST, Descriptor, Manifest
from nbmlops.package.kitfile import config_json, new_kitfile
from nbmlops.package.layout import Layout, written
from nbmlops.package.mediatypes import KIT_CONFIG

KITFILE = """\
manifestVersion: 1.0.0
package: {name: wine, version: 1.0, authors: [Team A]}
model:
  name: forest
  path: model
  parameters: {trees: 100}
code:
  - path: src
datasets:
  - name: train
    path: data/train.csv
docs:
  - path: README.md
"""
FILES = {
    "model/MLmodel": "flavors: {}\n",
    "model/model.skops": "weights",
    "src/train.py": "print(1)\n",
    "data/train.csv": "a,b\n1,2\n",
    "README.md": "# Wine\n",
    "notes.txt": "not packed\n",
}


def folder_of(files: dict[str, str], place: Path, kitfile: str = KITFILE) -> Path:
    for name, text in {**files, "Kitfile": kitfile}.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place


def tar_of(*members: tuple[str, bytes | None] | tarfile.TarInfo) -> bytes:
    """Name and content; None: a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            name, data = member
            info = tarfile.TarInfo(name)
            info.mode = 0o755
            if data is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def kit_of(layout: Layout, *tars: bytes, compression: str = "none", kitfile: Kitfile | None = None) -> Descriptor:
    """A package whose first layer is the model and whose others are code."""
    layers = []
    for number, data in enumerate(tars):
        kind = "code" if number else "model"
        blob = gzip.compress(data, mtime=0) if compression == "gzip" else data
        suffix = "+gzip" if compression == "gzip" else ""
        media_type = f"application/vnd.kitops.modelkit.{kind}.v1.tar{suffix}"
        layers.append(Descriptor(media_type=media_type, digest=layout.put(blob), size=len(blob)))
    found = kitfile or new_kitfile(
        package={},  # type: ignore[arg-type]
        model=Model(path="model"),
        code=tuple(Code(path=f"code{number}") for number in range(1, len(tars))),
    )
    config = config_json(found)
    manifest = Manifest(
        schema_version=2,
        config=Descriptor(media_type=KIT_CONFIG, digest=layout.put(config), size=len(config)),
        layers=tuple(layers),
    )
    data = written(manifest)
    return Descriptor(media_type=MANIFEST, digest=layout.put(data), size=len(data))
