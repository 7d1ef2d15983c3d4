"""From source text to facts: which cells feed which, which of them matter, what could be a parameter.

    flow = analyse(notebook, modules=source_of)
    slice = cut(flow)
    parameters = find_parameters(flow, slice)

Pure: nothing is executed, nothing is read. `pipeline` cuts the slice into steps.
"""

from __future__ import annotations

from nbmlops.dataflow.analyse import analyse
from nbmlops.dataflow.cut import cut
from nbmlops.dataflow.parameters import find_parameters

__all__ = ["analyse", "cut", "find_parameters"]
