"""What the steps need installed: distributions of what kept code imports, pinned as they are here.

requirements_text(["pandas", "sklearn.svm", "os"], local=(), wished=("xgboost>=2",))
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterable

from nbmlops.lib.distributions import providers

_HEAD = """\
# What the steps import, at the versions the notebook was exported with.
# The steps themselves run with nbmlops: pip install nbmlops
"""


def requirements_text(modules: Iterable[str], local: Iterable[str], wished: Iterable[str]) -> str:
    """`local` modules travel with the pipeline; `wished` is what the notebook installs with pip."""
    own = {name.split(".")[0] for name in local}
    tops = {name.split(".")[0] for name in modules} - own - set(sys.stdlib_module_names) - {"", "nbmlops"}
    owners = providers()
    pins: dict[str, str] = {}
    unknown: list[str] = []
    for top in sorted(tops):
        names = owners.get(top)
        if not names:
            unknown.append(top)
            continue
        # Several distributions may share a namespace; the one named like the module is meant.
        name = next((each for each in names if _normal(each) == _normal(top)), sorted(set(names))[0])
        pins[_normal(name)] = f"{name}=={importlib.metadata.version(name)}"
    for text in wished:
        name = _normal(re.split(r"[\s<>=!~\[;@]", text, maxsplit=1)[0])
        if name in pins or not name or name == "nbmlops":
            continue
        pins[name] = text if re.search(r"[<>=!~@]", text) else _pinned(text, name)
    lines = [pins[name] for name in sorted(pins)]
    lines += [
        f"# {top}: imported, but not installed where the notebook was exported"
        for top in unknown
        if _normal(top) not in pins
    ]
    return _HEAD + "".join(f"{line}\n" for line in lines)


def _pinned(text: str, name: str) -> str:
    try:
        return f"{text}=={importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return text


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
