"""`%mlops VERB ...` and `%%mlops run NAME`: the same grammar as the command line. No decisions here."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class

from nbmlops.capture.place import notebook_path
from nbmlops.errors import NbmlopsError, UsageError

if TYPE_CHECKING:
    from nbmlops.doors.magics.extension import Loaded


LIVE_VERBS = frozenset({"deploy", "deployments"})
"""What they show is kept up to date."""


@magics_class
class MlopsMagics(Magics):  # type: ignore[misc]
    def __init__(self, shell: Any, loaded: Loaded) -> None:
        super().__init__(shell)
        self.loaded = loaded

    @line_cell_magic  # type: ignore[untyped-decorator]
    def mlops(self, line: str, cell: str | None = None) -> Any:
        """Everything nbmlops does, from a notebook: `%mlops` lists the verbs."""
        try:
            if cell is None:
                return self._line(line)
            return self._cell(line, cell)
        except NbmlopsError as error:
            from nbmlops.doors.failures import in_grammar

            error.hint = in_grammar(error.hint, magics=True)
            raise

    def _line(self, line: str) -> Any:
        from nbmlops.doors.arguments import parse
        from nbmlops.doors.magics.display import Shown, shown
        from nbmlops.doors.magics.progress import progress_display
        from nbmlops.doors.render.help import overview, verb_page
        from nbmlops.ops.call import Call
        from nbmlops.ops.verbs import find_verb

        tokens = _tokens(line)
        if not tokens or tokens[0] in ("--help", "-h", "help"):
            return Shown(None, overview(magics=True))
        if tokens[0] == "cell":
            return self._open_run(tokens[1:])
        verb = find_verb(tokens[0])
        if "--help" in tokens or "-h" in tokens:
            return Shown(None, verb_page(verb, magics=True))
        if verb.is_terminal:
            raise UsageError(
                f"{verb.name} works in a terminal only.",
                kind="verb-not-here",
                hint=f"Type it there: `nbmlops {verb.name}`.",
            )
        request = parse(verb, tokens[1:])
        if verb.needs_kernel and self.loaded.is_rehearsal:
            return None
        session = self.loaded.session or (self.loaded.start() if verb.needs_kernel else None)
        if session is not None:
            session.settle()  # verbs read what the cells before have left
        unwatched = session.recorder.files.paused() if session is not None else contextlib.nullcontext()
        with progress_display() as progress, unwatched:
            call = Call(
                self._folder(),
                session=session,
                makes_project=True,
                progress=progress,
                variables=self.shell.user_ns,
            )
            result = verb.operation(call, request)
        for path in call.inputs:
            with contextlib.suppress(OSError), path.open("rb"):
                pass  # watched again
        if (failure := getattr(result, "failure", None)) is not None:
            from IPython.display import display

            display(shown(result))
            raise failure
        if verb.name in LIVE_VERBS and not self.loaded.is_rehearsal and hasattr(self.shell, "kernel"):
            from nbmlops.doors.magics.live import Live

            return Live(result, Call(self._folder()))
        return shown(result)

    def _cell(self, line: str, cell: str) -> Any:
        """Only cells that go on with another cell magic come here with a good header; see header.py."""
        tokens = _tokens(line)
        if tokens and tokens[0] == "needs":
            return self._needs(tokens[1:], cell)
        if not tokens or tokens[0] != "run":
            raise UsageError(
                "A cell can only be a run, or a need.",
                kind="verb-not-here",
                hint="Write %%mlops run NAME, %%mlops needs NAME, or %mlops VERB ...",
            )
        self._open_run(tokens)
        header, _, body = cell.lstrip("\n").partition("\n")
        name, _, arguments = header.removeprefix("%%").partition(" ")
        return self.shell.run_cell_magic(name, arguments.strip(), body)

    def _needs(self, tokens: list[str], cell: str) -> Any:
        from nbmlops.doors.magics.display import Shown
        from nbmlops.ops.call import Call
        from nbmlops.ops.cell_needs import Request, write_needs

        if len(tokens) != 1:
            raise UsageError(
                "A need has one name, that of its function.", kind="arguments-malformed", hint="%%mlops needs NAME"
            )
        result = write_needs(Call(self._folder(), makes_project=True), Request(name=tokens[0]), cell)
        exec(
            compile(cell, result.file, "exec", dont_inherit=True), self.shell.user_ns
        )  # the function is at hand in the notebook, too
        return Shown(result)

    def _open_run(self, tokens: list[str]) -> None:
        from nbmlops.doors.arguments import parse
        from nbmlops.ops.cell_run import CELL_RUN, open_cell_run

        request = parse(CELL_RUN, tokens[1:])
        session = self.loaded.start()
        if session is not None:
            open_cell_run(session, request)

    def _folder(self) -> Path:
        """Where a person stands: beside their notebook. What runs by itself stands where its code does."""
        session = self.loaded.session
        if session is not None and session.info.door == "batch":
            return Path.cwd()
        notebook = notebook_path(self.shell.user_ns)
        return notebook.parent if notebook is not None and notebook.parent.is_dir() else Path.cwd()

    def complete(self, shell: Any, event: Any) -> list[str]:
        from nbmlops.doors.magics.completion import complete

        return complete(event.line, self._folder())


def _tokens(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%mlops {line}: {error}.", kind="arguments-malformed", hint="Close the quotes.") from None
