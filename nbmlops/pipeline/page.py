"""An executed notebook as one HTML file."""

from __future__ import annotations

from pathlib import Path

from nbmlops.lib.files import write_atomic


def write_page(notebook: Path, page: Path) -> None:
    """Render with nbconvert's own template; nothing is fetched from outside to build it."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter()
    exporter.embed_images = True
    text, _ = exporter.from_filename(str(notebook))
    write_atomic(page, text)
