"""A round of ticks over reconcilers that are in sync: specs are found, memories read, each is looked at and decided.

The world is a function without a network, so that what is measured is ours. With `written` every look is late enough to
be recorded, as it is when a round comes once in an interval.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.table import Row
from nbmlops.model.reconciler import Attempt, Memory, Outcome, Proposal, Reason, Reconciler
from nbmlops.reconcile import folder as specs
from nbmlops.reconcile.lease import Lease
from nbmlops.reconcile.memory import MemoryStore
from nbmlops.reconcile.reasons import combined
from nbmlops.reconcile.ticks import Rounds
from nbmlops.reconcile.world import Seen, Told, Trained, Verdict

ROUNDS = 5
"""Of which the best counts."""
_DOCUMENT = """\
apiVersion: nbmlops.dev/v1
kind: Trainer
metadata: {{name: model-{number}}}
spec:
  model: model-{number}
  pipeline: pipelines/model-{number}
  interval: 10m
  needs:
    any:
      - maxAge: 24h
      - drift: {{deployment: prod-{number}, columns: 2}}
      - dataChanged: {{data: data/labelled.csv}}
  guard: {{cooldown: 6h, maxRunsPerDay: 4, windows: [{{days: mon-fri, from: "22:00", to: "06:00"}}]}}
  gate: {{file: gate.yaml, data: data/holdout.csv, target: label}}
  publish: {{edit: {{file: deploy/prod.yaml, pointer: /model/version}}}}
"""


class World:
    """All is as it should be."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        return self.time

    def look(self, spec: Reconciler, memory: Memory) -> Seen:
        needs = spec.needs.parts if spec.needs is not None else ()
        parts = [Reason(need=each.need, holds=False, why="it is fresh", key="7") for each in needs]
        return Seen(reason=combined("any", parts), inputs="i", rows=1000, desired="7", earlier=("6",), actual="7")

    def train(self, spec: Reconciler, attempt: Attempt, told: Told) -> Trained:
        raise NotImplementedError

    def judge(self, spec: Reconciler, attempt: Attempt, told: Told) -> Verdict:
        raise NotImplementedError

    def propose(self, spec: Reconciler, attempt: Attempt, verdict: Verdict) -> Proposal:
        raise NotImplementedError

    def adopt(self, spec: Reconciler, version: str) -> None:
        raise NotImplementedError

    def deploy(self, spec: Reconciler, attempt: Attempt, told: Told) -> None:
        raise NotImplementedError

    def clean(self, spec: Reconciler, memory: Memory) -> None:
        raise NotImplementedError


def measure() -> tuple[Row, ...]:
    rows: list[Row] = []
    for count, bar in ((100, 0.05), (1000, 0.5)):
        looked, written, fresh = _round(count)
        print(f"reconcile {count}: {looked:.4f} s, written {written:.4f} s, new process {fresh:.4f} s", file=sys.stderr)
        rows.append(Row(what=f"reconcile: {count:,} in sync", ours=looked, value=looked, bar=bar))
        rows.append(Row(what=f"reconcile: {count:,} in sync, written", ours=written, value=written, bar=None))
        rows.append(Row(what=f"reconcile: {count:,} in sync, specs from the cache", ours=fresh, value=fresh, bar=None))
    return tuple(rows)


def _round(count: int) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        documents, memories, cache = place / "reconcilers", place / "memories", place / "specs.json"
        documents.mkdir()
        old = time.time() - 60
        for number in range(count):
            path = documents / f"model-{number}.yaml"
            path.write_text(_DOCUMENT.format(number=number))
            os.utime(path, (old, old))
        world = World()
        rounds = Rounds(world, MemoryStore(memories), lambda each: Lease(memories, each))

        def once() -> float:
            began = time.perf_counter()
            found = rounds.all(specs.load_all(documents, cache=cache))
            took = time.perf_counter() - began
            assert len(found) == count
            assert {each.outcome for each in found} == {Outcome.IN_SYNC}
            return took

        once()
        looked = min(once() for _ in range(ROUNDS))
        written = fresh = 1e9
        for _ in range(ROUNDS):
            world.time += timedelta(minutes=10)
            written = min(written, once())
        for _ in range(ROUNDS):
            specs._kept.clear()
            fresh = min(fresh, once())
        return looked, written, fresh
