"""Being told when a module has been imported, without importing it.

    cancel = after_import("sklearn.base", look)     # look(module), at once when it is imported already

One finder stands first in `sys.meta_path` while anybody waits for a module; it finds nothing itself, but
asks the others, and lets the module's own loader tell when it has run.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Listener = Callable[[ModuleType], None]

_log = logging.getLogger("nbmlops")
_lock = threading.RLock()
_waiting: dict[str, list[Listener]] = {}


def after_import(name: str, listener: Listener) -> Callable[[], None]:
    """Call `listener(module)` after the module has run; returns what takes the wish back."""
    module = sys.modules.get(name)
    if module is not None and not _initializing(module):
        _tell(listener, module)
        return lambda: None
    with _lock:
        _waiting.setdefault(name, []).append(listener)
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)

    def cancel() -> None:
        with _lock:
            listeners = _waiting.get(name, [])
            if listener in listeners:
                listeners.remove(listener)
            if not listeners:
                _waiting.pop(name, None)
            if not _waiting and _finder in sys.meta_path:
                sys.meta_path.remove(_finder)

    return cancel


class _Finder:
    """Finds only what somebody waits for, by asking the finders after it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _waiting:
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    _listen(name, spec.loader)
                return spec  # type: ignore[no-any-return]
        return None


def _listen(name: str, loader: Any) -> None:
    """Let this one loader object tell after it has run the module; then it is as it was."""
    run = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        loader.__dict__.pop("exec_module", None)
        run(module)
        with _lock:
            listeners = _waiting.pop(name, [])
            if not _waiting and _finder in sys.meta_path:
                sys.meta_path.remove(_finder)
        for listener in listeners:
            _tell(listener, module)

    try:
        loader.exec_module = exec_module
    except AttributeError:
        _log.debug("the loader of %s cannot be listened to", name)


def _tell(listener: Listener, module: ModuleType) -> None:
    try:
        listener(module)
    except Exception:  # noqa: BLE001 - the user's import statement must not fail because somebody listens
        _log.warning("a listener to the import of %s failed", module.__name__, exc_info=True)


def _initializing(module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


_finder: Any = _Finder()
