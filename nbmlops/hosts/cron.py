"""One line for a crontab.

Source: crontab(5): a per cent sign ends the command unless a backslash stands before it; what is printed is mailed.
"""

from __future__ import annotations

import shlex

from nbmlops.errors import UsageError
from nbmlops.hosts.hosted import ACTED, Hosted, check, tick
from nbmlops.hosts.scripts import shell_line
from nbmlops.hosts.times import cron_every, parse_cron

_MEMORY = ".nbmlops/reconcile"
_TOLD_LINES = 20
_LONGEST = 990
"""Letters that cron takes as a command."""


def files(hosted: Hosted) -> dict[str, str]:
    return {
        "crontab": f"# Written by nbmlops schedule. Add it: crontab -l | cat - crontab | crontab -\n{line(hosted)}\n"
    }


def line(hosted: Hosted) -> str:
    """Two never run at once; nothing is printed, and so mailed, unless a tick fails or a reconciler is stalled.

    Raises UsageError for what no crontab can carry.
    """
    check(hosted, "folder", "reconcilers")
    schedule = hosted.schedule or cron_every(hosted.interval, hosted.name)
    parse_cron(schedule)
    log = f"{_MEMORY}/cron.log"
    # What cron sets as PATH is short: the program is named with its whole path, or found as at a shell of the user's.
    variables = [f"{name}={value}" for name, value in hosted.variables.items()]
    command = shell_line(["env", *variables, *tick(hosted)] if variables else tick(hosted))
    inner = (
        f"{command} >{log} 2>&1 || {{ code=$?; "
        f'[ "$code" -eq {ACTED} ] || {{ tail -n {_TOLD_LINES} {log}; exit "$code"; }}; }}'
    )
    # -o: what is deployed outlives the tick, and must not keep the lock.
    whole = (
        f"cd {shlex.quote(hosted.folder)} && mkdir -p {_MEMORY} && "
        f"flock -n -o -E 0 {_MEMORY}/cron.lock sh -c {shlex.quote(inner)}"
    )
    if "\\%" in whole or len(whole) > _LONGEST:
        raise UsageError(
            "No crontab can carry this command: it is too long, or has a backslash before a per cent sign.",
            kind="host-unfit",
            hint="Put it into a script, or use systemd: nbmlops schedule --as systemd",
        )
    return f"{schedule} {whole.replace('%', chr(92) + '%')}"
