"""Files of commits, and commits made without a worktree: nothing is checked out, no filter runs, no index changes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from nbmlops.errors import ConflictError, NotFoundError, UsageError
from nbmlops.reconcile.git import Git
from nbmlops.reconcile.git_names import checked_file

TRAILER = "Nbmlops-Key"
_MOST_BYTES = 4 << 20
_FILES = ("100644", "100755")
_MOST_MATCHES = 200


class File(msgspec.Struct, frozen=True, kw_only=True):
    mode: str
    blob: str
    text: str


def short(commit: str) -> str:
    return commit[:10]


def is_name(commit: str) -> bool:
    """Whether it is a commit's full name: what a proposal says may come from elsewhere."""
    return re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit) is not None


def file_at(git: Git, commit: str, path: str) -> File:
    """Raises NotFoundError where there is no such file, and UsageError for what is no UTF-8 text of its own."""
    mode, kind, blob, size = _entry(git, commit, checked_file(path))
    if not kind:
        for end in (at for at, letter in enumerate(path) if letter == "/"):
            if _entry(git, commit, path[:end])[0] == "120000":
                raise _refused(path, f"{path[:end]} is a symbolic link", "Name the file that it leads to.")
        raise NotFoundError(
            f"There is no {path} in commit {short(commit)}.",
            kind="file-missing",
            hint="Give it from the repository's root; what is not committed and pushed is not there.",
        )
    if mode not in _FILES:
        what = {"120000": "a symbolic link", "160000": "a repository of its own"}.get(mode, "a folder")
        raise _refused(path, f"it is {what}", "Name the file that it leads to.")
    if int(size) > _MOST_BYTES:
        raise _refused(path, f"it is larger than {_MOST_BYTES >> 20} MiB", "Name a smaller file.")
    try:
        return File(mode=mode, blob=blob, text=git.output("cat-file", "blob", blob).decode())
    except UnicodeDecodeError as error:
        raise _refused(path, "it is not UTF-8", "Save it as UTF-8.") from error


def texts_at(git: Git, commits: Sequence[str], path: str) -> Iterator[str | None]:
    """The file in each of the commits; None where it is not there, or no text. One process, however many they are."""
    asked = "".join(f"{commit}:{path}\n" for commit in commits)
    output = git.output("cat-file", "--batch", data=asked.encode("utf-8", "surrogateescape"))
    at = 0
    for _ in commits:
        end = output.index(b"\n", at)
        head = output[at:end].split(b" ")
        at = end + 1
        if head[-1] == b"missing" or len(head) < 3:
            yield None
            continue
        size = int(head[-1])
        data, at = output[at : at + size], at + size + 1
        try:
            yield data.decode() if head[-2] == b"blob" and size <= _MOST_BYTES else None
        except UnicodeDecodeError:
            yield None


def edited(git: Git, parent: str, path: str, text: str, message: str) -> str:
    """A commit on top of another, in which one file is otherwise. Nothing leads to it yet."""
    blob = git.text("hash-object", "-w", "--stdin", "--no-filters", data=text.encode())
    trees, at = [], f"{parent}^{{tree}}"
    names = [part.encode() for part in path.split("/")]
    for name in names:
        entries = [entry for entry in git.output("ls-tree", "-z", "--full-tree", at).split(b"\0") if entry]
        place = next(number for number, entry in enumerate(entries) if entry.partition(b"\t")[2] == name)
        trees.append((entries, place))
        at = entries[place].partition(b"\t")[0].split(b" ")[2].decode()
    made = blob
    for (entries, place), name in zip(reversed(trees), reversed(names), strict=True):
        mode, kind, _ = entries[place].partition(b"\t")[0].split(b" ")
        entries[place] = b"%s %s %s\t%s" % (mode, kind, made.encode(), name)
        made = git.text("mktree", "-z", "--missing", data=b"".join(entry + b"\0" for entry in entries))
    return commit_of(git, made, [parent], message)


def commit_of(git: Git, tree: str, parents: Sequence[str], message: str) -> str:
    given = [part for parent in parents for part in ("-p", parent)]
    data = message.replace("\0", "").encode("utf-8", "replace")
    return git.text("commit-tree", *given, "-F", "-", tree, data=data)


def is_known(git: Git, commit: str) -> bool:
    return is_name(commit) and git.ended("cat-file", "-e", f"{commit}^{{commit}}", allowed=(0, 1, 128))[0] == 0


def is_ancestor(git: Git, commit: str, of: str) -> bool:
    return is_name(commit) and git.ended("merge-base", "--is-ancestor", commit, of, allowed=(0, 1, 128))[0] == 0


def merge_base(git: Git, one: str, other: str) -> str:
    """Empty where they have none, or one of them is not known here."""
    return git.text("merge-base", one, other, allowed=(0, 1, 128)) if is_name(one) and is_name(other) else ""


def at_time(git: Git, tip: str, time: datetime) -> str:
    """The commit that was at the head of a branch a second before; empty where there was none."""
    asked = ("rev-list", "--first-parent", "--max-count=1", f"--before={int(time.timestamp()) - 1}")
    return git.text(*asked, "--end-of-options", tip)


def key_of(git: Git, commit: str) -> str:
    """What the trailer of a commit says; empty: it is none of ours."""
    form = f"--format=%(trailers:key={TRAILER},valueonly,separator=%x0A)"
    return git.text("log", "-1", form, commit).strip().split("\n")[-1]


def with_key(git: Git, key: str, reach: str) -> str:
    """The newest commit of a range whose message has the key in a line of its own; empty where there is none.

    Of several commits that were squashed the messages are put together: the line need not be at the end.
    """
    line = f"{TRAILER}: {key}"
    options = ("--fixed-strings", f"--grep={line}", f"--max-count={_MOST_MATCHES}", "--format=%x00%H%n%B")
    for said in git.text("log", *options, "--end-of-options", reach, "--").split("\0")[1:]:
        commit, _, message = said.partition("\n")
        if line in (each.strip() for each in message.splitlines()):
            return commit
    return ""


def merged_tree(git: Git, base: str, ours: str, theirs: str) -> str:
    """The tree of a merge. Raises ConflictError with the files that both have changed in the same place."""
    with tempfile.TemporaryDirectory(prefix="nbmlops-merge-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.ended("read-tree", "-i", "-m", "--aggressive", base, ours, theirs, variables=index)
        _, output, _ = git.ended("ls-files", "--unmerged", "-z", variables=index)
        stages: dict[bytes, dict[str, tuple[str, str]]] = {}
        for entry in output.split(b"\0")[:-1]:
            head, _, path = entry.partition(b"\t")
            mode, blob, stage = head.decode().split(" ")
            stages.setdefault(path, {})[stage] = (mode, blob)
        merged = {path: _merged_file(git, Path(folder), found) for path, found in stages.items()}
        conflicts = [path.decode("utf-8", "replace") for path, found in merged.items() if found is None]
        if conflicts:
            raise ConflictError(
                f"{', '.join(conflicts[:5])} has been changed on both sides.", kind="merge-conflict", files=conflicts
            )
        lines = [b"%s %s 0\t%s\0" % (*found, path) for path, found in merged.items() if found is not None]
        if lines:
            git.ended("update-index", "-z", "--index-info", data=b"".join(lines), variables=index)
        return git.ended("write-tree", variables=index)[1].decode().strip()


def _merged_file(git: Git, folder: Path, stages: dict[str, tuple[str, str]]) -> tuple[bytes, bytes] | None:
    """Mode and blob; None: it cannot be merged."""
    if len({mode for mode, _ in stages.values()}) != 1 or set(stages) != {"1", "2", "3"}:
        return None
    mode = stages["1"][0]
    if mode not in _FILES:
        return None
    paths = [folder / stage for stage in "213"]
    for path in paths:
        path.write_bytes(git.output("cat-file", "blob", stages[path.name][1]))
    code, merged, _ = git.ended("merge-file", "-p", "-q", *map(str, paths), allowed=range(256))
    if code:
        return None
    return mode.encode(), git.text("hash-object", "-w", "--stdin", "--no-filters", data=merged).encode()


def _entry(git: Git, commit: str, path: str) -> tuple[str, str, str, str]:
    """Mode, kind, object and size; empty where there is none."""
    output = git.output("ls-tree", "-z", "-l", "--full-tree", commit, "--", path).split(b"\0")[0]
    if not output:
        return "", "", "", ""
    mode, kind, name, size = output.partition(b"\t")[0].decode().split()
    return mode, kind, name, size


def _refused(path: str, why: str, hint: str) -> UsageError:
    return UsageError(f"{path} cannot be edited: {why}.", kind="file-refused", hint=hint)
