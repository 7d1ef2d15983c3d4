"""Snapshots in a folder beside the project, and back in another clone of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbmlops.errors import (
    ConflictError,
    IntegrityError,
    MissingDependencyError,
    NbmlopsError,
    NotFoundError,
    StateError,
    UnavailableError,
    UsageError,
)
from nbmlops.model.documents import encode
from nbmlops.model.run import Tags
from nbmlops.model.trace import Trace
from nbmlops.ops import remote as remote_verb
from nbmlops.ops.call import Call
from nbmlops.ops.remote_settings import add_remote, remove_remote
from nbmlops.ops.restore import Request as RestoreRequest
from nbmlops.ops.restore import restore
from nbmlops.ops.snapshot import take_data
from nbmlops.project import Project
from nbmlops.settings import RemoteSettings, read_settings
from nbmlops.store.remote import Remote
from nbmlops.store.transfer import push
from nbmlops.track.writer import Writer


def do(root: Path, *words: str, **more: Any) -> remote_verb.Result:
    action, name, *rest = (*words, "") if len(words) == 1 else words
    request = remote_verb.Request(action=action, name=name, more=tuple(rest), **more)  # type: ignore[arg-type]
    return remote_verb.remote(Call(root), request)


def fill(project: Project, name: str, size: int = 300_000) -> str:
    """A snapshot of one file that no chunk of another one equals."""
    import random

    (project.root / name).write_bytes(random.Random(name).randbytes(size))
    return take_data(project, [project.root / name]).snapshot


@pytest.fixture
def clone(tmp_path: Path) -> Project:
    """The same project on another machine: its settings, nothing of its store."""
    return Project.init(tmp_path / "clone")


@pytest.fixture
def there(project: Project, clone: Project, tmp_path: Path) -> Path:
    folder = tmp_path / "shared folder"
    for each in (project, clone):
        do(each.root, "add", "origin", str(folder))
    return folder


def packs(there: Path) -> set[str]:
    return {path.name for path in (there / "packs").iterdir()}


def same(project: Project, other: Project, name: str) -> bool:
    return (project.root / name).read_bytes() == (other.root / name).read_bytes()


def test_what_was_pushed_is_restored_in_a_clone(project: Project, clone: Project, there: Path) -> None:
    digest = fill(project, "a.bin")
    pushed = do(project.root, "push")
    assert pushed.moved is not None
    assert pushed.moved.packs == len(packs(there)) > 0
    pulled = do(clone.root, "pull")
    assert pulled.snapshots == 1
    restore(Call(clone.root), RestoreRequest(snapshot=digest[:12]))
    assert same(project, clone, "a.bin")


def test_only_what_is_missing_moves(project: Project, clone: Project, there: Path) -> None:
    fill(project, "a.bin")
    first = do(project.root, "push").moved
    before = packs(there)
    again = do(project.root, "push").moved
    assert first is not None
    assert again is not None
    assert (again.packs, again.size) == (0, 0)
    fill(project, "b.bin", 50_000)
    second = do(project.root, "push").moved
    assert second is not None
    assert 50_000 <= second.size < 60_000
    assert before < packs(there)
    do(clone.root, "pull")
    again = do(clone.root, "pull").moved
    assert again is not None
    assert again.packs == 0


def test_packs_written_anew_by_gc_are_not_sent_again(project: Project, there: Path) -> None:
    from nbmlops.store.sweep import PackPlan, carry_out

    fill(project, "a.bin")
    fill(project, "b.bin")
    do(project.root, "push")
    names = project.objects.packs.names()
    kept = tuple((name, entry) for name in names for entry in project.objects.packs.trailer(name))
    with project.objects.alone():
        carry_out(project.objects, PackPlan(dropped=names, kept=kept, freed=0))
    assert not set(project.objects.packs.names()) & set(names)
    moved = do(project.root, "push").moved
    assert moved is not None
    assert moved.packs == 0

    # With a little that is new among much that is not, the little travels alone.
    fill(project, "c.bin", 20_000)
    names = project.objects.packs.names()
    kept = tuple((name, entry) for name in names for entry in project.objects.packs.trailer(name))
    with project.objects.alone():
        carry_out(project.objects, PackPlan(dropped=names, kept=kept, freed=0))
    moved = do(project.root, "push").moved
    assert moved is not None
    assert moved.packs == 1
    assert moved.size < 30_000


def test_a_run_brings_its_own_data_only_and_is_restored_by_name(project: Project, clone: Project, there: Path) -> None:
    project.prepare_tracking()
    writer = Writer(project.uri, project.root)
    wanted = fill(project, "wanted.bin")
    run = writer.open_run("baseline", "e", tags={Tags.DATA_SNAPSHOT: wanted}, params={})
    fill(project, "other.bin", 400_000)
    do(project.root, "push")

    pulled = do(clone.root, "pull", "origin", "baseline")
    assert pulled.moved is not None
    assert pulled.moved.size < 350_000
    assert do(clone.root, "status").remotes[0].to_pull == 1
    for reference in ("baseline", run[:8]):
        restore(Call(clone.root), RestoreRequest(snapshot=reference, force=True))
        assert same(project, clone, "wanted.bin")
        (clone.root / "wanted.bin").unlink()
    # One remote: its name may be left out.
    assert do(clone.root, "pull", wanted[:10]).moved is not None
    with pytest.raises(NotFoundError, match="nonsense"):
        do(clone.root, "pull", "nonsense")


def test_a_snapshot_is_pulled_by_the_beginning_of_its_name(project: Project, clone: Project, there: Path) -> None:
    wanted = fill(project, "wanted.bin")
    fill(project, "other.bin")
    do(project.root, "push")
    do(clone.root, "pull", "origin", wanted[:10])
    restore(Call(clone.root), RestoreRequest(snapshot=wanted[:10]))
    assert same(project, clone, "wanted.bin")
    assert not (clone.root / "other.bin").exists()


def test_status_counts_both_ways(project: Project, clone: Project, there: Path) -> None:
    fill(project, "a.bin")
    (known,) = do(project.root, "status").remotes
    assert (known.packs, known.to_push, known.to_pull) == (0, len(project.objects.packs.names()), 0)
    do(project.root, "push")
    (known,) = do(project.root, "status").remotes
    assert (known.to_push, known.to_pull, known.problem) == (0, 0, "")
    (known,) = do(clone.root, "status").remotes
    assert known.to_pull == known.packs == len(packs(there))


def test_a_damaged_pack_is_not_taken_in_and_pushing_again_heals_a_short_one(
    project: Project, clone: Project, there: Path
) -> None:
    digest = fill(project, "a.bin")
    do(project.root, "push")
    largest = max((there / "packs").iterdir(), key=lambda path: path.stat().st_size)
    whole = largest.read_bytes()
    largest.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    pulled = do(clone.root, "pull")
    assert pulled.moved is not None
    assert pulled.moved.damaged == (largest.stem,)
    assert pulled.exit_code == 9
    assert largest.stem not in clone.objects.packs.names()
    with pytest.raises(NbmlopsError):
        restore(Call(clone.root), RestoreRequest(snapshot=digest[:12]))

    largest.write_bytes(whole[: len(whole) // 2])
    do(project.root, "push")
    assert largest.read_bytes() == whole
    assert do(clone.root, "pull").snapshots == 1
    restore(Call(clone.root), RestoreRequest(snapshot=digest[:12]))


def test_what_is_damaged_here_stays_here(project: Project, clone: Project, there: Path) -> None:
    fill(project, "a.bin")
    good = fill(project, "b.bin")
    first = min(
        (project.objects.packs.path(name) for name in project.objects.packs.names()), key=lambda p: p.stat().st_mtime_ns
    )
    data = bytearray(first.read_bytes())
    data[2000] ^= 1
    first.write_bytes(data)
    moved = do(project.root, "push").moved
    assert moved is not None
    assert moved.damaged == (first.stem,)
    assert do(clone.root, "pull").snapshots == 1
    restore(Call(clone.root), RestoreRequest(snapshot=good[:12]))
    assert same(project, clone, "b.bin")


@pytest.mark.parametrize("point", ["kill@1:remote-send", "kill@2:remote-send", "kill@3:remote-rename"])
def test_a_push_that_is_killed_goes_on_where_it_stopped(
    project: Project, clone: Project, there: Path, point: str
) -> None:
    digests = [fill(project, f"{number}.bin") for number in range(3)]
    killed = subprocess.run(
        [sys.executable, "-m", "nbmlops", "remote", "push"],
        cwd=project.root,
        env={**os.environ, "NBMLOPS_FAILPOINT": point},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -9
    had = {name for name in packs(there) if name.endswith(".pack")} if (there / "packs").exists() else set()
    # What a clone sees meanwhile is whole, whatever has arrived.
    try:
        do(clone.root, "pull")
    except StateError:
        assert not had
    moved = do(project.root, "push").moved
    assert moved is not None
    assert moved.packs == len({name for name in packs(there) if name.endswith(".pack")}) - len(had)
    do(clone.root, "pull")
    for digest in digests:
        restore(Call(clone.root), RestoreRequest(snapshot=digest[:12]))


def test_a_full_disk_at_the_remote_is_told_and_both_sides_stay_usable(
    project: Project, clone: Project, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = fill(project, "a.bin")
    fill(project, "b.bin")
    put = Remote._put
    count = 0

    def full(self: Remote, path: Path, folder: str, name: str) -> None:
        nonlocal count
        count += 1
        with self._reaching() as fs:
            if count == 3:
                fs.put_file(str(path), self._place(folder, ".part-0123456789abcdef"))
                raise OSError(28, "No space left on device")
        put(self, path, folder, name)

    monkeypatch.setattr(Remote, "_put", full)
    with pytest.raises(UnavailableError, match=r"origin .*No space left"):
        do(project.root, "push")
    monkeypatch.setattr(Remote, "_put", put)
    do(project.root, "push")
    do(clone.root, "pull")
    restore(Call(clone.root), RestoreRequest(snapshot=digest[:12]))


def test_two_push_at_once(project: Project, clone: Project, there: Path) -> None:
    ours = fill(project, "a.bin")
    theirs = fill(clone, "b.bin")
    pushing = [
        subprocess.Popen([sys.executable, "-m", "nbmlops", "remote", "push"], cwd=root, stdout=subprocess.DEVNULL)
        for root in (project.root, clone.root, project.root)
    ]
    assert [each.wait(120) for each in pushing] == [0, 0, 0]
    assert not [path for path in there.rglob("*") if ".part-" in path.name]
    do(project.root, "pull")
    do(clone.root, "pull")
    restore(Call(project.root), RestoreRequest(snapshot=theirs[:12]))
    restore(Call(clone.root), RestoreRequest(snapshot=ours[:12]))
    assert same(project, clone, "a.bin")
    assert same(project, clone, "b.bin")


def test_objects_of_the_first_layout_travel_too(project: Project, clone: Project, there: Path) -> None:
    from blake3 import blake3

    data = b"of old" * 1000
    digest = blake3(data).hexdigest()
    path = project.objects.loose.path(digest)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"NBO1" + bytes([0]) + data)
    assert project.objects.read(digest) == data
    (project.root / "old.txt").write_bytes(data)
    snapshot = take_data(project, [project.root / "old.txt"]).snapshot
    do(project.root, "push")
    do(clone.root, "pull")
    restore(Call(clone.root), RestoreRequest(snapshot=snapshot[:12]))
    assert (clone.root / "old.txt").read_bytes() == data


def test_a_remote_of_a_newer_nbmlops_is_not_touched(project: Project, there: Path) -> None:
    there.mkdir()
    (there / "nbmlops.json").write_text('{"kind": "remote", "version": 2}')
    fill(project, "a.bin")
    with pytest.raises(IntegrityError, match="version 2"):
        do(project.root, "push")
    assert [path.name for path in there.iterdir()] == ["nbmlops.json"]


SETTINGS = """# ours
[tracking]   # runs
experiment = "wine"

[remote.old]
url = "../old"
# about snapshots
[snapshot]
largest_file = "1 GB"
"""


def test_comments_and_order_of_the_settings_stay(tmp_path: Path) -> None:
    path = tmp_path / "nbmlops.toml"
    path.write_text(SETTINGS)
    add_remote(path, "team", RemoteSettings(url='s3://b/a "quoted"', endpoint="http://127.0.0.1:9000"))
    settings, _ = read_settings(path, {})
    assert list(settings.remote) == ["old", "team"]
    assert settings.remote["team"].url == 's3://b/a "quoted"'
    assert path.read_text().startswith(SETTINGS)
    remove_remote(path, "team")
    assert path.read_text().rstrip() == SETTINGS.rstrip()
    remove_remote(path, "old")
    assert path.read_text() == SETTINGS.replace('[remote.old]\nurl = "../old"\n', "")
    with pytest.raises(NotFoundError):
        remove_remote(path, "old")


BAD: dict[str, tuple[Callable[[Path], object], type[Exception], str]] = {
    "a password": (lambda root: do(root, "add", "x", "sftp://me:hunter2@host/p"), UsageError, "credentials"),
    "a signature": (lambda root: do(root, "add", "x", "https://h/p?sig=abc"), UsageError, "credentials"),
    "an odd name": (lambda root: do(root, "add", "a.b", "folder"), UsageError, "not a name"),
    "no address": (lambda root: do(root, "add", "x"), UsageError, "one address"),
    "a name that is taken": (lambda root: do(root, "add", "origin", "folder"), ConflictError, "already"),
    "an unknown one": (lambda root: do(root, "push", "nobody"), NotFoundError, "nobody"),
    "nothing there": (lambda root: do(root, "pull"), StateError, "nothing on remote"),
}


@pytest.mark.parametrize("case", BAD)
def test_mistakes_are_told(project: Project, there: Path, case: str) -> None:
    wrong, family, words = BAD[case]
    before = (project.root / "nbmlops.toml").read_text()
    with pytest.raises(family, match=words) as told:
        wrong(project.root)
    assert "hunter2" not in str(told.value)
    assert (project.root / "nbmlops.toml").read_text() == before


def test_which_remote_is_asked_where_there_are_several(project: Project, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no remote"):
        do(project.root, "push")
    do(project.root, "add", "a", str(tmp_path / "a"))
    do(project.root, "push")
    do(project.root, "add", "b", str(tmp_path / "b"))
    with pytest.raises(UsageError, match="Name one of: a, b"):
        do(project.root, "push")
    do(project.root, "add", "origin", str(tmp_path / "o"))
    assert do(project.root, "push").remotes[0].name == "origin"


@pytest.mark.parametrize(("url", "extra"), [("gs://b/p", "gcs"), ("abfs://c@a/p", "azure")])
def test_a_missing_package_is_named_by_its_extra(
    project: Project, url: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("gcsfs", "adlfs"):
        monkeypatch.setitem(sys.modules, module, None)
    do(project.root, "add", "cloud", url)
    with pytest.raises(MissingDependencyError, match=rf"nbmlops\[{extra}\]"):
        do(project.root, "push", "cloud")
    assert "not installed" in do(project.root, "status").remotes[0].problem


def test_a_relative_folder_is_one_beside_the_settings(project: Project) -> None:
    inner = project.root / "notebooks"
    inner.mkdir()
    do(inner, "add", "near", "../backup")
    assert read_settings(project.root / "nbmlops.toml", {})[0].remote["near"].url == "backup"
    fill(project, "a.bin")
    do(inner, "push")
    assert (project.root / "backup" / "nbmlops.json").is_file()


def test_push_of_nothing_new_reads_no_pack_twice(project: Project, there: Path) -> None:
    fill(project, "a.bin")
    remote = Remote("origin", str(there))
    with project.objects.writing():
        assert push(project.objects, remote).packs > 0
        assert push(project.objects, remote).known == len(project.objects.packs.names())


def test_pulling_a_run_brings_its_trace_with_all_that_it_names(project: Project, clone: Project, there: Path) -> None:
    """Both ask one MLflow; the clone's store has nothing yet."""
    executed, _ = project.objects.put_bytes(b"{}" * 100)
    trace, _ = project.objects.put_bytes(encode(Trace(sessions=(), executed=executed)))
    unneeded, _ = project.objects.put_bytes(b"somebody else's" * 100)
    project.prepare_tracking()
    tags = {Tags.TRACE: trace, Tags.DATA_SNAPSHOT: fill(project, "a.bin")}
    run = Writer(project.uri, project.root).open_run("traced", "x", tags=tags, params={})
    do(project.root, "push")
    settings = (clone.root / "nbmlops.toml").read_text()
    (clone.root / "nbmlops.toml").write_text(settings.replace("[tracking]", f'[tracking]\nuri = "{project.uri}"', 1))
    do(clone.root, "pull", run)
    assert clone.objects.read(trace)
    assert clone.objects.read(executed)
    assert not clone.objects.has(unneeded)
