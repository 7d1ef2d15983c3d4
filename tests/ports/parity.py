"""For docs/engines.md: which of the small pipelines comes to the same where, and who refuses what."""

from __future__ import annotations

from tests.ports.torture import TORTURES

ENGINES = ("local", "dask", "kfp", "tekton")
REFUSED = (
    ("more `cpu` or `gpu` than there is", "refused", "refused", "the cluster waits", "the cluster waits"),
    ("a secret that is not there", "refused", "refused", "the step fails", "the pod waits for its Secret"),
    ("a field of a step that it does not know", "-", "-", "refused", "refused"),
    ("a default that it would read otherwise", "-", "-", "refused: `nan`, `{{$`", "refused: `$(`"),
)
"""Each is a test of its own: test_needs.py, test_dask.py, test_compilers.py. What clusters do is theirs."""


def table() -> str:
    lines = [f"| | {' | '.join(ENGINES)} |", f"| --- |{' --- |' * len(ENGINES)}"]
    for each in TORTURES:
        words = ["refused" if engine in each.refused_by else "same" for engine in ENGINES]
        lines.append(f"| {each.name} | {' | '.join(words)} |")
    lines += [f"| {' | '.join(row)} |" for row in REFUSED]
    return "\n".join(lines)
