"""The process of a job: an order on standard input, lines of JSON on standard output.

    python -P -m nbmlops.doors.server.child  <  {"verb": ..., "arguments": {...}}

It stands in the folder where the verb acts, ends a run as Ctrl-C does when it is interrupted or terminated, and ends
when the server is gone.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.doors.arguments import to_request
from nbmlops.doors.failures import as_facts
from nbmlops.doors.render.pages import exit_code, page
from nbmlops.doors.server.documents import PageBlock
from nbmlops.doors.server.page_blocks import page_blocks
from nbmlops.errors import InternalError, InterruptedRunError, NbmlopsError
from nbmlops.lib.child import claim_output, end_with_parent
from nbmlops.lib.lean_imports import GRAMMAR, lean_imports
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.verbs import find_verb


class Order(msgspec.Struct, frozen=True, kw_only=True):
    verb: str
    arguments: dict[str, Any]


class Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="says", tag="progress"):
    task: str
    done: int
    total: int | None
    note: str
    state: str


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag_field="says", tag="result"):
    result: msgspec.Raw
    page: tuple[PageBlock, ...] = ()
    code: int = 0


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="says", tag="error"):
    error: dict[str, Any]
    """As `as_facts` gives it."""


Line = Told | Finished | Refused


def main() -> None:
    report = claim_output()
    end_with_parent()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    line: Line
    try:
        result = _done(order, report)
        _stop_listening()
        line = Finished(result=msgspec.Raw(msgspec.json.encode(result)), page=_drawn(result), code=exit_code(result))
    except NbmlopsError as error:
        line = _refused(error)
    except KeyboardInterrupt:
        line = _refused(InterruptedRunError("Stopped.", kind="interrupted"))
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug of ours, shown as such
        traceback.print_exc()
        text = " ".join(str(error).split())
        line = _refused(InternalError(f"{type(error).__name__}: {text}.", kind="bug", hint="See the job's output."))
    _stop_listening()
    with contextlib.suppress(BrokenPipeError):  # the server is gone: nobody is left to be told
        report(line)


def _done(order: Order, report: Any) -> msgspec.Struct:
    verb = find_verb(order.verb)

    def progress(event: Progress) -> None:
        with contextlib.suppress(BrokenPipeError):
            report(Told(**msgspec.structs.asdict(event)))

    return verb.operation(Call(Path.cwd(), progress=progress), to_request(verb, order.arguments))


def _stop_listening() -> None:
    """What the work came to is said, whoever wants to stop it now."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _drawn(result: msgspec.Struct) -> tuple[PageBlock, ...]:
    """Work that is done is not lost over how it would look."""
    try:
        return page_blocks(page(result))
    except Exception:  # noqa: BLE001 - told on standard error
        traceback.print_exc()
        return ()


def _refused(error: NbmlopsError) -> Refused:
    return Refused(error=msgspec.to_builtins(as_facts(error), enc_hook=str))


if __name__ == "__main__":
    with lean_imports(GRAMMAR):
        main()
