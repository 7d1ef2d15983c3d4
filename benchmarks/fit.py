"""What tracking adds to one scikit-learn fit: ours against `mlflow.autolog()` with its defaults.

One process per contestant, so that none pays for or profits from another's imports; the first fit of each
warms up (imports, database, scribe) and is not counted.
"""

from __future__ import annotations

import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from benchmarks.table import Row

BAR = 0.1
REPEATS = 5


def measure(repeats: int = REPEATS) -> tuple[Row, ...]:
    figures: dict[str, dict[str, float]] = {}
    for who in ("plain", "ours", "mlflow"):
        with tempfile.TemporaryDirectory() as folder:
            child = subprocess.run(
                [sys.executable, "-m", "benchmarks.fit", who, folder, str(repeats)],
                cwd=Path(__file__).parent.parent,
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            figures[who] = json.loads(child.stdout.splitlines()[-1])
    plain = figures["plain"]["kernel"]
    peer = figures["mlflow"]["kernel"] - plain
    kernel = figures["ours"]["kernel"] - plain
    flushed = figures["ours"]["flushed"] - plain
    return (
        Row(what="tracked fit, model logged: added in the kernel, against `mlflow.autolog()`",
            ours=kernel, peer=peer, value=kernel / peer, bar=BAR),
        Row(what="the same until it is in MLflow", ours=flushed, peer=peer, value=flushed / peer, bar=None),
    )  # fmt: skip


def contestant(who: str, folder: Path, repeats: int) -> dict[str, float]:
    """Median seconds of one fit as the user waits for it, and until it is in MLflow."""
    import numpy as np

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    settle: Callable[[], object] = lambda: None  # noqa: E731
    close: Callable[[], object] = lambda: None  # noqa: E731
    if who == "mlflow":
        import mlflow

        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.autolog()
    if who == "ours":
        from nbmlops.capture.estimators import EstimatorSensor
        from nbmlops.capture.scores import ScoreSensor
        from nbmlops.track.fits import FitLog
        from nbmlops.track.scribe_client import Scribe, command

        scribe = Scribe(command(folder, "bench"), folder / ".nbmlops" / "spool", session="bench")
        log = FitLog(scribe.send, experiment=lambda: "bench", tags=dict)
        sensor = EstimatorSensor(log.fit, lambda: scribe.files)
        sensor.install()
        ScoreSensor(sensor, log.score).install()
        settle, close = lambda: scribe.flush(120.0), lambda: scribe.close(60.0)
    from sklearn.ensemble import RandomForestClassifier

    random = np.random.default_rng(0)
    inputs = random.random((2000, 20))
    truth = (inputs[:, 0] + random.normal(0, 0.1, 2000) > 0.5).astype(int)
    kernel, flushed = [], []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        RandomForestClassifier(random_state=0).fit(inputs, truth)
        kernel.append(time.perf_counter() - started)
        settle()
        flushed.append(time.perf_counter() - started)
    close()
    return {"kernel": statistics.median(kernel[1:]), "flushed": statistics.median(flushed[1:])}


if __name__ == "__main__":
    print(json.dumps(contestant(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
