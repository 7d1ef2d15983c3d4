"""REST under Jupyter's server: who may ask, what is refused, and how errors look."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from nbmlops.doors.server import handlers
from nbmlops.ops.verbs import VERBS, Effect

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"nbmlops": True}, "allow_unauthenticated_access": False}}


@pytest.fixture
def root(jp_root_dir: Path, counted: Path) -> Path:
    """The server's folder, with a project in it."""
    from tests.doors.conftest import copy_of

    copy_of(counted, jp_root_dir / "counting")
    (jp_root_dir.parent / "outside").mkdir()
    return jp_root_dir


async def refused(jp_fetch: Any, *path: str, **options: Any) -> tuple[int, Any]:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("nbmlops", "api", *path, **options)
    body = caught.value.response.body if caught.value.response else b""
    try:
        return caught.value.code, json.loads(body)
    except ValueError:
        return caught.value.code, body.decode()


async def test_a_reading_verb_answers_get_and_post_alike(jp_fetch: Any, root: Path) -> None:
    got = await jp_fetch("nbmlops", "api", "runs", params={"folder": "counting", "limit": "1"})
    posted = await jp_fetch(
        "nbmlops", "api", "runs", method="POST", body=json.dumps({"folder": "counting", "limit": 1})
    )
    assert json.loads(got.body)["runs"] == json.loads(posted.body)["runs"]
    assert len(json.loads(got.body)["runs"]) == 1
    assert got.headers["Content-Type"] == "application/json"


async def test_nobody_gets_an_answer_without_the_token(jp_fetch: Any, root: Path) -> None:
    nobody = {"Authorization": ""}
    assert (await refused(jp_fetch, headers=nobody))[0] == 403
    assert (await refused(jp_fetch, "runs", headers=nobody, params={"folder": "counting"}))[0] == 403
    status, _ = await refused(jp_fetch, "init", headers=nobody, method="POST", body='{"path": "made"}')
    assert status == 403
    assert not (root / "made").exists()


async def test_a_post_that_a_cookie_carries_needs_the_xsrf_mark(jp_fetch: Any, root: Path, jp_serverapp: Any) -> None:
    """As for Jupyter's own API: a page elsewhere must not post with the user's cookie."""
    import urllib.parse

    from tornado.httpclient import AsyncHTTPClient

    client = AsyncHTTPClient()
    base = jp_serverapp.connection_url
    login = f"{base}login?token={urllib.parse.quote(jp_serverapp.identity_provider.token)}"
    with pytest.raises(HTTPClientError) as landed:
        await client.fetch(login, follow_redirects=False)
    cookies = landed.value.response.headers.get_list("Set-Cookie")
    cookie = "; ".join(each.split(";")[0] for each in cookies)
    assert "username" in cookie
    with pytest.raises(HTTPClientError) as caught:
        await client.fetch(
            f"{base}nbmlops/api/init", method="POST", body='{"path": "made"}', headers={"Cookie": cookie}
        )
    assert caught.value.code == 403
    assert not (root / "made").exists()


@pytest.mark.parametrize(
    "folder", ["../outside", "counting/../../outside", "/../outside", "absent", "counting/data/numbers.txt"]
)
async def test_a_folder_outside_of_the_root_does_not_exist(jp_fetch: Any, root: Path, folder: str) -> None:
    status, answer = await refused(jp_fetch, "status", params={"folder": folder})
    assert (status, answer["kind"]) == (404, "folder-missing")
    status, answer = await refused(jp_fetch, "init", method="POST", body=json.dumps({"folder": folder}))
    assert (status, answer["kind"]) == (404, "folder-missing")
    assert not list((root.parent / "outside").iterdir())


async def test_a_link_out_of_the_root_leads_nowhere(jp_fetch: Any, root: Path) -> None:
    (root / "link").symlink_to(root.parent / "outside")
    assert (await refused(jp_fetch, "status", params={"folder": "link"}))[0] == 404


async def test_what_changes_something_refuses_get(jp_fetch: Any, root: Path) -> None:
    for verb in VERBS:
        if verb.effect is Effect.WRITE and not verb.needs_kernel and not verb.is_terminal:
            status, answer = await refused(jp_fetch, verb.name, params={"folder": "counting"})
            assert status == 405, verb.name
            assert answer["kind"] == "verb-changes"
            assert "traceback" not in answer


async def test_an_unknown_verb_is_not_found_and_near_ones_are_named(jp_fetch: Any, root: Path) -> None:
    for options in ({}, {"method": "POST", "body": "{}"}):
        status, answer = await refused(jp_fetch, "runns", **options)
        assert (status, answer["kind"]) == (404, "verb-missing")
        assert "runs" in answer["hint"]


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS if verb.needs_kernel or verb.is_terminal])
async def test_a_verb_of_another_door_is_not_found_here(jp_fetch: Any, root: Path, verb: str) -> None:
    status, answer = await refused(jp_fetch, verb, method="POST", body="{}")
    assert (status, answer["kind"]) == (404, "verb-not-here")


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "\xff", '{"limit": 1e400}', '{"limit": [1]}', '{"surprise": 1}'])
async def test_a_malformed_body_is_one_line(jp_fetch: Any, root: Path, body: str) -> None:
    sent = body.encode("latin-1")
    status, answer = await refused(jp_fetch, "runs", method="POST", body=sent)
    assert (status, answer["kind"]) == (400, "arguments-malformed")
    assert "\n" not in answer["message"]


async def test_a_folder_without_a_project_is_not_found(jp_fetch: Any, root: Path) -> None:
    (root / "plain").mkdir()
    status, answer = await refused(jp_fetch, "runs", params={"folder": "plain"})
    assert (status, answer["kind"]) == (404, "project-missing")


async def test_a_bug_of_ours_is_one_line_of_json_without_traceback(jp_fetch: Any, root: Path) -> None:
    (root / "counting" / ".nbmlops" / "records.db").write_bytes(b"this is no database, only a text" * 100)
    status, answer = await refused(jp_fetch, "snapshots", params={"folder": "counting"})
    assert status == 500
    assert answer["kind"]
    assert "\n" not in answer["message"]
    assert "Traceback" not in json.dumps(answer)


async def test_the_table_says_how_to_call_each_verb(jp_fetch: Any, root: Path) -> None:
    answer = json.loads((await jp_fetch("nbmlops", "api")).body)
    export = next(verb for verb in answer["verbs"] if verb["name"] == "export")
    assert export["effect"] == "write"
    assert export["usage"].startswith("export [NOTEBOOK]")
    assert "notebook" in json.dumps(export["schema"])


def test_every_method_of_every_handler_asks_who_it_is_and_whether_they_may() -> None:
    found = [cls for _, cls in inspect.getmembers(handlers, inspect.isclass) if cls.__module__ == handlers.__name__]
    methods = [
        method
        for cls in found
        for name in ("get", "post", "put", "patch", "delete", "head")
        if (method := cls.__dict__.get(name)) is not None
    ]
    assert len(methods) >= 3
    for method in methods:
        wrappers = 0
        inner = method
        while hasattr(inner, "__wrapped__"):
            inner, wrappers = inner.__wrapped__, wrappers + 1
        assert wrappers == 2, f"{method.__qualname__} is not both authenticated and authorized"


async def test_somebody_who_may_only_read_cannot_write(jp_fetch: Any, root: Path, jp_serverapp: Any) -> None:
    from jupyter_server.auth import Authorizer

    class OnlyReading(Authorizer):  # type: ignore[misc]
        def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
            return action == "read" and resource == "nbmlops"

    jp_serverapp.web_app.settings["authorizer"] = OnlyReading(parent=jp_serverapp)
    await jp_fetch("nbmlops", "api", "runs", params={"folder": "counting"})
    status, _ = await refused(jp_fetch, "init", method="POST", body='{"folder": "counting"}')
    assert status == 403
