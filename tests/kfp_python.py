"""A Python with Kubeflow's SDK, in an environment of its own: made once, beside the one that runs the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

INSTALL_SECONDS = 900
GIVEN = os.environ.get("NBMLOPS_KFP_PYTHON", "")
"""Somebody has one already. Read before tests get an environment of their own."""
PACKAGES = ("kfp>=2.17,<3", "kfp-kubernetes>=2.17,<3")


def kfp_python() -> str:
    if GIVEN:
        return GIVEN
    place = Path(sys.prefix) / "kfp-sdk"
    python, ready = place / "bin" / "python", place / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True, timeout=120)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
        subprocess.run(install, check=True, timeout=INSTALL_SECONDS)
        ready.touch()
    return str(python)
