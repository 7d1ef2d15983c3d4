"""A service and a timer of systemd's user manager: they need no rights, and go to `~/.config/systemd/user`.

Source: systemd.service(5), systemd.timer(5), systemd.exec(5), systemd.syntax(7).
"""

from __future__ import annotations

from nbmlops.errors import UsageError
from nbmlops.hosts.hosted import ACTED, Hosted, check, tick
from nbmlops.hosts.times import calendar, parse_cron

_LATE_SHARE = 0.1
"""Of the interval, by which ticks of many projects are moved apart."""
_HEAD = "# Written by nbmlops schedule.\n"
_HARDENED = (
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
)
"""All of them forbid setuid programs, which podman needs where a deployment runs in containers."""


def files(hosted: Hosted) -> dict[str, str]:
    """Raises UsageError where the program or the folder is not named by its whole path."""
    check(hosted, "folder", "reconcilers")
    for field, path in (("command", hosted.command[0] if hosted.command else ""), ("folder", hosted.folder)):
        if not path.startswith("/"):
            raise UsageError(
                f"systemd needs the whole path of {path!r}.", kind="host-unfit", hint="Begin with /", field=field
            )
    name = hosted.object_name
    return {f"{name}.service": _service(hosted), f"{name}.timer": _timer(hosted)}


def _service(hosted: Hosted) -> str:
    lines = [
        "[Unit]",
        f"Description={_plain(f'Reconcilers of {hosted.name}: ' + ', '.join(hosted.reconcilers))}",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={_plain(hosted.folder)}",
        # The colon: a dollar sign in a name is no variable.
        f"ExecStart=:{' '.join(_quoted(word) for word in tick(hosted))}",
        f"SuccessExitStatus={ACTED}",
        *(f"Environment={_quoted(f'{name}={value}')}" for name, value in hosted.variables.items()),
        f"TimeoutStartSec={round(hosted.timeout)}",
        "TimeoutStopSec=60",
        "Nice=10",
    ]
    if hosted.deployers:
        # What is deployed outlives the tick that has started it.
        lines.append("KillMode=process")
    else:
        lines += _HARDENED
    return _HEAD + "\n".join([*lines, ""])


def _timer(hosted: Hosted) -> str:
    if hosted.schedule:
        when = [f"OnCalendar={line}" for line in calendar(parse_cron(hosted.schedule))]
        # A tick that was missed while the machine was off is made up for.
        when.append("Persistent=true")
    else:
        seconds = max(1, round(hosted.interval))
        when = ["OnStartupSec=60", f"OnUnitInactiveSec={seconds}", f"RandomizedDelaySec={int(seconds * _LATE_SHARE)}"]
    lines = [
        "[Unit]",
        f"Description={_plain(f'When the reconcilers of {hosted.name} look')}",
        "",
        "[Timer]",
        *when,
        "AccuracySec=1",
        "",
        "[Install]",
        "WantedBy=timers.target",
        "",
    ]
    return _HEAD + "\n".join(lines)


def _plain(text: str) -> str:
    """The rest of a line: a per cent sign begins a specifier, and a backslash at the end goes on in the next line."""
    if text.endswith("\\") or text != text.strip():
        raise UsageError(
            f"{text!r} cannot stand in a unit of systemd.",
            kind="host-unfit",
            hint="Take the backslash or the blank at its end away.",
        )
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
