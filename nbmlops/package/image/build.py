"""A package, wheels and an app on a base: the manifest of an image that is the same each time.

    base = open_base("oci:/srv/layouts/python:3.11", layout, platform, epoch=0)
    image = build(layout, open_package(layout, descriptor), base, wheels=wheels, app=Path("app"), epoch=0,
                  command=["python3", "-m", "app"])

Layers go from what seldom changes to what changes most: base, wheels, app, then the package. Another model changes
only layers at the top, which are written without compression (weights have little to squeeze), and each from what the
package's layer was: one that has not changed is not even read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path

from nbmlops.errors import UsageError
from nbmlops.model.image import ContainerConfig, Platform
from nbmlops.model.oci import Descriptor
from nbmlops.package.image.base import Base
from nbmlops.package.image.layers import add_folder, check_epoch, layer_writer
from nbmlops.package.image.manifest import LABEL, Part, package_labels, put_image, time_of
from nbmlops.package.image.package_layers import package_parts
from nbmlops.package.image.wheel_files import PREFIX, site_packages
from nbmlops.package.image.wheels import Wheels
from nbmlops.package.kitfile import dump
from nbmlops.package.layout import Layout
from nbmlops.package.mediatypes import Kind
from nbmlops.package.opened import Opened
from nbmlops.package.paths import clean
from nbmlops.package.tar import MOST_ID

APP = f"{PREFIX}/app"
PACKAGE = f"{PREFIX}/package"
"""The package's files, at their paths in it."""
MODEL = f"{PREFIX}/model"
"""A link to its model."""
KINDS: tuple[Kind, ...] = ("model", "modelpart", "code", "prompt")
"""What of a package a running model needs."""
USER = 10001
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def build(
    layout: Layout,
    opened: Opened,
    base: Base,
    *,
    app: Path,
    epoch: int,
    command: Sequence[str],
    wheels: Wheels | None = None,
    platform: Platform | None = None,
    labels: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    ports: Sequence[int] = (),
    user: int = USER,
    kinds: Sequence[Kind] = KINDS,
) -> Descriptor:
    """Of the manifest. All its blobs are in the layout; it has no name there yet.

    `app` is a folder, which becomes the working folder; `command` is what is started. `epoch`: seconds since 1970 that
    all files and the image bear. `platform`: refused where the base has another.

    Raises UsageError for what cannot be an image, IntegrityError for a package that is damaged or hostile.
    """
    check_epoch(epoch)
    for what, other in (("image", platform), ("wheels", wheels.platform if wheels is not None else None)):
        if other not in (None, base.platform):
            raise UsageError(
                f"The base is for {base.platform}, the {what} for {other}.",
                kind="platform-other",
                hint="Take all of them for one platform.",
            )
    if not command:
        raise UsageError("The image has nothing to start.", kind="command-missing", hint="Give it a command.")
    if not 0 < user <= MOST_ID:
        raise UsageError(
            f"An image runs as user {user} only by mistake.", kind="user-refused", hint=f"Take {USER}, say."
        )
    for port in ports:
        if not 0 < port < 1 << 16:
            raise UsageError(f"There is no port {port}.", kind="port-malformed")
    parts = [] if wheels is None else [Part(layer=wheels.layer, compression="gzip", told="wheels")]
    parts.append(_app(layout, app, epoch))
    parts += package_parts(layout, [each for each in opened.layers if each.kind in kinds], PACKAGE, epoch)
    parts.append(_kitfile(layout, opened, epoch))
    created = time_of(epoch)
    told = _labels(opened, base, created, labels or {})
    config = ContainerConfig(
        user=str(user),
        exposed_ports={f"{port}/tcp": {} for port in sorted(set(ports))} or None,
        env=_env(base, wheels, env or {}),
        entrypoint=tuple(command),
        working_dir=f"/{APP}",
        labels=told,
        stop_signal="SIGTERM",
    )
    return put_image(layout, base, parts, config, created)


def _labels(opened: Opened, base: Base, created: str, given: Mapping[str, str]) -> dict[str, str]:
    inherited = (base.config.config.labels if base.config.config else None) or {}
    # What a base says of itself is not what the image is.
    kept = {key: value for key, value in inherited.items() if not key.startswith(LABEL)}
    return {**kept, **package_labels(opened, base, created), **given}


def _env(base: Base, wheels: Wheels | None, given: Mapping[str, str]) -> tuple[str, ...]:
    """The base's, ours, and what is given; the later counts."""
    inherited = (base.config.config.env if base.config.config else None) or ()
    found = dict(each.partition("=")[::2] for each in inherited)
    places = [f"/{APP}"]
    if wheels is not None:
        places.append(f"/{site_packages(wheels.python)}")
        found["PATH"] = f"/{PREFIX}/bin:{found.get('PATH') or _PATH}"
    found.setdefault("PATH", _PATH)
    found["PYTHONPATH"] = ":".join(places)
    found["PYTHONDONTWRITEBYTECODE"] = "1"
    found["PYTHONUNBUFFERED"] = "1"
    found["NBMLOPS_MODEL"] = f"/{MODEL}"
    found["NBMLOPS_PACKAGE"] = f"/{PACKAGE}"
    for name, value in {**found, **given}.items():
        if not name or "=" in name or "\0" in name + value:
            raise UsageError(f"{name!r} is no name of a variable.", kind="env-malformed")
    return tuple(f"{name}={value}" for name, value in {**found, **given}.items())


def _app(layout: Layout, folder: Path, epoch: int) -> Part:
    if not folder.is_dir():
        raise UsageError(f"The app {folder} is no folder.", kind="app-missing")
    with layer_writer(layout, epoch=epoch) as writer:
        if not add_folder(writer, folder, APP):
            raise UsageError(f"The app {folder} is empty.", kind="app-empty")
    return Part(layer=writer.layer, compression="gzip", told="app")


def _kitfile(layout: Layout, opened: Opened, epoch: int) -> Part:
    """The Kitfile, and the link to the model; they change with it."""
    text = dump(opened.kitfile).encode()
    model = opened.kitfile.model
    path = clean(model.path) if model is not None and model.digest else None
    with layer_writer(layout, epoch=epoch) as writer:
        if path is not None:
            writer.link(MODEL, posixpath.normpath(posixpath.join(posixpath.basename(PACKAGE), path)))
        writer.file(f"{PACKAGE}/Kitfile", 0o644, len(text), [text])
    return Part(layer=writer.layer, compression="gzip", told="Kitfile")
