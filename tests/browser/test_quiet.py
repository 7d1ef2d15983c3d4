"""A page that nobody looks at asks the server nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.lab import Lab

SEEN = """isSeen => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => !isSeen });
    const state = isSeen ? 'visible' : 'hidden';
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
    document.dispatchEvent(new Event('visibilitychange'));
}"""

LISTEN = """() => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    window.sent = [];
    kernel.anyMessage.connect((_, message) => {
        if (message.direction === 'send') {
            window.sent.push(message.msg.header.msg_type);
        }
    });
}"""


def asked_in_minutes(desk: Desk, minutes: int) -> list[str]:
    """What our API is asked while the page's clock goes on by so much."""
    before = len(desk.asked)
    for _ in range(2 * minutes):
        desk.page.clock.fast_forward(30_000)
        desk.page.wait_for_timeout(50)
    return [request.url for request in desk.asked[before:]]


def test_nothing_is_asked_while_the_page_or_the_sidebar_is_hidden(
    open_desk: Callable[..., Desk], lab: Lab, demo: Path
) -> None:
    desk = open_desk()
    desk.page.clock.install()
    desk.open(f"{demo.name}/wine.ipynb")
    desk.section("Runs")
    row = desk.run_named("wine trees=25")
    expect(row).to_be_visible()
    assert asked_in_minutes(desk, 2)

    desk.page.evaluate(SEEN, False)
    # What was due already, such as the cells after the last change, may still be asked.
    asked_in_minutes(desk, 1)
    assert asked_in_minutes(desk, 10) == []
    before = len(desk.asked)
    lab.nbmlops("annotate", "wine trees=25", "--name", "while you were away", folder=demo)
    assert len(desk.asked) == before
    desk.page.evaluate(SEEN, True)
    expect(desk.run_named("while you were away")).to_be_visible()

    desk.command("nbmlops:toggle-badges")  # they are part of the notebook, and follow what happens
    desk.page.locator('.jp-SideBar [data-id="nbmlops-sidebar"]').click()
    expect(desk.sidebar).to_be_hidden()
    desk.page.wait_for_load_state("networkidle")
    assert asked_in_minutes(desk, 10) == []


def test_a_kernel_that_rests_is_not_asked(open_desk: Callable[..., Desk], wine: Path) -> None:
    """The tracking switch asks the kernel after somebody's code, and not again because of its own question."""
    desk = open_desk()
    desk.open(f"{wine.name}/wine.ipynb")
    desk.section("Notebook")
    expect(desk.button("Track")).to_be_visible()
    desk.settle()
    desk.page.wait_for_timeout(2000)
    desk.page.evaluate(LISTEN)
    desk.page.wait_for_timeout(3000)
    assert desk.page.evaluate("window.sent") == []
    desk.execute("1 + 1")
    desk.page.wait_for_timeout(2000)
    asked = desk.page.evaluate("window.sent.length")
    assert asked >= 2  # the code, and what the switch asks after it
    desk.page.wait_for_timeout(3000)
    assert desk.page.evaluate("window.sent.length") == asked
