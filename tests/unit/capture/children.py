"""What other processes do in these tests. Light, since a spawned process imports it."""

from __future__ import annotations


def read(path: str) -> None:
    with open(path) as file:
        file.read()
