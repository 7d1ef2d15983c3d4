"""The image that KServe takes for `oci://`: a package's model in `/models`, and the few programs that it calls.

KServe runs `sh -c "ln -sf /proc/$$/root/models /mnt/models && sleep infinity"` in it, after asking with `test` and
`ls` whether `/models` has anything; a static busybox is enough, and no base is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nbmlops.errors import NotFoundError, StateError, UsageError
from nbmlops.model.image import ContainerConfig, Platform
from nbmlops.model.kitfile import Model
from nbmlops.model.oci import Descriptor
from nbmlops.package.image.base import SCRATCH, Base, open_base
from nbmlops.package.image.elf import read_program
from nbmlops.package.image.layers import check_epoch, layer_writer, pieces_of
from nbmlops.package.image.manifest import Part, package_labels, put_image, time_of
from nbmlops.package.image.package_layers import package_parts
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened
from nbmlops.package.paths import clean

BUSYBOX = Path("/bin/busybox")
"""Where Debian's busybox-static has it."""
MODELS = "models"
PROGRAMS = ("[", "ln", "ls", "sh", "sleep", "test")
USER = 10001


def modelcar(
    layout: Layout,
    opened: Opened,
    *,
    platform: Platform,
    epoch: int,
    busybox: Path = BUSYBOX,
    base: Base | None = None,
    labels: Mapping[str, str] | None = None,
) -> Descriptor:
    """Of the manifest. `base`, where given, has those programs, and busybox is not asked for.

    Raises UsageError for a package without a model and a busybox that cannot run there, NotFoundError where there is
    none, IntegrityError for a package that is damaged or hostile.
    """
    check_epoch(epoch)
    model = opened.kitfile.model
    layers = [layer for layer in opened.layers if layer.kind in ("model", "modelpart")]
    if model is None or not any(isinstance(layer.entry, Model) for layer in layers):
        raise UsageError(
            "The package holds no model of its own.", kind="model-absent", hint="Pack one: model.path in the Kitfile."
        )
    if base is not None and base.platform != platform:
        raise UsageError(f"The base is for {base.platform}, the image for {platform}.", kind="platform-other")
    found = base or open_base(SCRATCH, layout, platform, epoch=epoch)
    parts = [] if base is not None else [_programs(layout, busybox, platform, epoch)]
    parts += package_parts(layout, layers, MODELS, epoch, strip=clean(model.path) or ".")
    created = time_of(epoch)
    config = ContainerConfig(
        user=str(USER),
        env=("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",),
        cmd=("sh", "-c", "sleep infinity"),
        working_dir="/",
        labels={**package_labels(opened, found, created), **(labels or {})},
        stop_signal="SIGKILL",
    )
    return put_image(layout, found, parts, config, created)


def _programs(layout: Layout, busybox: Path, platform: Platform, epoch: int) -> Part:
    try:
        program = read_program(busybox)
        size = busybox.stat().st_size
    except FileNotFoundError:
        raise NotFoundError(
            f"A modelcar needs a static busybox, and {busybox} is not there.",
            kind="busybox-missing",
            hint="apt-get install busybox-static, or name another one or a base.",
            path=str(busybox),
        ) from None
    except OSError as error:
        raise StateError(f"{busybox} cannot be read: {error.strerror}.", kind="busybox-unreadable") from error
    if program is None or not program.is_static:
        raise UsageError(
            f"{busybox} is no static program: it would not run in an image without libraries.",
            kind="busybox-dynamic",
            hint="apt-get install busybox-static, or name another one or a base.",
            path=str(busybox),
        )
    if program.architecture != platform.architecture:
        raise UsageError(
            f"{busybox} is for {program.architecture or 'another machine'}, the image for {platform}.",
            kind="platform-other",
            hint="Name a busybox of that platform, or a base.",
            path=str(busybox),
        )
    with layer_writer(layout, epoch=epoch) as writer:
        writer.file("bin/busybox", 0o755, size, pieces_of(busybox.resolve()))
        for name in PROGRAMS:
            writer.link(f"bin/{name}", "busybox")
        writer.folder("mnt")
    return Part(layer=writer.layer, compression="gzip", told="busybox")
