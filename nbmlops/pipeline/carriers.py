"""Hidden state that can travel between steps as an ordinary value: random number generators.

A step that goes on drawing from numpy's global generator takes the state in which the step before left it.
"""

from __future__ import annotations

import msgspec


class Carrier(msgspec.Struct, frozen=True):
    """A variable that stands for hidden state while it travels."""

    variable: str
    module: str
    save: str
    restore: str


CARRIERS: dict[str, Carrier] = {
    "numpy.random (global state)": Carrier("_numpy_random_state", "numpy.random", "get_state", "set_state"),
    "random (global state)": Carrier("_random_state", "random", "getstate", "setstate"),
    "torch.random (global state)": Carrier("_torch_random_state", "torch", "get_rng_state", "set_rng_state"),
}


def travelling_name(name: str) -> str:
    """The variable under which a name is handed over."""
    return CARRIERS[name].variable if name in CARRIERS else name


def saving(name: str) -> str:
    carrier = CARRIERS[name]
    return f"import {carrier.module} as _source\n{carrier.variable} = _source.{carrier.save}()"


def restoring(name: str) -> str:
    carrier = CARRIERS[name]
    return f"import {carrier.module} as _source\n_source.{carrier.restore}({carrier.variable})"
