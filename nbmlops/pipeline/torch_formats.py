"""Tensors and modules of PyTorch as files of its own kind: storage that two tensors share stays shared."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def is_for_torch(value: Any) -> bool:
    """Tensors, modules, and what holds some of them: pickle would part tensors that share their storage."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "Tensor"):  # it is being imported
        return False
    parts = value.values() if type(value) is dict else value if type(value) in (list, tuple) else (value,)
    return any(isinstance(part, torch.Tensor | torch.nn.Module) for part in parts)


def write_torch(value: Any, path: Path) -> None:
    import torch

    with path.open("wb") as file:  # of a name, it would write the stem into the file
        torch.save(value, file, pickle_module=_pickling())


def read_torch(path: Path) -> Any:
    """What was on a GPU comes to the processor where there is none. The file's digest was checked before."""
    import torch

    place = None if torch.cuda.is_available() else "cpu"
    return torch.load(path, map_location=place, weights_only=False)


def _pickling() -> ModuleType:
    """The module that torch pickles with: classes of a notebook travel as they do in every other value."""
    from nbmlops.pipeline import formats

    module = ModuleType("nbmlops_pickling")
    module.__dict__.update(Pickler=formats.Pickler, dump=formats.pickle_to)
    return module
