"""`nbmlops VERB ...`: tokens to a Request, one operation, the Result shown. No decisions here."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec
from rich.console import Console

import nbmlops
from nbmlops.doors.arguments import parse
from nbmlops.doors.cli.progress import TerminalProgress
from nbmlops.doors.failures import as_facts, exit_code
from nbmlops.doors.render import pages, terminal
from nbmlops.doors.render.blocks import Page
from nbmlops.doors.render.help import overview, verb_page
from nbmlops.errors import InternalError, InterruptedRunError, NbmlopsError, UsageError
from nbmlops.ops.call import Call
from nbmlops.ops.verbs import find_verb

PIPE_WIDTH = 200


def main(arguments: Sequence[str] | None = None) -> None:
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Do what the command line says and return the exit code."""
    out, err = _console(sys.stdout), Console(stderr=True, highlight=False)
    is_json = _take_flag(arguments, "--json")
    try:
        folder = _take_folder(arguments)
        if not arguments or arguments[0] in ("--help", "-h", "help"):
            _show(overview(magics=False), out)
            return 0
        if arguments[0] in ("--version", "-V"):
            out.print(f"nbmlops {nbmlops.__version__}")
            return 0
        verb = find_verb(arguments[0])
        if "--help" in arguments or "-h" in arguments:
            _show(verb_page(verb, magics=False), out)
            return 0
        request = parse(verb, arguments[1:])
        _stop_on_termination()
        with TerminalProgress(err, is_quiet=is_json) as progress:
            result = verb.operation(Call(folder, progress=progress), request)
        if is_json:
            sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")
        else:
            _show(pages.page(result), out)
        return pages.exit_code(result)
    except NbmlopsError as error:
        return _fail(error, is_json, err)
    except KeyboardInterrupt:
        return _fail(InterruptedRunError("Stopped.", kind="interrupted"), is_json, err)
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing is left to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug of ours, shown as such
        traceback.print_exc()
        bug = InternalError(
            f"{type(error).__name__}: {error}.", kind="bug", hint="Please report it with the lines above."
        )
        return _fail(bug, is_json, err)


def _show(page: Page, out: Console) -> None:
    """With colours for a terminal; else as plain lines without trailing blanks."""
    if out.is_terminal:
        out.print(terminal.renderable(page))
    else:
        print(terminal.plain_text(page, PIPE_WIDTH), file=out.file)


def _console(stream: IO[str]) -> Console:
    """In a pipe or a file there is no edge to wrap at."""
    return Console(file=stream, highlight=False, width=None if stream.isatty() else PIPE_WIDTH)


def _fail(error: NbmlopsError, is_json: bool, err: Console) -> int:
    if is_json:
        sys.stdout.write(json.dumps(as_facts(error), indent=2, default=str) + "\n")
    else:
        err.print(f"[bold red]nbmlops:[/] {_escaped(error.message)} {_escaped(error.hint)}".rstrip(), soft_wrap=True)
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
