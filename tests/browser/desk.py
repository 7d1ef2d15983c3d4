"""What a person does in JupyterLab, in their words: the page object of all browser tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.lab import Lab

PATIENCE = 60_000
"""Milliseconds: a busy machine takes its time."""
ALL_EXECUTED = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const cells = panel.content.widgets.map(cell => cell.model);
    const code = cells.filter(model => model.type === 'code' && model.sharedModel.getSource().trim());
    const isIdle = panel.sessionContext.session?.kernel?.status === 'idle';
    return isIdle && code.every(model => model.executionCount !== null);
}"""
SELECT = """number => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = number;
    return notebook.scrollToItem(number);
}"""
EXECUTE = """async code => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    let printed = '';
    const future = kernel.requestExecute({ code, store_history: false });
    future.onIOPub = message => { printed += message.content.text ?? message.content.data?.['text/plain'] ?? ''; };
    await future.done;
    return printed;
}"""
expect.set_options(timeout=30_000)


class Desk:
    def __init__(self, browser: Browser, lab: Lab, pictures: Path, *, width: int = 1400, height: int = 900) -> None:
        self.lab = lab
        self._pictures = pictures
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(PATIENCE)
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        """What our code has thrown or complained about."""
        self.elsewhere: list[str] = []
        """Addresses that are not the server's."""
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._note)

    def close(self) -> None:
        self.page.context.close()

    def _note(self, request: Any) -> None:
        if not request.url.startswith(
            (f"http://127.0.0.1:{self.lab.port}/", "data:", "blob:", f"ws://127.0.0.1:{self.lab.port}/")
        ):
            self.elsewhere.append(request.url)

    # The page

    def open(self, path: str, *, workspace: str = "") -> None:
        self.page.goto(self.lab.page_of(path, workspace))
        if path:
            self.page.locator(".jp-Notebook").first.wait_for()

    def reload(self) -> None:
        self.page.reload()
        self.page.locator(".jp-Notebook").first.wait_for()

    @property
    def sidebar(self) -> Locator:
        return self.page.locator("#nbmlops-sidebar")

    def show_sidebar(self) -> None:
        if not self.sidebar.is_visible():
            self.page.locator('.jp-SideBar [data-id="nbmlops-sidebar"]').click()
        self.sidebar.get_by_role("tablist").wait_for()

    def section(self, name: str) -> Locator:
        """Goes to a tab of the sidebar; its panel."""
        self.show_sidebar()
        self.sidebar.get_by_role("tab", name=name, exact=True).click()
        panel = self.sidebar.get_by_role("tabpanel")
        panel.wait_for()
        return panel

    def button(self, name: str, *, within: Locator | None = None) -> Locator:
        return (within or self.sidebar).get_by_role("button", name=name, exact=True)

    def wait_for_job(self, verb: str, state: str = "done", *, seconds: float = 180.0) -> Locator:
        """The line of the newest job of that verb, once it has come to this."""
        line = self.sidebar.locator(".nbmlops-Job", has_text=re.compile(rf"^{verb}\b")).first
        expect(line.locator(".nbmlops-Job-state")).to_have_text(state, timeout=1000 * seconds)
        return line

    def picture(self, name: str) -> Path:
        self._pictures.mkdir(parents=True, exist_ok=True)
        path = self._pictures / f"{name}.png"
        self.page.screenshot(path=path, animations="disabled")
        return path

    def theme(self, name: str) -> None:
        """`JupyterLab Light`, `JupyterLab Dark`, ...`High Contrast`."""
        self.command("apputils:change-theme", {"theme": name})
        kind = "false" if "Dark" in name else "true"
        self.page.locator(f'body[data-jp-theme-name="{name}"][data-jp-theme-light="{kind}"]').wait_for()

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> Any:
        """As the palette would do it. In JupyterLab only."""
        return self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments or {}]
        )

    # The notebook

    def run_all(self, *, seconds: float = 120.0) -> None:
        """Executes every cell, and waits for the last."""
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(ALL_EXECUTED, timeout=1000 * seconds)

    def cell(self, number: int) -> Locator:
        """Of the notebook in front, counted from 0 among all its cells."""
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{number}"]')

    def select_cell(self, number: int) -> None:
        self.page.evaluate(SELECT, number)
        self.cell(number).wait_for()

    def execute(self, code: str) -> str:
        """A line in the kernel of the notebook in front, without a cell; what it prints."""
        printed: str = self.page.evaluate(EXECUTE, code)
        return printed

    def save(self) -> None:
        self.command("docmanager:save")

    # Accessibility

    def violations(self, axe: Path, selector: str) -> list[str]:
        """What axe-core finds wrong within the selector: rule, and the first place."""
        self.page.add_script_tag(path=axe)
        found = self.page.evaluate("selector => axe.run(selector, { resultTypes: ['violations'] })", selector)
        return [
            f"{each['id']}: {each['help']} ({each['nodes'][0]['target']}: {each['nodes'][0]['html'][:200]})"
            for each in found["violations"]
        ]
