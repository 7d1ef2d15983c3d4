"""What a person does in JupyterLab, in their words: the page object of all browser tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Locator, Page, Request, expect

from tests.browser.lab import Lab

PATIENCE = 60_000
"""Milliseconds: a busy machine takes its time."""
BEGIN = """() => {
    const { commands } = window.jupyterapp;
    // A notebook that was saved with results would look executed before its first cell is.
    void commands.execute('notebook:clear-all-cell-outputs').then(() => commands.execute('notebook:run-all-cells'));
}"""
HAS_KERNEL = """() => {
    const context = window.jupyterapp.shell.currentWidget.sessionContext;
    return context?.isReady && context.session?.kernel?.status === 'idle';
}"""
ENDED = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const cells = panel.content.widgets.map(cell => cell.model);
    const code = cells.filter(model => model.type === 'code' && model.sharedModel.getSource().trim());
    const broken = code.flatMap(model => model.toJSON().outputs).find(output => output.output_type === 'error');
    if (broken) {
        return [broken.ename, broken.evalue, ...broken.traceback].join('\\n');
    }
    const isIdle = panel.sessionContext.session?.kernel?.status === 'idle';
    return isIdle && code.every(model => model.executionCount !== null) ? 'fine' : null;
}"""
LAYOUT_HAS = """async words => {
    const { workspaces } = window.jupyterapp.serviceManager;
    const name = decodeURIComponent(location.pathname).match(/\\/workspaces\\/([^/]+)/)[1];
    const { data } = await workspaces.fetch(name).catch(() => ({ data: {} }));
    // Pages are noted first, and only a while later where they stand.
    const layout = data['layout-restorer:data'] ?? {};
    const [all, places] = [JSON.stringify(data), JSON.stringify([layout.main, layout.left?.current])];
    return words.every(word => (word.startsWith('nbmlops-') ? places : all).includes(word));
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
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
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
        self.asked: list[Request] = []
        """Of our own API."""
        self.page.on("pageerror", self._note_error)
        self.page.on("request", self._note)

    def close(self) -> None:
        self.page.context.close()

    def _note_error(self, error: Error) -> None:
        # Notebook 7 throws one of its own when settings change before its shortcuts are read, also without us.
        if self.lab.app == "lab" or "extensions/nbmlops/" in (error.stack or ""):
            self.errors.append(error.stack or str(error))

    def _note(self, request: Request) -> None:
        if not request.url.startswith(
            (f"http://127.0.0.1:{self.lab.port}/", "data:", "blob:", f"ws://127.0.0.1:{self.lab.port}/")
        ):
            self.elsewhere.append(request.url)
        elif request.url.startswith(f"{self.lab.address}nbmlops/api"):
            self.asked.append(request)

    # The page

    def open(self, path: str, *, workspace: str = "") -> None:
        self.page.goto(self.lab.page_of(path, workspace))
        self.page.locator(".jp-Notebook").first.wait_for()

    def reload(self, *kept: str) -> None:
        """Once the server has these words in what it keeps of the layout."""
        # To wait_for_function the promise of an answer would do, whatever the answer is.
        for _ in range(240):
            if self.page.evaluate(LAYOUT_HAS, list(kept)):
                break
            self.page.wait_for_timeout(250)
        self.page.reload()
        # A notebook behind another tab is only made when somebody looks at it.
        self.page.locator('.jp-SideBar [data-id="nbmlops-sidebar"]').wait_for()

    @property
    def sidebar(self) -> Locator:
        return self.page.locator("#nbmlops-sidebar")

    def show_sidebar(self) -> None:
        self.show_note()
        self.sidebar.get_by_role("tablist").wait_for()

    def show_note(self) -> None:
        """The sidebar, whatever stands in it."""
        if not self.sidebar.is_visible():
            self.page.locator('.jp-SideBar [data-id="nbmlops-sidebar"]').click()
        self.sidebar.wait_for()

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

    @property
    def runs(self) -> Locator:
        """Rows of the list of runs, as far as they are in view."""
        return self.sidebar.locator(".nbmlops-Runs-row")

    def run_named(self, name: str) -> Locator:
        named = self.page.locator(".nbmlops-Runs-name > span", has_text=re.compile(rf"^{re.escape(name)}$"))
        return self.runs.filter(has=named)

    @property
    def main(self) -> Locator:
        """Our page of the main area that is in front."""
        return self.page.locator(".nbmlops-Main:not(.lm-mod-hidden)")

    @property
    def dialog(self) -> Locator:
        return self.page.locator(".jp-Dialog")

    def menu_item(self, name: str) -> Locator:
        """Of a menu that is open."""
        label = self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(rf"^{re.escape(name)}$"))
        return self.page.locator(".lm-Menu .lm-Menu-item", has=label)

    def picture(self, name: str) -> Path:
        """What is seen now, kept for people to look at."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        path = self._pictures / f"{name}.png"
        self.page.screenshot(path=path, animations="disabled")
        return path

    def theme(self, name: str) -> None:
        """`JupyterLab Light`, `JupyterLab Dark`, ...`High Contrast`."""
        self.command("apputils:change-theme", {"theme": name})
        kind = "false" if "Dark" in name else "true"
        self.page.locator(f'body[data-jp-theme-name="{name}"][data-jp-theme-light="{kind}"]').wait_for(state="attached")

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> Any:
        """As the palette would do it. In JupyterLab only."""
        return self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments or {}]
        )

    # The notebook

    def settle(self) -> None:
        """Until the notebook has its kernel: before that, it takes the focus from whatever has it."""
        self.page.wait_for_function(HAS_KERNEL)

    def start_all(self) -> None:
        """Has every cell executed, once there is a kernel that can; does not wait for them."""
        self.settle()
        self.page.evaluate(BEGIN)

    def run_all(self, *, seconds: float = 120.0) -> None:
        """Executes every cell and waits for the last. Fails with the traceback of the first cell that does."""
        self.start_all()
        self.wait_for_cells(seconds=seconds)

    def wait_for_cells(self, *, seconds: float = 120.0) -> None:
        end = self.page.wait_for_function(ENDED, timeout=1000 * seconds).json_value()
        assert end == "fine", COLOURS.sub("", end)

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
