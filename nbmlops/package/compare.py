"""Two packages side by side by what they say of themselves: their layers, and their Kitfiles key by key."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import msgspec

from nbmlops.model.difference import LayerChange, PackageDiff, Pair
from nbmlops.model.kitfile import Kitfile
from nbmlops.model.snapshot import ChangeKind
from nbmlops.package.kitfile import without_digests
from nbmlops.package.opened import Opened, PackageLayer
from nbmlops.package.paths import clean

Leaf = str | float | None
_METRICS = ("model.parameters.mlflow_provenance.mlflow_metrics.", "model.parameters.metrics.")
_PARAMS = ("model.parameters.mlflow_provenance.mlflow_params.", "model.parameters.params.")
_MODEL_PARAMETERS = "model.parameters."
_ABOUT = ("model.parameters.mlflow_provenance.", "model.parameters.signature.")
"""Parameters of the Kitfile's model that are none of the model's."""


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """Layers that have to be read to know more, of each package."""

    before: tuple[PackageLayer, ...]
    after: tuple[PackageLayer, ...]


def compare(before: Opened, after: Opened) -> tuple[PackageDiff, Pairing]:
    layers, pairing = _layers(before.layers, after.layers)
    blobs = [{each.descriptor.digest: each.descriptor.size for each in side.layers} for side in (before, after)]
    left, right = (_leaves(side.kitfile) for side in (before, after))
    names = sorted(left.keys() | right.keys())
    return (
        PackageDiff(
            digest_before=before.descriptor.digest,
            digest_after=after.descriptor.digest,
            is_same=before.descriptor.digest == after.descriptor.digest,
            layers=layers,
            shared_bytes=sum(size for digest, size in blobs[1].items() if digest in blobs[0]),
            new_bytes=sum(size for digest, size in blobs[1].items() if digest not in blobs[0]),
            metrics=_pairs(names, left, right, _METRICS, has_same=True),
            params=tuple(
                sorted(
                    (
                        *_pairs(names, left, right, _PARAMS),
                        *_pairs([name for name in names if _is_parameter(name)], left, right, (_MODEL_PARAMETERS,)),
                    ),
                    key=lambda pair: pair.name,
                )
            ),
            fields=_pairs([name for name in names if not _is_figure(name)], left, right, ("",)),
        ),
        pairing,
    )


def _layers(before: Iterable[PackageLayer], after: Iterable[PackageLayer]) -> tuple[tuple[LayerChange, ...], Pairing]:
    """By kind and place; those without a counterpart by their digest. In the later package's order, then the rest."""
    left, right = list(before), list(after)
    found: dict[int, PackageLayer] = {}
    for key in (_place, _digest):
        waiting: dict[Hashable, list[PackageLayer]] = {}
        for layer in left:
            waiting.setdefault(key(layer), []).append(layer)
        for number, layer in enumerate(right):
            if number not in found and waiting.get(key(layer)):
                found[number] = waiting[key(layer)].pop(0)
        left = [layer for layers in waiting.values() for layer in layers]
    changes, old_ones, new_ones = [], [], []
    for number, layer in enumerate(right):
        old = found.get(number)
        changes.append(_change(old, layer))
        if old is None or _digest(old) != _digest(layer):
            old_ones += [old] if old is not None else []
            new_ones.append(layer)
    changes += [_change(layer, None) for layer in left]
    return tuple(changes), Pairing(before=(*old_ones, *left), after=tuple(new_ones))


def _place(layer: PackageLayer) -> Hashable:
    return layer.kind, clean(layer.entry.path)


def _digest(layer: PackageLayer) -> Hashable:
    return layer.descriptor.digest


def _change(before: PackageLayer | None, after: PackageLayer | None) -> LayerChange:
    shown = after or before
    assert shown is not None
    if before is None or after is None:
        change: ChangeKind | None = ChangeKind.ADDED if before is None else ChangeKind.REMOVED
    else:
        change = None if _digest(before) == _digest(after) else ChangeKind.CHANGED
    return LayerChange(
        kind=shown.kind,
        path=shown.entry.path,
        change=change,
        before=before.descriptor.size if before is not None else None,
        after=after.descriptor.size if after is not None else None,
        digest_before=before.descriptor.digest if before is not None else "",
        digest_after=after.descriptor.digest if after is not None else "",
    )


def _leaves(kitfile: Kitfile) -> dict[str, Leaf]:
    """Texts and figures by the path of keys that leads there. Items of lists go by their path or name, else number."""
    found: dict[str, Leaf] = {}
    # No recursion: how deep parameters go is their maker's choice.
    waiting: list[tuple[str, Any]] = [("", msgspec.to_builtins(without_digests(kitfile)))]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{path}.{key}" if path else str(key), each) for key, each in value.items()]
        elif isinstance(value, list | tuple):
            names = _names(value)
            waiting += [(f"{path}.{name}", each) for name, each in zip(names, value, strict=True)]
        elif isinstance(value, bool):
            found[path] = str(value).lower()
        else:
            found[path] = value
    return found


def _names(items: Iterable[Any]) -> list[str]:
    items = list(items)
    for key in ("path", "name"):
        names = [str(each[key]) for each in items if isinstance(each, dict) and each.get(key)]
        if len(names) == len(items) == len(set(names)):
            return names
    return [str(number) for number in range(1, len(items) + 1)]


def _is_figure(name: str) -> bool:
    return name.startswith((*_METRICS, *_PARAMS)) or _is_parameter(name)


def _is_parameter(name: str) -> bool:
    return name.startswith(_MODEL_PARAMETERS) and not name.startswith((*_METRICS, *_PARAMS, *_ABOUT))


def _pairs(
    names: Iterable[str],
    before: Mapping[str, Leaf],
    after: Mapping[str, Leaf],
    starts: tuple[str, ...],
    *,
    has_same: bool = False,
) -> tuple[Pair, ...]:
    """Of names that begin so, without that beginning."""
    return tuple(
        Pair(name=name.removeprefix(start), before=before.get(name), after=after.get(name))
        for start in starts
        for name in names
        if name.startswith(start) and (has_same or before.get(name) != after.get(name))
    )
