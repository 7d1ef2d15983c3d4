"""Prometheus' text of several processes as one, each sample with labels that say whose it is.

Source: the text-based exposition format of Prometheus, version 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterable


def merged(texts: Iterable[tuple[dict[str, str], str]]) -> str:
    """`texts`: labels to add, and what a process has told. Samples of one family stand together."""
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for labels, text in texts:
        more = ",".join(f'{name}="{value}"' for name, value in labels.items())
        family = ""
        for line in text.splitlines():
            if line.startswith(("# HELP ", "# TYPE ")):
                family = line.split(" ", 3)[2]
                known = heads.setdefault(family, [])
                if len(known) < 2 and line not in known:
                    known.append(line)
            elif line and not line.startswith("#"):
                samples.setdefault(family, []).append(_with(line, more))
    lines = [line for family, found in samples.items() for line in (*heads.get(family, ()), *found)]
    return "\n".join(lines) + "\n"


def _with(sample: str, labels: str) -> str:
    if not labels:
        return sample
    # Values of labels may hold braces and spaces; a name may not.
    name = sample.partition(" ")[0].partition("{")[0]
    rest = sample[len(name) :]
    return f"{name}{{{labels},{rest[1:]}" if rest.startswith("{") else f"{name}{{{labels}}}{rest}"
