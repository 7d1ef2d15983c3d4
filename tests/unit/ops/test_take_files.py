from __future__ import annotations

import msgspec

from nbmlops.lib.digest import digest_bytes
from nbmlops.model.snapshot import Entry, Scope
from nbmlops.ops.take_files import take_files
from nbmlops.project import Project
from nbmlops.snapshot.find import load


def test_files_and_what_lies_in_no_file_are_one_snapshot(project: Project) -> None:
    module = project.root / "zoo.py"
    module.write_bytes(b"x = 1\n")
    made = {"n.executed.ipynb": b"{}"}
    record = take_files(project, [module, module], scope=Scope.CODE, contents=made)
    assert load(record.snapshot, project.objects).entries == (
        Entry(path="n.executed.ipynb", digest=digest_bytes(b"{}"), size=2),
        Entry(path="zoo.py", digest=digest_bytes(b"x = 1\n"), size=6),
    )
    assert project.objects.read(digest_bytes(b"{}")) == b"{}"
    assert project.objects.read(digest_bytes(b"x = 1\n")) == b"x = 1\n"


def test_what_is_too_large_is_kept_by_reference_as_data_and_named_as_code(project: Project) -> None:
    (project.root / "big.bin").write_bytes(bytes(5000))
    settings = msgspec.structs.replace(project.settings.snapshot, largest_file="1KB")
    project.settings = msgspec.structs.replace(project.settings, snapshot=settings)
    data = take_files(project, [project.root / "big.bin"], scope=Scope.DATA)
    (entry,) = load(data.snapshot, project.objects).entries
    assert (entry.path, entry.reference is not None, data.skipped) == ("big.bin", True, ())
    code = take_files(project, [project.root / "big.bin"], scope=Scope.CODE)
    assert (code.files, code.skipped) == (0, ("big.bin: 5,000 bytes, more than snapshot.largest_file",))
