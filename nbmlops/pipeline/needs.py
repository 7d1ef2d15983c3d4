"""What a step asks of the place where it runs: cores, graphics cards, variables, secrets."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from nbmlops.errors import StateError
from nbmlops.model.pipeline import Step

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CARD = re.compile(r"nvidia\d+")


def trouble_with_needs(step: Step) -> tuple[str, str] | None:
    """What is wrong with what a step asks for, and what to do; None when nothing is."""
    if step.cpu < 0 or not math.isfinite(step.cpu):
        return f"wants {step.cpu:g} cores", "Write a number such as 2 or 0.5."
    if step.gpu < 0:
        return f"wants {step.gpu} graphics cards", "Write a number such as 1."
    for name in (*step.env, *step.secrets):
        if not _VARIABLE.fullmatch(name):
            return f"names a variable {name!r}", "Use letters, figures and underscores."
    for name, value in step.env.items():
        if "\0" in value:
            return f"has a value for {name} with a zero byte in it", "No environment variable can hold that."
    both = [name for name in step.secrets if name in step.env]
    if both:
        return (
            f"has {both[0]} under env and under secrets",
            "Keep it in one of them: env is written down, secrets are not.",
        )
    return None


def places_of(step: Step) -> int:
    """How many of the steps that may run at once it stands for."""
    return max(1, math.ceil(step.cpu))


def refusal(engine: str, step: Step, field: str, why: str, hint: str) -> StateError:
    return StateError(
        f"The engine {engine} cannot give step {step.name} its {field}: {why}.",
        kind="engine-cannot",
        hint=hint,
        step=step.name,
        field=field,
    )


def missing_secrets(step: Step, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    return tuple(name for name in step.secrets if not environ.get(name))


def visible_cards(devices: Path = Path("/dev"), environ: Mapping[str, str] = os.environ) -> int:
    """NVIDIA's graphics cards that a process started here may use."""
    there = sum(1 for path in devices.iterdir() if _CARD.fullmatch(path.name)) if devices.is_dir() else 0
    chosen = environ.get("CUDA_VISIBLE_DEVICES")
    return (
        there if chosen is None else min(there, sum(1 for each in chosen.split(",") if each.strip() not in ("", "-1")))
    )


def largest(steps: Iterable[Step], field: str) -> Step | None:
    """The step that asks for most of something; None when no step asks for any."""
    asking = [step for step in steps if getattr(step, field)]
    return max(asking, key=lambda step: getattr(step, field), default=None)
