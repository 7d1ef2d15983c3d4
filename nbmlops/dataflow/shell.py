"""What a shell command in a cell means: the variables it reads, what it installs, whether it does anything.

expansions("head -n {n} $path")     -> ("n", "path")
requirements("pip install -q a b")  -> ("a", "b")
is_harmless("ls -l | head")         -> True
"""

from __future__ import annotations

import re
import shlex

from nbmlops.lib.words import words

_HARMLESS = frozenset(
    words(
        """ls dir pwd head tail cat echo wc du df free nvidia-smi which whoami date uname tree file stat
    lscpu top ps env printenv hostname grep sort uniq less more nproc id type uptime lsblk diff cut
    nl printf true"""
    )
)
_HARMLESS_PAIRS = frozenset(
    ("pip", word) for word in ("list", "show", "freeze", "check", "--version", "-V", "config", "index")
) | {
    *(("git", word) for word in ("status", "log", "diff", "show", "branch", "rev-parse", "--version")),
    *(("conda", word) for word in ("list", "info", "--version")),
    *((python, flag) for python in ("python", "python3") for flag in ("--version", "-V")),
}
_VALUE_OPTIONS = frozenset(
    words(
        """-r --requirement -c --constraint -i --index-url --extra-index-url -f --find-links -t --target
    -n --channel --python --prefix --root --cache-dir --log --proxy --retries --timeout --trusted-
    host"""
    )
)
_NAME = re.compile(r"(?<!\$)\$([A-Za-z_]\w*)")
_BRACES = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")
_REDIRECT = re.compile(r"(?<![0-9&<])>>?\s*([^\s&|;<>]+)")


def expansions(command: str) -> tuple[str, ...]:
    """The Python expressions that IPython would put into the command."""
    return (*_NAME.findall(command), *(text.strip() for text in _BRACES.findall(command)))


def requirements(command: str) -> tuple[str, ...] | None:
    """What the command installs with pip; None where it is no install command."""
    parts = _words(command)
    for start in (["python", "-m"], ["python3", "-m"], ["{sys.executable}", "-m"], ["uv"], ["sudo"]):
        if parts[: len(start)] == start:
            parts = parts[len(start) :]
    if len(parts) < 2 or parts[0] not in ("pip", "pip3", "conda", "mamba") or parts[1] != "install":
        return None
    found: list[str] = []
    rest = iter(parts[2:])
    for word in rest:
        if word in _VALUE_OPTIONS:
            next(rest, None)
        elif not word.startswith("-"):
            found.append(word)
    return tuple(found)


def redirections(command: str) -> tuple[str, ...]:
    """Files that the command's output is sent to."""
    return tuple(path.strip("'\"") for path in _REDIRECT.findall(command) if path != "/dev/null")


def is_harmless(command: str) -> bool:
    """True for a command that only prints."""
    if redirections(command) or "`" in command or "$(" in command:
        return False
    parts = [part.strip() for part in re.split(r"\|\||&&|[|;\n]", command)]
    return all(_only_prints(part) for part in parts if part and not part.startswith("#"))


def _only_prints(command: str) -> bool:
    parts = _words(command)
    if not parts:
        return True
    if parts[0] == "find":
        return not {"-delete", "-exec", "-execdir", "-fprint"} & set(parts)
    return parts[0] in _HARMLESS or tuple(parts[:2]) in _HARMLESS_PAIRS


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
