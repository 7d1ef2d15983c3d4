"""Tensors as raw bytes behind the JSON: the Open Inference Protocol's binary extension.

`Inference-Header-Content-Length` says where the JSON ends; an input's `parameters.binary_data_size` how many of the
bytes behind it are its own, in the order of the inputs. Numbers are little-endian in C order; each element of BYTES has
its length before it, as four bytes. Source: "Binary Tensor Data Extension" of KServe and Triton.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from nbmlops.errors import UsageError
from nbmlops.serve.signature import BYTES, NUMPY
from nbmlops.serve.tensors import Given

HEADER = "inference-header-content-length"
SIZE = "binary_data_size"
WANTED = "binary_data"
"""Of an output: it is wanted so."""
ALL_WANTED = "binary_data_output"
_LENGTH = struct.Struct("<I")
_MOST_DIGITS = 20


def split(body: bytes, length: str | None) -> tuple[bytes, memoryview]:
    """JSON and what is behind it. Raises UsageError for a length that the body has not."""
    if length is None:
        return body, memoryview(b"")
    # `²` is a digit, too, and what is longer than this is no length of a body.
    if not length.isdecimal() or len(length) > _MOST_DIGITS or int(length) > len(body):
        raise UsageError(f"The JSON of the request cannot be {length[:20]} bytes long.", kind="request-malformed")
    return body[: int(length)], memoryview(body)[int(length) :]


def give(inputs: Sequence[Given], behind: memoryview) -> None:
    """To each input the bytes that are its own. Raises UsageError where there are fewer or more."""
    at = 0
    for each in inputs:
        size = each.parameters.get(SIZE)
        if size is None:
            continue
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(behind) - at:
            raise _refused(each, f"{SIZE} is {str(size)[:20]}, {len(behind) - at} bytes are there")
        each.data = _array(each, behind[at : at + size])
        at += size
    if at != len(behind):
        raise UsageError(f"{len(behind) - at} bytes of the request belong to no input.", kind="request-malformed")


def take(outputs: list[dict[str, Any]], arrays: Sequence[np.ndarray[Any, Any]], wanted: Sequence[bool]) -> list[bytes]:
    """Bytes of those outputs that are wanted so; these have a size for data then."""
    found = []
    for output, array, is_wanted in zip(outputs, arrays, wanted, strict=True):
        if not is_wanted:
            continue
        data = _bytes(output, array)
        del output["data"]
        output["parameters"] = {SIZE: len(data)}
        found.append(data)
    return found


def _array(given: Given, data: memoryview) -> np.ndarray[Any, Any]:
    if given.datatype == BYTES:
        texts = _texts(given, data)
        found = np.empty(len(texts), dtype=object)
        found[:] = texts
        return found
    if given.datatype not in NUMPY:
        raise _refused(given, f"{given.datatype[:20]!r} is no datatype")
    kind = np.dtype(NUMPY[given.datatype]).newbyteorder("<")
    if len(data) % kind.itemsize:
        raise _refused(given, f"{len(data)} bytes are no number of {given.datatype}")
    return np.frombuffer(data, dtype=kind).astype(kind.newbyteorder("="))


def _texts(given: Given, data: memoryview) -> list[str]:
    found, at = [], 0
    while at < len(data):
        if at + _LENGTH.size > len(data):
            raise _refused(given, "its last text is cut short")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + length > len(data):
            raise _refused(given, "its last text is cut short")
        try:
            found.append(str(data[at : at + length], "utf-8"))
        except UnicodeDecodeError:
            raise _refused(given, "a text of it is no UTF-8") from None
        at += length
    return found


def _bytes(output: dict[str, Any], array: np.ndarray[Any, Any]) -> bytes:
    if output["datatype"] == BYTES:
        texts = [str(each).encode() for each in output["data"]]
        return b"".join(_LENGTH.pack(len(each)) + each for each in texts)
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _refused(given: Given, why: str) -> UsageError:
    return UsageError(f"Input {given.name[:100]!r} cannot be used: {why}.", kind="input-refused")


def joined(document: dict[str, Any], parts: Sequence[bytes]) -> tuple[bytes, int]:
    """The body of an answer, and how long its JSON is."""
    head = msgspec.json.encode(document)
    return b"".join((head, *parts)), len(head)
