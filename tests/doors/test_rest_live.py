"""What is new in a project: events, what a page has missed, and the rows that are not as they were."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from nbmlops.deploy.folder import folder_of as deployment
from nbmlops.doors.server import live
from nbmlops.doors.server.documents import Kind
from nbmlops.doors.server.events import SCHEMA_ID
from nbmlops.doors.server.rows import LIMIT
from nbmlops.lib.clock import utc_now
from nbmlops.model.deployment import Spec
from tests.doors.conftest import copy_of
from tests.doors.rest import PATIENCE_SECONDS, ended, get, post, refused, until
from tests.unit.package.kits import FILES, folder_of

pytest_plugins = ["pytest_jupyter.jupyter_server"]

ALL = [str(kind) for kind in Kind]


@contextlib.asynccontextmanager
async def told(jp_ws_fetch: Any) -> AsyncIterator[Callable[..., Any]]:
    """`await said(kind)` waits for the next event of ours that has the kind; other schemas share the socket."""
    socket = await jp_ws_fetch("api", "events", "subscribe")

    async def said(kind: str) -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                event = json.loads(await socket.read_message())
                if event["schema_id"] == SCHEMA_ID and kind in event["changed"]:
                    return event

    try:
        yield said
    finally:
        socket.close()


async def in_another_process(project: Path, variables: dict[str, str], *words: str) -> None:
    command = [sys.executable, "-m", "nbmlops", "-C", str(project), *words]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, env=variables)


async def changed_after(jp_fetch: Any, rev: int, kind: str, folder: str = "counting") -> Any:
    async def look() -> Any:
        answer = await get(jp_fetch, "changes", folder=folder, since=str(rev))
        return answer if kind in answer["changed"] else None

    return await until(look)


async def test_a_run_that_another_process_writes_is_told(
    jp_fetch: Any, jp_ws_fetch: Any, root: Path, variables: dict[str, str]
) -> None:
    before = await get(jp_fetch, "changes", folder="counting")
    assert before["changed"] == ALL
    async with told(jp_ws_fetch) as said:
        await in_another_process(root / "counting", variables, "run", "pipelines/count", "-p", "factor=5")
        event = await said("runs")
    assert event["folder"] == before["folder"] == "counting"
    assert event["rev"] > before["rev"]
    after = await get(jp_fetch, "changes", folder="counting", since=str(before["rev"]))
    assert {"runs", "records"} <= set(after["changed"])
    assert (await get(jp_fetch, "changes", folder="counting", since=str(after["rev"] + 10**6)))["changed"] == ALL


async def test_a_snapshot_and_a_pipeline_are_told_as_what_they_are(
    jp_fetch: Any, root: Path, variables: dict[str, str]
) -> None:
    rev = (await get(jp_fetch, "changes", folder="counting"))["rev"]
    (root / "counting" / "data" / "more.txt").write_text("4\n")
    await in_another_process(root / "counting", variables, "snapshot", "data", "-m", "second")
    after = await changed_after(jp_fetch, rev, "records")
    assert "runs" not in after["changed"]
    shutil.copytree(root / "counting" / "pipelines" / "count", root / "counting" / "pipelines" / "other")
    await changed_after(jp_fetch, after["rev"], "files")


async def test_packages_are_told_from_a_terminal_and_from_jobs_without_a_project(
    jp_fetch: Any, jp_ws_fetch: Any, root: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(root / "kitops"))
    folder_of(FILES, root / "counting" / "kit")
    shutil.copytree(root / "counting" / "kit", root / "plain" / "kit")
    rev = (await get(jp_fetch, "changes", folder="counting"))["rev"]
    own = {**variables, "KITOPS_HOME": str(root / "kitops")}
    await in_another_process(root / "counting", own, "pack", "kit", "-t", "wine:v1")
    await changed_after(jp_fetch, rev, "packages")
    listed = await get(jp_fetch, "packages", folder="plain")
    assert [each["reference"] for each in listed["packages"]] == ["wine:v1"]
    async with told(jp_ws_fetch) as said:
        await post(jp_fetch, "jobs", verb="remove", folder="plain", arguments={"package": "wine:v1"})
        assert (await said("packages"))["folder"] == "plain"
    assert (await get(jp_fetch, "packages", folder="plain"))["packages"] == []


async def test_what_is_wanted_of_a_deployment_is_told(jp_fetch: Any, root: Path) -> None:
    rev = (await get(jp_fetch, "changes", folder="counting"))["rev"]
    wine = deployment(root / "counting" / ".nbmlops", "wine")
    with wine.locked(is_new=True):
        wine.write(Spec(name="wine", port=8090, is_wanted=False))
    after = await changed_after(jp_fetch, rev, "deployments")
    assert after["changed"] == ["deployments"]
    (listed,) = (await get(jp_fetch, "deployments", folder="counting"))["deployments"]
    assert (listed["name"], listed["state"]) == ("wine", "stopped")
    wine.remove()
    await changed_after(jp_fetch, after["rev"], "deployments")


async def test_what_a_page_follows_keeps_no_idle_server_awake(jp_fetch: Any, root: Path, jp_serverapp: Any) -> None:
    settings = jp_serverapp.web_app.settings
    settings["api_last_activity"] = before = utc_now()
    await get(jp_fetch, "deployments", folder="counting")
    await get(jp_fetch, "changes", folder="counting")
    assert settings["api_last_activity"] == before
    await get(jp_fetch, "pipelines", folder="counting")
    assert settings["api_last_activity"] > before


async def test_jobs_are_told_with_their_folder_also_where_there_is_no_project(
    jp_fetch: Any, jp_ws_fetch: Any, root: Path
) -> None:
    (root / "plain").mkdir()
    async with told(jp_ws_fetch) as said:
        job = await post(jp_fetch, "jobs", verb="init", folder="plain")
        assert (await said("jobs"))["folder"] == "plain"
    assert (await ended(jp_fetch, job["id"]))["job"]["state"] == "done"
    assert (await get(jp_fetch, "jobs", folder="plain"))["jobs"][0]["id"] == job["id"]


async def test_two_pages_share_a_watch_and_nobody_watches_what_nobody_looks_at(
    jp_fetch: Any, root: Path, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LEASE_SECONDS", 1.0)
    watches = []

    class Counted(live.Watch):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            watches.append(self)

    monkeypatch.setattr(live, "Watch", Counted)
    first, second = await asyncio.gather(
        get(jp_fetch, "changes", folder="counting"), get(jp_fetch, "changes", folder="counting/data")
    )
    assert len(watches) == 1
    assert first["rev"] == second["rev"]
    feeds = jp_serverapp.web_app.settings["nbmlops_services"].live._feeds

    async def forgotten() -> bool:
        return not feeds

    await until(forgotten)
    assert not watches[0].local[Kind.RUNS].is_open
    again = await get(jp_fetch, "changes", folder="counting", since=str(first["rev"]))
    assert len(watches) == 2
    assert again["rev"] > first["rev"]
    assert again["changed"] == ALL


async def test_what_cannot_be_read_stops_no_watch(
    jp_fetch: Any, root: Path, variables: dict[str, str], counted: Path
) -> None:
    """No database, a damaged one, another one in its place."""
    store = root / "counting" / ".nbmlops"
    rev = (await get(jp_fetch, "changes", folder="counting"))["rev"]
    for name in ("mlflow.db", "mlflow.db-wal", "mlflow.db-shm"):
        (store / name).unlink(missing_ok=True)
    after = await changed_after(jp_fetch, rev, "runs")
    (store / "mlflow.db").write_bytes(b"this is no database, only a text" * 200)
    after = await changed_after(jp_fetch, after["rev"], "runs")
    status, answer = await refused(jp_fetch, "rows", params={"folder": "counting"})
    assert status >= 500
    assert "Traceback" not in json.dumps(answer)
    whole = copy_of(counted, root / "whole") / ".nbmlops" / "mlflow.db"
    with contextlib.closing(sqlite3.connect(whole)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole.replace(store / "mlflow.db")
    after = await changed_after(jp_fetch, after["rev"], "runs")
    assert (await get(jp_fetch, "rows", folder="counting"))["total"] >= 1


async def test_a_project_that_tracks_elsewhere_from_now_on_is_watched_there(
    jp_fetch: Any, root: Path, tmp_path: Path
) -> None:
    rev = (await get(jp_fetch, "changes", folder="counting"))["rev"]
    other = tmp_path / "other.db"
    shutil.copy(root / "counting" / ".nbmlops" / "mlflow.db", other)
    (root / "counting" / "nbmlops.toml").write_text(f'[tracking]\nuri = "sqlite:///{other}"\n')
    moved = await get(jp_fetch, "changes", folder="counting", since=str(rev))
    assert moved["changed"] == ALL
    with contextlib.closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE more (a)")
        database.commit()
    await changed_after(jp_fetch, moved["rev"], "runs")


async def test_a_folder_without_a_project_has_no_changes(jp_fetch: Any, root: Path) -> None:
    (root / "plain").mkdir()
    for path in ("changes", "rows"):
        status, answer = await refused(jp_fetch, path, params={"folder": "plain"})
        assert (status, answer["kind"]) == (404, "project-missing")


@pytest.mark.parametrize("query", [{"since": "x"}, {"since": "1.5"}, {"sinse": "1"}, {"since": "9" * 5000}])
async def test_malformed_questions_for_changes_are_refused(jp_fetch: Any, root: Path, query: dict[str, str]) -> None:
    status, answer = await refused(jp_fetch, "changes", params={"folder": "counting", **query})
    assert (status, answer["kind"]) == (400, "arguments-malformed")


async def test_rows_come_once_and_then_only_those_that_changed(
    jp_fetch: Any, root: Path, variables: dict[str, str]
) -> None:
    project = root / "counting"
    first = await get(jp_fetch, "rows", folder="counting", limit="10")
    assert first["total"] == len(first["order"]) == len(first["rows"]) >= 1
    assert [row["id"] for row in first["rows"]] == first["order"]
    again = await get(jp_fetch, "rows", folder="counting", limit="10", known=first["token"])
    assert (again["rows"], again["order"], again["token"]) == ([], first["order"], first["token"])
    await in_another_process(project, variables, "run", "pipelines/count", "-p", "factor=7")
    after = await get(jp_fetch, "rows", folder="counting", limit="10", known=first["token"])
    assert after["total"] > first["total"]
    new = [row["id"] for row in after["rows"]]
    assert sorted(new) == sorted(set(after["order"]) - set(first["order"]))
    assert after["token"] != first["token"]
    with contextlib.closing(sqlite3.connect(project / ".nbmlops" / "mlflow.db")) as database:
        database.execute("UPDATE runs SET name = 'renamed' WHERE run_uuid = ?", (first["order"][0],))
        database.commit()
    renamed = await get(jp_fetch, "rows", folder="counting", limit="10", known=after["token"])
    assert [(row["id"], row["name"]) for row in renamed["rows"]] == [(first["order"][0], "renamed")]
    # An answer that was lost on its way spoils nothing: the older token stands for what it stood for.
    older = await get(jp_fetch, "rows", folder="counting", limit="10", known=first["token"])
    assert sorted(row["id"] for row in older["rows"]) == sorted([*new, first["order"][0]])
    unknown = await get(jp_fetch, "rows", folder="counting", limit="10", known="lost")
    assert sorted(row["id"] for row in unknown["rows"]) == sorted(unknown["order"])


async def test_windows_follow_each_other(jp_fetch: Any, root: Path, variables: dict[str, str]) -> None:
    await in_another_process(root / "counting", variables, "run", "pipelines/count", "-p", "factor=9")
    whole = await get(jp_fetch, "rows", folder="counting", limit="500")
    parts = [
        await get(jp_fetch, "rows", folder="counting", limit="1", offset=str(offset))
        for offset in range(whole["total"] + 1)
    ]
    assert [id for part in parts for id in part["order"]] == whole["order"]
    assert {part["total"] for part in parts} == {whole["total"]}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": str(LIMIT + 1)},
        {"limit": "-1"},
        {"limit": "99999999999999999999"},
        {"limit": "many"},
        {"offset": "-1"},
        {"offset": "9" * 18},
        {"offset": "9" * 30},
        {"surprise": "1"},
        {"filter": "accuracy >"},
    ],
)
async def test_windows_that_are_too_large_or_malformed_are_refused(
    jp_fetch: Any, root: Path, query: dict[str, str]
) -> None:
    status, answer = await refused(jp_fetch, "rows", params={"folder": "counting", **query})
    assert status == 400, answer
    assert "\n" not in answer["message"]


async def test_an_offset_beyond_what_a_database_counts_is_refused_or_empty(jp_fetch: Any, root: Path) -> None:
    beyond = await get(jp_fetch, "rows", folder="counting", offset="100000")
    assert beyond["order"] == []
    assert beyond["total"] >= 1
