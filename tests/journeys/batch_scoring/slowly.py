"""A model that takes its time, to be stopped in the middle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from tests.journeys.batch_scoring.scored import wines
from tests.journeys.conftest import Terminal, eventually

SLOW = '''
class Slow:
    """Takes its time over each row, and says that it has begun."""

    n_features_in_ = 3

    def predict(self, table):
        import os, time
        rows = len(table)
        if rows >= 50:
            open(os.environ["SEEN"] + "/" + str(os.getpid()), "a").write("scored\\n")
            time.sleep(float(os.environ.get("PAUSE", "0")))
        import numpy as np
        return np.asarray(table)[:, 0] * 2.0
'''


class Slowly:
    """A model that takes its time, and what it leaves where it is stopped."""

    def __init__(self, terminal: Terminal, place: Path) -> None:
        self.terminal, self.place = terminal, place
        (place / "seen").mkdir()
        (place / "kit").mkdir()
        code = "import sys, cloudpickle, mlflow, pandas as pd\nsys.path.insert(0, '.')\nimport slow\n"
        code += "cloudpickle.register_pickle_by_value(slow)\n"
        code += "table = pd.DataFrame({'alcohol': [1.0], 'ash': [2.0], 'hue': [3.0]})\n"
        code += "mlflow.sklearn.save_model(slow.Slow(), 'kit/model', pip_requirements=['scikit-learn'],\n"
        code += "    serialization_format='cloudpickle', signature=mlflow.models.infer_signature(table, [1.0]))\n"
        (place / "slow.py").write_text(SLOW)
        made = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=place, env=self.variables(),
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert made.returncode == 0, made.stderr
        (place / "kit" / "Kitfile").write_text("package: {name: slow}\nmodel: {path: model}\n")
        terminal.good("pack", f"{place.name}/kit", "-t", "slow:v1")
        wines(1000).to_parquet(place / "in.parquet")
        self.words = ["batch", "slow:v1", f"{place.name}/in.parquet", f"{place.name}/out.parquet", "--keep", "id",
                      "--part-rows", "100"]  # fmt: skip
        self.parts = place / "out.parquet.parts"

    def variables(self, **more: str) -> dict[str, str]:
        return {**self.terminal.variables, "SEEN": str(self.place / "seen"), **more}

    def start(self, *words: str, pause: float = 0.3) -> subprocess.Popen[str]:
        return self.terminal.start("nbmlops", *self.words, *words, PAUSE=str(pause), SEEN=str(self.place / "seen"))

    def wait_for(self, count: int) -> None:
        assert eventually(lambda: len(list(self.parts.glob("*[0-9].json"))) >= count, 120)

    def pids(self) -> list[int]:
        return [int(each.name) for each in (self.place / "seen").iterdir()]

    def go_on(self, *words: str) -> dict[str, Any]:
        """The whole output, whatever was there."""
        done: dict[str, Any] = self.terminal.good(*self.words, *words, SEEN=str(self.place / "seen"))
        found = pd.read_parquet(self.place / "out.parquet")
        table = wines(1000)
        assert list(found["id"]) == list(table["id"])
        assert list(found["prediction"]) == list(table["alcohol"] * 2.0)
        assert [each.name for each in self.place.iterdir() if each.name.startswith((".", "out"))] == ["out.parquet"]
        return done
