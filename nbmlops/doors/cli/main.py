"""`nbmlops VERB ...`: tokens to a Request, one operation, the Result shown. No decisions here."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

import nbmlops
from nbmlops.doors.arguments import parse
from nbmlops.doors.failures import as_facts, exit_code
from nbmlops.doors.render import pages
from nbmlops.doors.render.blocks import Page
from nbmlops.errors import InternalError, InterruptedRunError, NbmlopsError, UsageError
from nbmlops.lib.lean_imports import GRAMMAR, lean_imports
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.verbs import find_verb

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 200
_GARBAGE_AFTER = 100_000
"""New objects between two looks for cycles: a tree of many files makes many objects and no cycles."""


def main(arguments: Sequence[str] | None = None) -> None:
    gc.set_threshold(_GARBAGE_AFTER)
    with lean_imports(GRAMMAR):
        sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Do what the command line says and return the exit code."""
    is_json = _take_flag(arguments, "--json")
    try:
        folder = _take_folder(arguments)
        if not arguments or arguments[0] in ("--help", "-h", "help"):
            from nbmlops.doors.render.help import overview

            _show(overview(magics=False))
            return 0
        if arguments[0] in ("--version", "-V"):
            print(f"nbmlops {nbmlops.__version__}")
            return 0
        verb = find_verb(arguments[0])
        if "--help" in arguments or "-h" in arguments:
            from nbmlops.doors.render.help import verb_page

            _show(verb_page(verb, magics=False))
            return 0
        request = parse(verb, arguments[1:])
        _stop_on_termination()
        with _progress(is_json) as progress:
            result = verb.operation(Call(folder, progress=progress), request)
        if is_json:
            sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")
        else:
            _show(pages.page(result))
        return pages.exit_code(result)
    except NbmlopsError as error:
        return _fail(error, is_json)
    except KeyboardInterrupt:
        return _fail(InterruptedRunError("Stopped.", kind="interrupted"), is_json)
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing is left to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug of ours, shown as such
        traceback.print_exc()
        bug = InternalError(
            f"{type(error).__name__}: {error}.", kind="bug", hint="Please report it with the lines above."
        )
        return _fail(bug, is_json)


def _progress(is_json: bool) -> AbstractContextManager[Callable[[Progress], None]]:
    """What follows the operation. With --json nothing is drawn, and what draws is not loaded."""
    if is_json:
        return nullcontext(lambda event: None)
    from nbmlops.doors.cli.progress import TerminalProgress

    return TerminalProgress(_error_console())


def _show(page: Page) -> None:
    """With colours for a terminal; else as plain lines without trailing blanks."""
    from nbmlops.doors.render import terminal

    out = _console(sys.stdout)
    if out.is_terminal:
        out.print(terminal.renderable(page))
    else:
        print(terminal.plain_text(page, PIPE_WIDTH), file=out.file)


def _console(stream: IO[str]) -> Console:
    """In a pipe or a file there is no edge to wrap at."""
    from rich.console import Console

    return Console(file=stream, highlight=False, width=None if stream.isatty() else PIPE_WIDTH)


def _error_console() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def _fail(error: NbmlopsError, is_json: bool) -> int:
    if is_json:
        import json

        sys.stdout.write(json.dumps(as_facts(error), indent=2, default=str) + "\n")
    else:
        line = f"[bold red]nbmlops:[/] {_escaped(error.message)} {_escaped(error.hint)}".rstrip()
        _error_console().print(line, soft_wrap=True)
    return exit_code(error)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def _take_flag(arguments: list[str], flag: str) -> bool:
    is_there = flag in arguments
    if is_there:
        arguments.remove(flag)
    return is_there


def _take_folder(arguments: list[str]) -> Path:
    """`-C FOLDER`, as git has it: act as if started there."""
    if arguments[:1] != ["-C"]:
        return Path.cwd()
    if len(arguments) < 2 or not Path(arguments[1]).is_dir():
        given = arguments[1] if len(arguments) > 1 else ""
        raise UsageError(f"-C needs a folder, not {given!r}.", kind="arguments-malformed")
    folder = Path(arguments[1]).absolute()
    del arguments[:2]
    return folder


def _stop_on_termination() -> None:
    """SIGTERM ends a run as Ctrl-C does: kernels stopped, runs marked, partial output kept."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
