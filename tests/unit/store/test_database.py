from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nbmlops.errors import ExternalError, IntegrityError
from nbmlops.project import Project
from nbmlops.store.database import RECORDS, Database

INSERT = "INSERT INTO documents (kind, id, data) VALUES ('k', ?, x'00')"


def count(database: Database) -> int:
    return int(str(database.read("SELECT count(*) FROM documents WHERE kind = 'k'")[0][0]))


def test_what_is_written_is_read_by_another_connection(tmp_path: Path) -> None:
    path = tmp_path / "new" / "records.db"
    first, second = Database(path), Database(path)
    with first.write() as connection:
        connection.execute(INSERT, ("a",))
    assert count(second) == 1
    first.close()
    second.close()
    assert count(first) == 1
    first.close()


def test_a_block_that_raises_writes_nothing(project: Project) -> None:
    with (
        pytest.raises(ExternalError, match="UNIQUE constraint failed"),
        project.database.write() as connection,
    ):
        connection.executemany(INSERT, [("a",), ("a",)])
    assert count(project.database) == 0
    with project.database.write() as connection:
        connection.execute(INSERT, ("b",))
    assert count(project.database) == 1


def test_many_processes_make_and_write_one_database_at_once(tmp_path: Path) -> None:
    code = f"""
        import os, sys
        from pathlib import Path
        from nbmlops.store.database import Database
        sys.stdin.read()
        database = Database(Path(sys.argv[1]))
        for number in range(40):
            with database.write() as connection:
                connection.execute({INSERT!r}, (f"{{os.getpid()}}-{{number}}",))
    """
    path = tmp_path / "records.db"
    command = [sys.executable, "-c", textwrap.dedent(code), path]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    for child in children:
        assert child.stdin is not None
        child.stdin.close()
        child.stdin = None
    said = [child.communicate(timeout=60)[1].decode() for child in children]
    assert ([child.returncode for child in children], said) == ([0] * 4, [""] * 4)
    database = Database(path)
    assert count(database) == 160
    database.close()


def test_a_newer_layout_is_refused_and_left_alone(project: Project) -> None:
    project.database.close()
    path = project.layout.records
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {RECORDS.version + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(IntegrityError) as caught:
        Database(path).read("SELECT 1")
    assert caught.value.kind == "store-too-new"
    assert str(caught.value) == (
        f"records.db has layout {RECORDS.version + 1}; this nbmlops reads up to {RECORDS.version}. Upgrade nbmlops."
    )
    assert path.read_bytes() == before


def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(IntegrityError) as caught:
        Database(path).read("SELECT 1")
    assert caught.value.kind == "records-damaged"
    assert "Move it aside" in caught.value.hint


def test_a_folder_in_its_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "records.db").mkdir()
    with pytest.raises(ExternalError) as caught:
        Database(tmp_path / "records.db").read("SELECT 1")
    assert caught.value.kind == "folder-read-only"


def test_a_full_disk_is_called_so_and_work_can_go_on(project: Project) -> None:
    database = project.database
    pages = database.read("PRAGMA page_count")[0][0]
    database.read(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ExternalError) as caught, database.write() as connection:
        connection.execute("INSERT INTO documents (kind, id, data) VALUES ('k', 'x', zeroblob(1000000))")
    assert caught.value.kind == "disk-full"
    database.read("PRAGMA max_page_count = 100000")
    with database.write() as connection:
        connection.execute(INSERT, ("y",))
    assert count(database) == 1


def test_a_query_that_sqlite_refuses_is_one_line(project: Project) -> None:
    with pytest.raises(ExternalError, match=r"^records\.db cannot be used: no such table: absent\.$"):
        project.database.read("SELECT * FROM absent")
