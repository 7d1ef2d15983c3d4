from __future__ import annotations

from nbmlops.project import Project
from nbmlops.snapshot.scan import scan


def test_a_link_that_is_named_itself_stands_for_what_it_points_to(project: Project) -> None:
    (project.root / "real").mkdir()
    (project.root / "real" / "a.csv").write_text("1")
    (project.root / "data").symlink_to("real")
    (project.root / "one.csv").symlink_to("real/a.csv")
    found = scan(
        [project.root / "data", project.root / "one.csv"],
        named=project.relative,
        stats=project.stats,
        largest_bytes=1000,
    )
    assert [(entry.path, entry.size, entry.link) for entry in found.entries] == [
        ("data/a.csv", 1, None),
        ("one.csv", 1, None),
    ]


def test_files_with_secrets_are_left_out_of_folders_and_kept_when_named(project: Project) -> None:
    folder = project.root / "data"
    folder.mkdir()
    for name in (".env", "server.key", "a.csv"):
        (folder / name).write_text("x")
    found = scan([folder], named=project.relative, stats=project.stats, largest_bytes=1000)
    assert [entry.path for entry in found.entries] == ["data/a.csv"]
    assert found.skipped == (
        "data/.env: it may hold a secret; name it itself to keep it",
        "data/server.key: it may hold a secret; name it itself to keep it",
    )
    named = scan([folder / ".env"], named=project.relative, stats=project.stats, largest_bytes=1000)
    assert [entry.path for entry in named.entries] == ["data/.env"]
