"""Jobs over REST: long work in processes of their own, looked at, interrupted, and never left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from nbmlops.doors.server import process as job_process
from nbmlops.doors.server.documents import JobState
from nbmlops.lib.process import process_started
from nbmlops.ops.verbs import VERBS
from nbmlops.testing.notebooks import notebook_file
from tests.doors.rest import delete, ended, get, post, refused, until

pytest_plugins = ["pytest_jupyter.jupyter_server"]

SLEEPING = """
# %%
from pathlib import Path
first = 1
# %%
import time
Path("asleep").write_text("")
while not Path("awake").exists():
    time.sleep(0.05)
second = first + 1
# %%
print(second)
"""

WAITING = """\
import os, sys, time
from pathlib import Path
{before}
print("something", file=sys.stderr, flush=True)
Path(sys.argv[1] + f".{{os.getpid()}}").write_text("")
while True:
    time.sleep(0.05)
"""
"""A child that says that it is there and then does nothing."""


@pytest.fixture
def sleeping(root: Path) -> Path:
    """A project with a pipeline whose step waits for a file."""
    from nbmlops.doors.cli.main import run as cli

    project = root / "counting"
    (project / "sleeping.ipynb").write_text(notebook_file(SLEEPING))
    assert cli(["-C", str(project), "export", "sleeping.ipynb", "--no-verify"]) == 0
    return project


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Jobs are processes that wait, until they are ended; `waiting()` are their numbers."""

    def made(before: str = "") -> Any:
        script = tmp_path / "waiting.py"
        script.write_text(WAITING.format(before=before))
        monkeypatch.setattr(job_process, "command", lambda: [sys.executable, str(script), str(tmp_path / "there")])

        async def pids() -> list[int]:
            return sorted(int(path.suffix[1:]) for path in tmp_path.glob("there.*"))

        return pids

    return made


def is_running(pid: int) -> bool:
    return process_started(pid) >= 0


async def test_a_job_gives_what_the_verb_gives(jp_fetch: Any, root: Path) -> None:
    arguments = {"notebook": "count.ipynb", "force": True}
    body = json.dumps({"verb": "export", "folder": "counting", "arguments": arguments})
    response = await jp_fetch("nbmlops", "api", "jobs", method="POST", body=body)
    assert response.code == 202
    started = json.loads(response.body)
    assert started["state"] in ("queued", "running")
    assert (started["folder"], started["project"], started["verb"]) == ("counting", "counting", "export")
    detail = await ended(jp_fetch, started["id"])
    assert detail["job"]["state"] == "done", detail
    assert detail["result"]["pipeline"]["name"] == "count"
    assert detail["result"]["certificate"]["verdict"] == "EQUIVALENT"
    shown = json.dumps(detail["page"])
    assert "EQUIVALENT" in shown
    assert {block["kind"] for block in detail["page"]} <= {"line", "fields", "table", "source"}
    tasks = {event["task"] for event in detail["events"]}
    assert tasks
    assert detail["job"]["progress"] == []
    assert detail["job"]["last"] == detail["events"][-1]["number"]
    assert detail["job"]["created"] <= detail["job"]["started"] <= detail["job"]["ended"]
    later = await get(jp_fetch, "jobs", started["id"], since=str(detail["events"][0]["number"]))
    assert later["events"] == detail["events"][1:]


async def test_jobs_are_there_after_a_reload(jp_fetch: Any, root: Path) -> None:
    """The page has forgotten them, the server has not."""
    (root / "plain").mkdir()
    first = await post(jp_fetch, "jobs", verb="verify", folder="counting")
    second = await post(jp_fetch, "jobs", verb="doctor", folder="plain")
    for job in (first, second):
        await ended(jp_fetch, job["id"])
    every = (await get(jp_fetch, "jobs"))["jobs"]
    assert [job["id"] for job in every] == [second["id"], first["id"]]
    assert [job["id"] for job in (await get(jp_fetch, "jobs", folder="counting/data"))["jobs"]] == [first["id"]]
    assert [job["id"] for job in (await get(jp_fetch, "jobs", folder="plain"))["jobs"]] == [second["id"]]
    assert (await get(jp_fetch, "jobs", folder=""))["jobs"] == []


async def test_a_refusal_of_the_verb_is_the_error_of_the_job(jp_fetch: Any, root: Path) -> None:
    job = await post(jp_fetch, "jobs", verb="run", folder="counting", arguments={"pipeline": "pipelines/absent"})
    detail = await ended(jp_fetch, job["id"])
    assert detail["job"]["state"] == "failed"
    _, answer = await refused(
        jp_fetch, "run", method="POST", body='{"folder": "counting", "pipeline": "pipelines/absent"}'
    )
    assert detail["job"]["error"] == answer
    assert detail["result"] is None


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ('{"verb": "runns"}', 404, "verb-missing"),
        ("{}", 400, "arguments-malformed"),
        ("[]", 400, "arguments-malformed"),
        ("{", 400, "arguments-malformed"),
        ('{"verb": "run", "folder": "counting"}', 400, "arguments-malformed"),
        ('{"verb": "run", "folder": "counting", "arguments": {"surprise": 1}}', 400, "arguments-malformed"),
        ('{"verb": "runs", "folder": "../outside"}', 404, "folder-missing"),
        ('{"verb": "runs", "where": "counting"}', 400, "arguments-malformed"),
    ],
)
async def test_what_cannot_be_a_job_is_refused_at_once(
    jp_fetch: Any, root: Path, body: str, status: int, kind: str
) -> None:
    found, answer = await refused(jp_fetch, "jobs", method="POST", body=body)
    assert (found, answer["kind"]) == (status, kind)
    assert (await get(jp_fetch, "jobs"))["jobs"] == []


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS if verb.needs_kernel or verb.is_terminal])
async def test_a_verb_of_another_door_is_no_job(jp_fetch: Any, root: Path, verb: str) -> None:
    body = json.dumps({"verb": verb, "folder": "counting"})
    status, answer = await refused(jp_fetch, "jobs", method="POST", body=body)
    assert (status, answer["kind"]) == (404, "verb-not-here")


async def test_an_unknown_job_is_not_found(jp_fetch: Any, root: Path) -> None:
    for method in ("GET", "DELETE"):
        status, answer = await refused(jp_fetch, "jobs", "absent", method=method)
        assert (status, answer["kind"]) == (404, "job-missing")
    job = await post(jp_fetch, "jobs", verb="doctor", folder="counting")
    status, answer = await refused(jp_fetch, "jobs", job["id"], params={"since": "soon"})
    assert (status, answer["kind"]) == (400, "arguments-malformed")


async def test_a_run_that_is_cancelled_is_killed_and_can_be_resumed(jp_fetch: Any, sleeping: Path) -> None:
    job = await post(jp_fetch, "jobs", verb="run", folder="counting", arguments={"pipeline": "pipelines/sleeping"})

    async def sleeps() -> Any:
        detail = await get(jp_fetch, "jobs", job["id"])
        assert detail["job"]["state"] in ("queued", "running"), detail
        return detail["job"] if (sleeping / "asleep").exists() and detail["job"]["progress"] else None

    going = await until(sleeps)
    assert any(event["total"] for event in going["progress"])
    ending = await delete(jp_fetch, "jobs", job["id"])
    assert ending["is_ending"]
    again = await delete(jp_fetch, "jobs", job["id"])
    assert again["id"] == job["id"]
    detail = await ended(jp_fetch, job["id"])
    assert detail["job"]["state"] == "cancelled"
    assert not detail["job"]["is_ending"]
    assert detail["job"]["error"]["kind"] == "interrupted"
    run = detail["job"]["error"]["facts"]["run"]
    found = await get(jp_fetch, "runs", folder="counting", limit="100")
    assert {one["id"]: one["status"] for one in found["runs"]}[run] == "KILLED"
    (sleeping / "awake").write_text("")
    resumed = await post(jp_fetch, "jobs", verb="resume", folder="counting", arguments={"run": run})
    detail = await ended(jp_fetch, resumed["id"])
    assert detail["job"]["state"] == "done", detail
    assert detail["result"]["result"]["state"] == "done"


async def test_a_job_that_is_killed_says_so(jp_fetch: Any, root: Path, waiting: Any) -> None:
    pids = waiting()
    job = await post(jp_fetch, "jobs", verb="verify", folder="counting")
    (pid,) = await until(pids)
    os.kill(pid, signal.SIGKILL)
    detail = await ended(jp_fetch, job["id"])
    assert detail["job"]["state"] == "failed"
    assert detail["job"]["error"]["kind"] == "job-died"
    assert detail["job"]["error"]["message"] == "verify was ended by SIGKILL (out of memory?)."
    assert detail["job"]["output"] == "something\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_job_that_does_not_listen_is_killed(
    jp_fetch: Any, root: Path, waiting: Any, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """One that ignores the first signal gets the second, one that ignores both gets no third to ignore."""
    monkeypatch.setattr("nbmlops.doors.server.jobs.PATIENCE", (0.1, 0.1))
    ignored = [signal.SIGINT] if number is signal.SIGINT else [signal.SIGINT, signal.SIGTERM]
    pids = waiting("import signal\n" + "\n".join(f"signal.signal({int(each)}, signal.SIG_IGN)" for each in ignored))
    job = await post(jp_fetch, "jobs", verb="verify", folder="counting")
    (pid,) = await until(pids)
    await delete(jp_fetch, "jobs", job["id"])
    detail = await ended(jp_fetch, job["id"])
    assert detail["job"]["state"] == "cancelled"
    assert detail["job"]["error"] is None
    assert not is_running(pid)


async def test_what_a_job_says_in_no_language_of_ours_ends_it(
    jp_fetch: Any, root: Path, waiting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = waiting('print(\'{"says": "hello"}\', flush=True)')
    job = await post(jp_fetch, "jobs", verb="verify", folder="counting")
    detail = await ended(jp_fetch, job["id"])
    assert detail["job"]["state"] == "failed"
    assert detail["job"]["error"]["kind"] == "bug"
    assert not any(is_running(pid) for pid in await pids())


async def test_a_job_that_cannot_be_started_says_why(
    jp_fetch: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_process, "command", lambda: ["/no/such/python"])
    job = await post(jp_fetch, "jobs", verb="doctor", folder="counting")
    detail = await ended(jp_fetch, job["id"])
    assert detail["job"]["state"] == "failed"
    assert detail["job"]["error"]["kind"] == "job-not-started"
    assert "\n" not in detail["job"]["error"]["message"]


async def test_so_many_run_at_once_and_the_others_wait(
    jp_fetch: Any, root: Path, waiting: Any, jp_serverapp: Any
) -> None:
    pids = waiting()
    jobs = [await post(jp_fetch, "jobs", verb="verify", folder="counting") for _ in range(6)]

    async def states() -> list[str]:
        return [(await get(jp_fetch, "jobs", job["id"]))["job"]["state"] for job in jobs]

    async def four() -> list[int]:
        found: list[int] = await pids()
        return found if len(found) == 4 else []

    running = await until(four)
    assert await states() == ["running"] * 4 + ["queued"] * 2
    assert (await delete(jp_fetch, "jobs", jobs[4]["id"]))["state"] == "cancelled"
    os.kill(running[0], signal.SIGKILL)

    async def next_one() -> bool:
        return (await states())[5] == "running"

    await until(next_one)
    assert sorted(await states()) == ["cancelled", "failed", "running", "running", "running", "running"]


async def test_old_jobs_are_forgotten_and_no_more_wait_than_make_sense(
    jp_fetch: Any, root: Path, waiting: Any, monkeypatch: pytest.MonkeyPatch, jp_serverapp: Any
) -> None:
    monkeypatch.setattr("nbmlops.doors.server.jobs.KEPT", 2)
    monkeypatch.setattr("nbmlops.doors.server.jobs.QUEUED", 1)
    quick = []
    for _ in range(4):
        quick.append(await post(jp_fetch, "jobs", verb="snapshots", folder="counting"))
        await ended(jp_fetch, quick[-1]["id"])
    kept = [job["id"] for job in (await get(jp_fetch, "jobs"))["jobs"]]
    assert kept == [quick[-1]["id"], quick[-2]["id"]]
    assert not jp_serverapp.extension_manager.any_activity()
    waiting()
    going = [await post(jp_fetch, "jobs", verb="verify", folder="counting") for _ in range(5)]
    assert jp_serverapp.extension_manager.any_activity()
    status, answer = await refused(jp_fetch, "jobs", method="POST", body='{"verb": "doctor", "folder": "counting"}')
    assert (status, answer["kind"]) == (409, "jobs-full")
    kept = [job["id"] for job in (await get(jp_fetch, "jobs"))["jobs"]]
    assert kept[:5] == [job["id"] for job in reversed(going)]


async def test_the_server_takes_its_jobs_with_it(jp_fetch: Any, root: Path, waiting: Any, jp_serverapp: Any) -> None:
    pids = waiting("import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)")
    for _ in range(2):
        await post(jp_fetch, "jobs", verb="verify", folder="counting")

    async def both() -> list[int]:
        found: list[int] = await pids()
        return found if len(found) == 2 else []

    running = await until(both)
    await jp_serverapp.cleanup_extensions()
    assert not any(is_running(pid) for pid in running)
    await refused(jp_fetch, "jobs", method="POST", body='{"verb": "doctor"}')
    assert len(await pids()) == 2


async def test_a_job_does_not_know_the_servers_token(
    jp_fetch: Any, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JUPYTER_TOKEN", "JPY_API_TOKEN", "JPY_SESSION_NAME", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.setenv(name, "a-secret")
    monkeypatch.setenv("JUPYTER_PATH", "/kept")
    script = tmp_path / "telling.py"
    script.write_text("import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))")
    told = tmp_path / "told.json"
    monkeypatch.setattr(job_process, "command", lambda: [sys.executable, str(script), str(told)])
    job = await post(jp_fetch, "jobs", verb="doctor", folder="counting")
    detail = await ended(jp_fetch, job["id"])
    assert detail["job"]["error"]["message"] == "doctor ended with 0."
    found = json.loads(told.read_text())
    assert "a-secret" not in found.values()
    assert found["JUPYTER_PATH"] == "/kept"


async def test_a_module_of_the_users_folder_takes_no_others_place(jp_fetch: Any, root: Path) -> None:
    (root / "counting" / "json.py").write_text("raise SystemExit(3)")
    (root / "counting" / "nbmlops.py").write_text("raise SystemExit(3)")
    job = await post(jp_fetch, "jobs", verb="snapshots", folder="counting")
    detail = await ended(jp_fetch, job["id"])
    assert detail["job"]["state"] == "done", detail
    assert "first" in {snapshot["message"] for snapshot in detail["result"]["snapshots"]}


async def test_a_secret_among_the_arguments_is_not_repeated(jp_fetch: Any, root: Path) -> None:
    given = {"pipeline": "pipelines/count", "param": ["factor=3", "password=swordfish"]}
    job = await post(jp_fetch, "jobs", verb="run", folder="counting", arguments=given)
    detail = await ended(jp_fetch, job["id"])
    assert detail["job"]["arguments"]["param"] == ["factor=3", "password=[redacted]"]
    assert "swordfish" not in json.dumps(await get(jp_fetch, "jobs"))


async def test_two_jobs_in_one_project_at_once(jp_fetch: Any, root: Path) -> None:
    jobs = await asyncio.gather(
        post(jp_fetch, "jobs", verb="snapshot", folder="counting", arguments={"message": "one"}),
        post(jp_fetch, "jobs", verb="run", folder="counting", arguments={"pipeline": "pipelines/count"}),
    )
    details = [await ended(jp_fetch, job["id"]) for job in jobs]
    assert [detail["job"]["state"] for detail in details] == [JobState.DONE, JobState.DONE], details
