"""What is to be called by whom: the same for every kind of host."""

from __future__ import annotations

import re
import unicodedata

import msgspec

from nbmlops.errors import UsageError
from nbmlops.lib.digest import digest_bytes

IN_SYNC, ACTED, STALLED = 0, 10, 20
"""Exit codes of a tick; any other: it could not be made."""
LONGEST_NAME = 40
"""Kubernetes gives a CronJob 52 letters, of which what belongs to it needs some."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DIGITS_OF_DIGEST = 8


class Hosted(msgspec.Struct, frozen=True, kw_only=True):
    """Reconcilers and the surroundings they are called in. Paths are relative to the repository, with slashes."""

    name: str
    """Of the whole: units and objects are called after it."""
    trainers: tuple[str, ...] = ()
    deployers: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    """Where the trainers' pipelines run."""
    interval: float = 600.0
    """Seconds between two ticks. Where a host knows times of the day only, the next shorter interval that it has."""
    schedule: str = ""
    """Five fields of cron, in place of the interval."""
    timeout: float = 7200.0
    """Seconds that a tick may take."""
    retry_interval: float = 60.0
    command: tuple[str, ...] = ("nbmlops",)
    """The program: on a machine of one's own with its whole path."""
    folder: str = ""
    """Of the project on a machine of one's own: a whole path."""
    repository: str = ""
    """Address of the git repository; without a password."""
    branch: str = "main"
    config: str = ""
    """The file in git that says which version is wanted."""
    manifests: str = ""
    """The folder of documents that Argo CD or Flux applies. Empty: the one that holds `config`."""
    pipelines: tuple[str, ...] = ()
    """Folders of pipelines that CI runs on sample data."""
    sample: dict[str, str] = {}
    """Parameters that make the data small."""
    notebooks: tuple[str, ...] = ()
    """That CI executes and compares with what they show."""
    requirements: str = ""
    """A file of packages that pip installs. Empty: nbmlops alone."""
    python: str = "3.12"
    image: str = ""
    """With nbmlops, git and what pipelines import."""
    namespace: str = "default"
    variables: dict[str, str] = {}
    """Of the environment. Nothing that is secret."""
    secrets: tuple[str, ...] = ()
    """Names of variables whose values the host keeps."""
    author: str = "nbmlops"
    email: str = "nbmlops@users.noreply.invalid"
    """Of commits on the branch of a proposal."""
    storage: str = "10Gi"
    storage_class: str = ""
    cpu: str = "1"
    memory: str = "2Gi"

    @property
    def reconcilers(self) -> tuple[str, ...]:
        return (*self.trainers, *self.deployers)

    @property
    def object_name(self) -> str:
        return object_name(self.name)

    @property
    def manifests_folder(self) -> str:
        return self.manifests or self.config.rpartition("/")[0] or "."


def tick(hosted: Hosted, names: tuple[str, ...] | None = None) -> list[str]:
    """The command of one tick, for these reconcilers or for all."""
    return [*hosted.command, "reconcile", "--once", *(hosted.reconcilers if names is None else names)]


def check(hosted: Hosted, *needed: str) -> None:
    """Raises UsageError for a text that no file can carry, and for what this host needs and nobody said."""
    for field in needed:
        if not getattr(hosted, field):
            raise UsageError(
                f"This host needs to know: {field}.",
                kind="host-incomplete",
                hint=f"Give it with --{field.replace('_', '-')}",
                field=field,
            )
    for field, text in _texts(hosted):
        if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
            raise _unfit(field, text, "has a line break or a control character in it")
    for name in hosted.reconcilers:
        if not name or name.startswith("-") or "/" in name:
            raise _unfit("reconcilers", name, "is no name of a reconciler")
    for name in (*hosted.variables, *hosted.secrets):
        if not _VARIABLE.fullmatch(name):
            raise _unfit("variables", name, "is no name of a variable of the environment")
    for field in ("interval", "timeout", "retry_interval"):
        if not 1 <= getattr(hosted, field) <= 10 * 366 * 86_400:
            raise _unfit(field, str(getattr(hosted, field)), "is not between a second and ten years")
    for field in ("config", "manifests", "requirements"):
        if (path := getattr(hosted, field)) and (path.startswith("/") or ".." in path.split("/")):
            raise _unfit(field, path, "is outside of the repository")
    if re.match(r"[a-z][a-z0-9+.-]*://[^/@]*:[^/@]*@", hosted.repository):
        raise UsageError(
            "The repository's address has a password in it, which would be written to files.",
            kind="host-unfit",
            hint="Leave it out of the address: the host keeps it as a secret.",
            field="repository",
        )


def object_name(text: str) -> str:
    """A name in the letters of Kubernetes and systemd; what had other letters gets a digest, and stays one of a kind.

    >>> object_name("wine"), object_name("on")
    ('nbmlops-wine', 'nbmlops-on')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain))
    if words != text or len(words) > LONGEST_NAME:
        digest = digest_bytes(text.encode("utf-8", "surrogatepass"))[:_DIGITS_OF_DIGEST]
        words = f"{words[: LONGEST_NAME - _DIGITS_OF_DIGEST - 1].strip('-')}-{digest}".strip("-")
    return f"nbmlops-{words}"


def _texts(hosted: Hosted) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for info in msgspec.structs.fields(hosted):
        value = getattr(hosted, info.name)
        if isinstance(value, str):
            found.append((info.name, value))
        elif isinstance(value, tuple):
            found += [(info.name, each) for each in value]
        elif isinstance(value, dict):
            found += [(info.name, each) for pair in value.items() for each in pair]
    return found


def _unfit(field: str, text: str, why: str) -> UsageError:
    return UsageError(f"{text!r} {why}.", kind="host-unfit", hint="Rename it, or choose another.", field=field)
