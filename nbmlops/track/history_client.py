"""Values of metrics from a tracking server, through MlflowClient."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nbmlops.track.client import connect
from nbmlops.track.lists_client import asking_server
from nbmlops.track.metrics_sqlite import LARGEST


@asking_server
def histories(uri: str, run: str, metrics: Sequence[str]) -> list[tuple[str, list[tuple[int, int, float]]]]:
    """Each metric that the run has with all its points, in order."""
    client = connect(uri)
    known = client.get_run(run).data.metrics
    found = []
    for metric in sorted(known if not metrics else set(metrics) & known.keys()):
        points = client.get_metric_history(run, metric)
        rows = [(point.step, point.timestamp, _figure(point.value)) for point in points]
        found.append((metric, sorted(rows, key=lambda row: row[:2])))
    return found


def _figure(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else value
