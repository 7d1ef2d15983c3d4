"""What the head of an ELF program says: the architecture that it is for, and whether it needs libraries."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

_MACHINES = {3: "386", 40: "arm", 62: "amd64", 183: "arm64", 243: "riscv64", 21: "ppc64le", 22: "s390x"}
_INTERPRETER = 3
_HEAD = 1 << 16


class Program(NamedTuple):
    architecture: str
    """As Go names it; empty where unknown."""
    is_static: bool


def read_program(path: Path) -> Program | None:
    """None for a file that is no 64-bit ELF program. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[:5] != b"\x7fELF\x02" or len(head) < 64:
        return None
    order = "<" if head[5] == 1 else ">"
    (machine,) = struct.unpack_from(f"{order}H", head, 18)
    (start,) = struct.unpack_from(f"{order}Q", head, 32)
    size, count = struct.unpack_from(f"{order}HH", head, 54)
    kinds = [
        struct.unpack_from(f"{order}I", head, at)[0]
        for at in range(start, start + size * count, size or 1)
        if at + 4 <= len(head)
    ]
    return Program(_MACHINES.get(machine, ""), _INTERPRETER not in kinds)
