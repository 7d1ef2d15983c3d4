"""What wheels are chosen for: a Python and a platform, which need not be those of this machine."""

from __future__ import annotations

import re
from functools import cached_property

import msgspec
from packaging.tags import Tag, compatible_tags, cpython_tags

from nbmlops.errors import UsageError
from nbmlops.model.image import Platform

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "ppc64le": "ppc64le", "s390x": "s390x"}
_OLD_NAMES = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_OLDEST = {"x86_64": 5, "i686": 5}
"""Minor of glibc 2 where wheels for the machine begin; 17 for others."""


class Target(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    platform: Platform
    python: str
    """`3.11`"""
    glibc: tuple[int, int] = (2, 28)
    """Of the base: wheels that need a newer one are not taken. 2.36 is Debian 12's."""

    def __post_init__(self) -> None:
        if self.platform.os != "linux" or self.platform.architecture not in _MACHINES:
            raise UsageError(
                f"There are no wheels for {self.platform}.",
                kind="platform-unknown",
                hint=f"Choose linux and one of {', '.join(sorted(_MACHINES))}.",
            )
        if not re.fullmatch(r"3\.\d{1,2}", self.python):
            raise UsageError(
                f"{self.python!r} is no version of Python.", kind="python-malformed", hint="Write 3.11, say."
            )

    @property
    def machine(self) -> str:
        """As Linux names it."""
        return _MACHINES[self.platform.architecture]

    @cached_property
    def platforms(self) -> tuple[str, ...]:
        """Of wheels, best first."""
        found = []
        major, minor = self.glibc
        for each in range(minor, _OLDEST.get(self.machine, 17) - 1, -1):
            found.append(f"manylinux_{major}_{each}_{self.machine}")
            if (major, each) in _OLD_NAMES:
                found.append(f"{_OLD_NAMES[major, each]}_{self.machine}")
        return (*found, f"linux_{self.machine}")

    @cached_property
    def ranks(self) -> dict[Tag, int]:
        """How well a wheel fits by its tag: smaller is better."""
        minor = int(self.python.partition(".")[2])
        tags = [
            *cpython_tags((3, minor), [f"cp3{minor}"], self.platforms),
            *compatible_tags((3, minor), f"cp3{minor}", self.platforms),
        ]
        return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}

    @property
    def environment(self) -> dict[str, str]:
        """What markers of requirements ask for."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }
