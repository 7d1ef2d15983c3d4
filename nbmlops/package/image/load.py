"""An image into podman or docker on this machine; they are run only when one of them is named."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from typing import IO, Literal

from nbmlops.errors import ExternalError, MissingDependencyError, UnavailableError
from nbmlops.model.oci import Descriptor
from nbmlops.package.image.archive import write_archive
from nbmlops.package.layout import Layout

Engine = Literal["podman", "docker"]
_MOST_SECONDS = 1800


def engine_here() -> Engine | None:
    """The first that is on this machine."""
    engines: tuple[Engine, ...] = ("podman", "docker")
    return next((each for each in engines if shutil.which(each)), None)


def load(layout: Layout, image: Descriptor, name: str, engine: Engine, *, seconds: float = _MOST_SECONDS) -> None:
    """Under `name`, as in `wine:v1`; streamed, with no file in between.

    Raises MissingDependencyError without the program, ExternalError with its own word where it refuses, and
    UnavailableError where it takes longer than `seconds`.
    """
    program = shutil.which(engine)
    if program is None:
        raise MissingDependencyError(
            f"{engine} is not on this machine.",
            kind="engine-missing",
            hint="Save the image as a file instead, and load that where it is.",
        )
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen([program, "load"], stdin=subprocess.PIPE, stdout=output, stderr=output) as process:
            timer = threading.Timer(seconds, process.kill)
            timer.start()
            try:
                assert process.stdin is not None
                _send(layout, image, name, process.stdin)
                code = process.wait()
            except BaseException:
                process.kill()
                raise
            finally:
                is_late = not timer.is_alive()
                timer.cancel()
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").split("\n")
    if code:
        word = next((line.strip() for line in reversed(lines) if line.strip()), "no word")
        if is_late:
            raise UnavailableError(f"{engine} did not take the image in {seconds:.0f} s.", kind="engine-slow")
        raise ExternalError(
            f"{engine} did not take the image: {word[:300]}", kind="engine-refused", hint="Is it running?"
        )


def _send(layout: Layout, image: Descriptor, name: str, pipe: IO[bytes]) -> None:
    """What the program says when it stops reading is better than that it did."""
    try:
        with pipe:
            write_archive(layout, image, pipe, name)
    except BrokenPipeError:
        return
