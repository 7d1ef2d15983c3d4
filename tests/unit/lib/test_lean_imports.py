"""What is hidden from an import is there afterwards, and packages imported without it can be had whole."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from nbmlops.lib.lean_imports import forget_lean_imports, lean_imports

with lean_imports():
    import papermill
    ours = sys.modules["jsonschema"]
assert "rfc3987_syntax" not in sys.modules
assert "iri" not in ours.FormatChecker.checkers
forget_lean_imports()
import jsonschema
assert jsonschema is not ours
assert "iri" in jsonschema.FormatChecker.checkers
import nbformat
assert nbformat.ValidationError is jsonschema.ValidationError
assert papermill.execute_notebook
"""


def test_who_comes_later_gets_all_of_a_package() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60)
