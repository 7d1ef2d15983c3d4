"""The line about a model that would run code of somebody whom the user has not trusted yet."""

from __future__ import annotations

from nbmlops.doors.render.blocks import Line, Tone

_SHOWN = 3


def untrusted_lines(programs: tuple[str, ...]) -> tuple[Line, ...]:
    if not programs:
        return ()
    named = ", ".join(programs[:_SHOWN]) + (", ..." if len(programs) > _SHOWN else "")
    said = f"Loading its model runs code ({named}) that nobody you trust has signed. If you know its signer:"
    return (Line(f"{said} nbmlops trust KEY.pub", Tone.WARN),)
