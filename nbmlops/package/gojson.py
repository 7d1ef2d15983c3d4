"""JSON as Go's `encoding/json` writes it: configs and manifests have the digests that `kit` gives them.

    encode({"b": 1e21, "a": "<x>"})     # b'{"b":1e+21,"a":"\\u003cx\\u003e"}'

Keys stay in the order given; `sorted_maps` sorts those of a free-form mapping, as Go does.
"""

from __future__ import annotations

import math
import re
from typing import Any

_ESCAPED = re.compile(r'[\x00-\x1f"\\<>&\u2028\u2029\ud800-\udfff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
MOST_UINT = 2**64 - 1
LEAST_INT = -(2**63)


def encode(value: Any) -> bytes:
    """Raises ValueError for what JSON has no form for: NaN, infinities, other types."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode()


def sorted_maps(value: Any) -> Any:
    """The same with the keys of every mapping in bytewise order."""
    if isinstance(value, dict):
        return {key: sorted_maps(value[key]) for key in sorted(value, key=lambda key: str(key).encode())}
    if isinstance(value, list | tuple):
        return [sorted_maps(each) for each in value]
    return value


def _write(value: Any, parts: list[str]) -> None:
    if value is None or isinstance(value, bool):
        parts.append({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, str):
        parts.append(_text(value))
    elif isinstance(value, int):
        parts.append(str(value) if LEAST_INT <= value <= MOST_UINT else _number(float(value)))
    elif isinstance(value, float):
        parts.append(_number(value))
    elif isinstance(value, dict):
        parts.append("{")
        for place, (key, each) in enumerate(value.items()):
            parts.append("," if place else "")
            parts.append(_text(str(key)) + ":")
            _write(each, parts)
        parts.append("}")
    elif isinstance(value, list | tuple):
        parts.append("[")
        for place, each in enumerate(value):
            parts.append("," if place else "")
            _write(each, parts)
        parts.append("]")
    else:
        raise ValueError(f"JSON has no form for {type(value).__name__}")


def _text(text: str) -> str:
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    letter = match[0]
    if letter in _SHORT:
        return _SHORT[letter]
    return "\\ufffd" if "\ud800" <= letter <= "\udfff" else f"\\u{ord(letter):04x}"


def _number(value: float) -> str:
    """The shortest digits that give the number back; an exponent from 1e21 on and below 1e-6."""
    if not math.isfinite(value):
        raise ValueError(f"JSON has no form for {value}")
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    text = repr(abs(value))
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction if fraction != "0" else ""
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    sign = "-" if value < 0 else ""
    if abs(value) < 1e-6 or abs(value) >= 1e21:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{tail}e{'-' if point < 1 else '+'}{abs(point - 1)}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if len(digits) <= point:
        return sign + digits + "0" * (point - len(digits))
    return f"{sign}{digits[:point]}.{digits[point:]}"
