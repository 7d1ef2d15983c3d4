"""What git says: one value in a file at the head of a branch, and what it was before.

    repository = Repository(folder)                     # of `origin` where there is one, else of this repository
    repository.fetch()
    repository.value(place)                             # "12"

The user's worktree, index, HEAD and remote-tracking branches stay as they are: all is done with git's objects.
"""

from __future__ import annotations

from pathlib import Path

from nbmlops.errors import ConflictError, NotFoundError, UsageError
from nbmlops.model.reconciler import Place
from nbmlops.reconcile.commits import commit_of, file_at, texts_at
from nbmlops.reconcile.git import Git
from nbmlops.reconcile.git_names import checked_file, memory_reference
from nbmlops.reconcile.pointer import read
from nbmlops.reconcile.references import HEADS, Change, MovedError, References

_MOST_COMMITS = 1000
_MEMORY_FILE = b"memory.json"


class Repository:
    """One branch of one remote, seen from the repository around a folder.

    `remote` is a name or an address; empty: `origin`, else this repository itself. `branch` empty: the remote's own, or
    the one that is checked out here. Raises NotFoundError where the folder is in no repository, UsageError for names
    that are none, and MissingDependencyError without git.
    """

    def __init__(self, folder: Path, remote: str = "", branch: str = "") -> None:
        self.git = Git(folder)
        self.references = References(self.git, remote, branch)
        self._has_looked = False

    @property
    def target(self) -> str:
        """Name of the branch; it is fetched when it was not yet."""
        self.tip()
        return self.references.target.removeprefix(HEADS)

    def fetch(self, *branches: str) -> None:
        """See how things stand now; with the named branches beside those of proposals.

        Raises UnavailableError when the remote does not answer, DeniedError when it does not know us, StateError when
        there is no commit or no branch, and NotFoundError when there is no such branch.
        """
        self.references.look(branches)
        self._has_looked = True

    def tip(self) -> str:
        """The commit at the head of the branch, as it was fetched last."""
        if not self._has_looked:
            self.fetch()
        return self.references.tips[self.references.target]

    def value(self, place: Place) -> str | None:
        """As it was fetched last; None where the file or the value is not there, or is null.

        Raises UsageError for a file that cannot be understood.
        """
        try:
            return self.value_at(self.tip(), place)
        except NotFoundError as error:
            if error.kind not in ("file-missing", "value-missing"):
                raise
            return None

    def value_at(self, commit: str, place: Place) -> str | None:
        """Raises NotFoundError as well."""
        return read(file_at(self.git, commit, place.file).text, place.pointer, place.file)

    def earlier(self, place: Place, limit: int = 20, *, since: str = "") -> tuple[str, ...]:
        """Values that the branch had before the present one, the newest first: one for each time that it changed.

        `since` is a commit: only what came after it. Commits in which the value cannot be read are left out.
        """
        reach = [f"{since}..{self.tip()}"] if since else [self.tip()]
        options = ("--first-parent", "--format=%H", f"--max-count={_MOST_COMMITS}", "--end-of-options")
        commits = self.git.text("log", *options, *reach, "--", checked_file(place.file)).split()
        found = [] if (now := self.value(place)) is None else [now]
        skipped = len(found)
        for text in texts_at(self.git, commits, place.file):
            if text is not None and (value := _read(text, place)) is not None and found[-1:] != [value]:
                found.append(value)
                if len(found) - skipped >= limit:
                    break
        return tuple(found[skipped : limit + skipped])

    def remember(self, name: str, data: bytes) -> None:
        """Keep a document where every clone finds it. Raises ConflictError when somebody else has written since it was
        last fetched or recalled here.
        """
        reference = memory_reference(name)
        self.tip()
        old = self.references.tips.get(reference, "")
        if old and self._document(old) == data:
            return
        blob = self.git.text("hash-object", "-w", "--stdin", "--no-filters", data=data)
        tree = self.git.text("mktree", "-z", data=b"100644 blob %s\t%s\0" % (blob.encode(), _MEMORY_FILE))
        # Without the one before: it would grow with each tick.
        new = commit_of(self.git, tree, [], f"What is remembered of {name}\n")
        try:
            self.references.change([Change(reference=reference, new=new, old=old)])
        except MovedError as error:
            raise ConflictError(
                f"Somebody else has written what is remembered of {name}.",
                kind="memory-moved",
                hint="Run it again: it begins with what is written there now.",
            ) from error
        self.references.tips = {**self.references.tips, reference: new}

    def recall(self, name: str) -> bytes | None:
        """What was remembered, as it is now; None: nothing."""
        self.fetch()
        tip = self.references.tips.get(memory_reference(name))
        return self._document(tip) if tip else None

    def _document(self, commit: str) -> bytes:
        return self.git.output("cat-file", "blob", f"{commit}:{_MEMORY_FILE.decode()}")


def _read(text: str, place: Place) -> str | None:
    try:
        return read(text, place.pointer, place.file)
    except (NotFoundError, UsageError):
        return None
