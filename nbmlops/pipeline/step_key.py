"""A step, its values and what it takes -> the key under which its results are kept."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import Any

from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.pipeline import Step
from nbmlops.model.step_cache import StepKey
from nbmlops.pipeline.plain_code import StepCell


def step_key(
    step: Step, cells: Sequence[StepCell], *, kernel: str, values: Mapping[str, Any], given: Mapping[str, str]
) -> StepKey:
    """`given`: the digest of each value that the step takes."""
    return StepKey(
        kernel=kernel,
        python=".".join(platform.python_version_tuple()[:2]),
        cells=tuple((cell.id, cell.digest) for cell in cells),
        parameters={name: _digest(values[name]) for name in sorted(step.parameters) if name in values},
        takes={name: given[name] for name in sorted(given)},
        env={name: digest_bytes(value.encode()) for name, value in sorted(step.env.items())},
    )


def identity_of(key: StepKey) -> str:
    """Ids of cells are names for people: the code alone counts."""
    plain = [key.kernel, key.python, [digest for _, digest in key.cells], key.parameters, key.takes]
    plain += [key.env] if key.env else []
    return digest_bytes(canonical_json(plain))


def _digest(value: Any) -> str:
    # 1 and 1.0 are different values of a parameter, and so are nan and None, which JSON does not tell apart.
    return digest_bytes(canonical_json([type(value).__name__, repr(value)]))
