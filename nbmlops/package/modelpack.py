"""A CNCF ModelPack config over the layers of a Kitfile, as `kit pack --use-model-pack` lays it out.

It knows neither signature nor metrics nor code's licence: the whole Kitfile goes along as an annotation, which is
where `kit` looks for it.
"""

from __future__ import annotations

from typing import Any

from nbmlops.model.kitfile import Kitfile
from nbmlops.package.gojson import encode
from nbmlops.package.kitfile import config_json, entries, is_packed
from nbmlops.package.mediatypes import KITFILE, PACK_ARTIFACT


def model_pack_parts(kitfile: Kitfile, created: str) -> tuple[bytes, dict[str, str], str]:
    """Config blob, annotations of the manifest, artifact type."""
    package, model = kitfile.package, kitfile.model
    licenses = sorted({package.license, *(getattr(entry, "license", "") for entry in entries(kitfile))})
    descriptor = {
        "createdAt": created,
        "authors": list(package.authors),
        "name": package.name,
        "version": package.version,
        "licenses": [each for each in licenses if each],
        "title": package.name,
        "description": package.description,
    }
    packed = [entry for entry in entries(kitfile) if is_packed(entry)]
    document: dict[str, Any] = {
        "descriptor": {key: value for key, value in descriptor.items() if value},
        "modelfs": {"type": "layers", "diffIds": [entry.diff_id for entry in packed]},
        "config": {"format": model.format} if model is not None and model.format else {},
    }
    return encode(document), {KITFILE: config_json(kitfile).decode()}, PACK_ARTIFACT
