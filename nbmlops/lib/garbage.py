"""Short work that makes many objects and leaves few cycles behind, without the collector stopping in the middle of it.

In a process as large as a Jupyter server one full collection takes as long as the analysis of a notebook.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No automatic collections of cycles within the block. Others' threads do without them as well, for as long."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
