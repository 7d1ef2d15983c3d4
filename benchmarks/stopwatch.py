"""JupyterLab in Chromium with a stopwatch in the page: from what somebody does to what is painted."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.browser.conftest import FLAGS
from tests.browser.desk import Desk
from tests.browser.lab import Lab

WATCH = """
window.stopwatch = (() => {
    // A task after the next frame: what was drawn for it is on the screen.
    const painted = () => new Promise(resolve => requestAnimationFrame(() => {
        const after = new MessageChannel();
        after.port1.onmessage = () => resolve(performance.now());
        after.port2.postMessage(null);
    }));
    const once = isThere => new Promise(resolve => {
        const look = () => isThere() && (observer.disconnect(), resolve());
        const observer = new MutationObserver(look);
        observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
        look();
    });
    const isShown = selector => document.querySelector(selector)?.getClientRects().length > 0;
    const marks = {};
    const mark = (name, isThere) => once(isThere).then(painted).then(at => { marks[name] = at; });
    const from = async (act, isThere) => {
        const began = performance.now();
        act();
        await once(isThere);
        return (await painted()) - began;
    };
    const frames = (act, milliseconds) => new Promise(resolve => {
        const began = performance.now();
        const times = [];
        const step = now => {
            times.push(now);
            if (now - began > milliseconds) {
                resolve(times.slice(1).map((time, index) => time - times[index]));
            } else {
                act();
                requestAnimationFrame(step);
            }
        };
        requestAnimationFrame(step);
    });
    return { painted, once, isShown, mark, marks, from, frames };
})();
"""
"""`from`: milliseconds from an act until something is there and painted. `marks`: when things were, since the page
began to load. `frames`: how long each frame took while one act was done in each."""


def chromium() -> str | None:
    """Why nothing can be measured here; None where it can."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return None if shutil.which("chromium") else "there is no chromium: apt-get install chromium"


@contextlib.contextmanager
def jupyterlab() -> Iterator[Lab]:
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        cache.mkdir()
        server = Lab(Path(folder) / "lab", cache)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def desk(server: Lab) -> Iterator[Desk]:
    """A page of a Chromium that draws in software, as on a machine without a graphics card."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        made = Desk(browser, server, server.root)
        made.page.add_init_script(WATCH)
        yield made
        made.close()
        browser.close()


def took(desk: Desk, act: str, is_there: str, argument: Any = None) -> float:
    """Seconds from an act to what it brings; both JavaScript expressions, in which `given` is the argument."""
    found: float = desk.page.evaluate(
        f"given => {{ const act = () => {{ {act} }}; return stopwatch.from(act, () => {is_there}); }}", argument
    )
    return found / 1000
