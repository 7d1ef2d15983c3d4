"""Branches and other references of a remote, or of this repository where there is none: seen, brought, and set.

Nothing that is brought gets a reference here: the user's `refs/remotes` stay what they last looked at, and a
`push --force-with-lease` of theirs stays safe. Objects without a reference are what `git gc` clears away in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from nbmlops.errors import ConflictError, DeniedError, NotFoundError, StateError
from nbmlops.reconcile.git import Git, cleaned, shown
from nbmlops.reconcile.git_names import AUTO_UPDATE, checked_branch, checked_remote

HEADS = "refs/heads/"
_TRIES = 4


class MovedError(ConflictError):
    """A reference is no longer what it was when it was looked at: look again."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    new: str
    """Commit; empty: it is taken away."""
    old: str | None
    """What it has to be now; empty: it must not be there. None: only what it leads to may be added to it."""


class References:
    def __init__(self, git: Git, remote: str, branch: str) -> None:
        self._git = git
        self.remote = checked_remote(remote) or ("origin" if "origin" in git.text("remote").split("\n") else "")
        self._branch = checked_branch(branch) if branch else ""
        self.tips: Mapping[str, str] = {}
        """Reference -> commit, as they were when `look` was called."""
        self.target = ""
        """The branch that proposals are for, as a reference."""

    @property
    def shown(self) -> str:
        return shown(self.remote) if self.remote else "this repository"

    def look(self, branches: Iterable[str] = ()) -> None:
        """See what there is now, and bring the target, proposals, what we keep, and the named branches.

        Raises UnavailableError, DeniedError, and NotFoundError and StateError where there is no target.
        """
        for _ in range(_TRIES):
            head, tips = self._listed() if self.remote else self._own()
            self.target = self._target(head, tips)
            self.tips = tips
            named = {HEADS + checked_branch(branch) for branch in branches} | {self.target}
            wanted = {each: tips[each] for each in tips if each in named or each.startswith(_KEPT)}
            missing = self._missing(wanted)
            if not missing:
                return
            try:
                self._fetch(missing)
            except NotFoundError:
                continue
            # What was seen may have moved before it was brought.
            if not self._missing(wanted):
                return
        raise MovedError(
            f"{self.shown} changes faster than it can be fetched.", kind="remote-moving", hint="Try again later."
        )

    def change(self, changes: Sequence[Change]) -> None:
        """All of them, or an error. Raises MovedError when one is not what it had to be, DeniedError and others."""
        if self.remote:
            self._push(changes)
        else:
            self._set(changes)

    def _listed(self) -> tuple[str, dict[str, str]]:
        asked = ["ls-remote", "--symref", "--", self.remote, "HEAD", f"{HEADS}*", "refs/nbmlops/*"]
        _, output, _ = self._git.ended(*asked, remote=self.remote)
        head, tips = "", {}
        for line in output.decode("utf-8", "surrogateescape").split("\n"):
            first, _, name = line.partition("\t")
            if first.startswith("ref: ") and name == "HEAD":
                head = first.removeprefix("ref: ")
            elif name.startswith((HEADS, "refs/nbmlops/")):
                tips[name] = first
        return head, tips

    def _own(self) -> tuple[str, dict[str, str]]:
        lines = self._git.text("for-each-ref", "--format=%(objectname) %(refname)", HEADS, "refs/nbmlops/").split("\n")
        tips = {name: commit for commit, _, name in (line.partition(" ") for line in lines) if name}
        return self._git.text("symbolic-ref", "--quiet", "HEAD", allowed=(0, 1)), tips

    def _target(self, head: str, tips: Mapping[str, str]) -> str:
        heads = [each for each in tips if each.startswith(HEADS)]
        if self._branch:
            target = HEADS + self._branch
        elif head:
            target = head
        elif not self.remote:
            raise StateError(
                "No branch is checked out here, and so none is the one that proposals are for.",
                kind="branch-unknown",
                hint="Name one as branch, or check one out: git switch main",
            )
        else:
            target = heads[0] if len(heads) == 1 else ""
        if not heads:
            raise StateError(
                f"{self.shown[0].upper()}{self.shown[1:]} has no commit yet.",
                kind="repository-empty",
                hint="Make one: git add FILE; git commit" + ("; git push" if self.remote else ""),
            )
        if target not in tips:
            name = target.removeprefix(HEADS)
            why = f"has no branch {name}" if name else "does not say which branch is its own"
            raise NotFoundError(
                f"{self.shown} {why}.",
                kind="branch-missing",
                hint=f"Name one of {', '.join(each.removeprefix(HEADS)[:60] for each in sorted(heads)[:8])} as branch.",
            )
        return target

    def _missing(self, wanted: Mapping[str, str]) -> list[str]:
        if not wanted:
            return []
        asked = "".join(f"{commit}\n" for commit in wanted.values()).encode()
        told = self._git.text("cat-file", "--batch-check=%(objecttype)", data=asked).splitlines()
        return [name for name, kind in zip(wanted, told, strict=True) if kind.endswith(" missing")]

    def _fetch(self, names: Sequence[str]) -> None:
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", "--no-recurse-submodules")
        code, _, said = self._git.ended(
            "fetch", *options, "--", self.remote, *names, remote=self.remote, allowed=(0, 1, 128)
        )
        if code and "couldn't find remote ref" in said.lower():
            raise NotFoundError("It has just been taken away.", kind="branch-missing")
        if code:
            raise self._git.refusal("fetch", said, self.remote)

    def _push(self, changes: Sequence[Change]) -> None:
        leases = [f"--force-with-lease={each.reference}:{each.old}" for each in changes if each.old is not None]
        places = [f"{each.new}:{each.reference}" for each in changes]
        code, output, said = self._git.ended(
            "push",
            "--porcelain",
            "--no-verify",
            *leases,
            "--",
            self.remote,
            *places,
            remote=self.remote,
            allowed=(0, 1, 128),
        )
        if not code:
            return
        refusals = [line for line in output.decode("utf-8", "replace").splitlines() if line.startswith("!")]
        if not refusals and "remote ref does not exist" not in said.lower():
            raise self._git.refusal("push", said, self.remote)
        why = cleaned(" ".join(line.split("\t")[-1] for line in refusals) or said)
        lower = why.lower()
        if "checked out" in lower or "currently checked out" in said.lower():
            raise StateError(
                f"{self.shown} has that branch checked out, and does not let it be pushed to.",
                kind="branch-checked-out",
                hint="Push to a bare repository, or merge it there: git merge BRANCH",
            )
        if any(word in lower for word in _MOVED) or "remote ref does not exist" in said.lower():
            raise MovedError(f"{self.shown} has changed meanwhile: {why}.", kind="remote-moved", hint="Try again.")
        raise DeniedError(
            f"{self.shown} does not take what is pushed: {why}.",
            kind="remote-denied",
            hint=f"It says: {cleaned(said)[:200]}",
        )

    def _set(self, changes: Sequence[Change]) -> None:
        out = self.checked_out()
        for each in changes:
            if each.reference in out and each.new != each.old:
                name = each.reference.removeprefix(HEADS)
                raise StateError(
                    f"{name} is checked out in {out[each.reference]}, and its files would no longer be what it says.",
                    kind="branch-checked-out",
                    hint="Check out another branch: git switch -",
                )
        lines = [
            f"update {each.reference}\0{each.new}\0{_zeros(each.new) if each.old == '' else self._before(each)}\0"
            if each.new
            else f"delete {each.reference}\0{self._before(each)}\0"
            for each in changes
        ]
        code, _, said = self._git.ended(
            "update-ref", "--stdin", "-z", data="".join(lines).encode("utf-8", "surrogateescape"), allowed=(0, 128)
        )
        if code:
            raise MovedError(
                f"A branch has changed meanwhile: {cleaned(said)}.", kind="remote-moved", hint="Try again."
            )

    def _before(self, change: Change) -> str:
        return change.old or self.tips.get(change.reference, "")

    def checked_out(self) -> dict[str, str]:
        """Reference -> folder, of this repository and the worktrees beside it. Nothing where there is a remote."""
        if self.remote:
            return {}
        found, folder = {}, ""
        for line in self._git.text("worktree", "list", "--porcelain").splitlines():
            if line.startswith("worktree "):
                folder = line.removeprefix("worktree ")
            elif line.startswith("branch "):
                found[line.removeprefix("branch ")] = folder
        return found


_KEPT = (f"{HEADS}{AUTO_UPDATE}", "refs/nbmlops/")
_MOVED = ("stale info", "fetch first", "non-fast-forward", "needs force", "failed to update ref", "cannot lock ref",
          "incorrect old value", "reference already exists", "failed to lock")  # fmt: skip


def _zeros(commit: str) -> str:
    return "0" * len(commit)
