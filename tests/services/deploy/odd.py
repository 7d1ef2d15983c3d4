"""A package whose model does what the first column of a request says: ends, hangs or leaks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nbmlops import api
from tests.services.deploy.deployed import COLUMNS, KITFILE

ODD = """
import os, time
import mlflow.pyfunc

kept = []

class Odd(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        match model_input["a"].iloc[0]:
            case -1:
                os._exit(9)
            case -2:
                time.sleep(600)
            case -3:
                kept.append(b"x" * (40 << 20))
        return model_input["a"].to_numpy()
"""
PACKS = """
import sys, mlflow, pandas as pd
sys.path.insert(0, sys.argv[2])
from odd import Odd
example = pd.DataFrame({"a": [1.0], "b": [2.0]})
signature = mlflow.models.infer_signature(example, example["a"].to_numpy())
mlflow.pyfunc.save_model(sys.argv[1], python_model=Odd(), signature=signature, input_example=example,
                         code_paths=[sys.argv[2] + "/odd.py"], pip_requirements=["mlflow"])
"""
DIES, HANGS, LEAKS = ({"dataframe_split": {"columns": COLUMNS, "data": [[a, 0.0]]}} for a in (-1.0, -2.0, -3.0))


def pack_odd(place: Path) -> str:
    """A model that does what its first column says."""
    kit = place / "odd"
    kit.mkdir()
    (place / "odd.py").write_text(ODD)
    command = [sys.executable, "-c", PACKS, str(kit / "model"), str(place)]
    subprocess.run(command, check=True, capture_output=True)
    (kit / "Kitfile").write_text(KITFILE)
    api.pack(source=str(kit), tag="sums:odd")
    return "sums:odd"
