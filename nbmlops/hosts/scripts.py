"""The few lines of shell that hosts share. They are POSIX, and read what differs from variables and arguments: no name
of a user's stands in them, so that none has to be quoted.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from nbmlops.hosts.hosted import ACTED, STALLED

WORKSPACE = "/workspace"
PROJECT = f"{WORKSPACE}/project"
USERNAME, PASSWORD = "GIT_USERNAME", "GIT_PASSWORD"

# A checkout that was interrupted is never taken for a whole one; what git ignores (.nbmlops) stays from tick to tick.
# There is no dollar sign before a bracket here: Tekton and Kubernetes would take it for a variable of theirs.
CHECKOUT = """\
set -eu
if [ ! -d "$PROJECT/.git" ]; then
  rm -rf "$PROJECT.new"
  git clone --branch "$BRANCH" -- "$REPOSITORY" "$PROJECT.new"
  mv "$PROJECT.new" "$PROJECT"
fi
cd "$PROJECT"
git remote set-url origin "$REPOSITORY"
git fetch --prune origin "+refs/heads/*:refs/remotes/origin/*"
git checkout --quiet --force --detach "origin/$BRANCH" --
git branch --force "$BRANCH" "origin/$BRANCH"
git checkout --quiet "$BRANCH" --
git config user.name "$GIT_AUTHOR_NAME"
git config user.email "$GIT_AUTHOR_EMAIL"
"""

TICK = f"""\
code=0
"$@" || code=$?
case "$code" in
  0) echo "nbmlops: in sync" ;;
  {ACTED}) echo "nbmlops: something was done"; code=0 ;;
  {STALLED}) echo "nbmlops: a reconciler is stalled; the reason is above" >&2 ;;
  *) echo "nbmlops: the tick failed with exit code $code" >&2 ;;
esac
exit "$code"
"""
"""Runs its arguments, and comes to a good end also where something was done."""


TICK_IN_PROJECT = f"""\
cd "$PROJECT" || exit 1
{TICK}"""


def credentials(username: str, password: str) -> str:
    """A helper that tells git what the host keeps in variables of these names, without writing it anywhere."""
    return (
        f'!f() {{ test "$1" = get && test -n "${password}" && '
        f'printf "username=%s\\npassword=%s\\n" "${{{username}:-oauth2}}" "${password}"; }}; f'
    )


def shell_line(command: Sequence[str]) -> str:
    return " ".join(shlex.quote(word) for word in command)


def tick_here(command: Sequence[str]) -> str:
    """The same with the command in it, for a workflow that a person reads."""
    return TICK.replace('"$@"', shell_line(command))
