"""REST under Jupyter's server: who may ask, what is refused, and how errors look."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.base.handlers import JupyterHandler
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.web import RequestHandler

import nbmlops
from nbmlops.doors.server.app import NbmlopsApp
from nbmlops.doors.server.documents import API
from nbmlops.doors.server.handler import Handler
from nbmlops.ops.verbs import VERBS, Effect
from tests.doors.rest import PATIENCE_SECONDS, get, post, refused, until

pytest_plugins = ["pytest_jupyter.jupyter_server"]


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
    answer = await get(jp_fetch)
    assert (answer["version"], answer["api"]) == (nbmlops.__version__, API)
    export = next(verb for verb in answer["verbs"] if verb["name"] == "export")
    assert export["effect"] == "write"
    assert export["usage"].startswith("export [NOTEBOOK]")
    assert "notebook" in json.dumps(export["schema"])
    assert not export["needs_kernel"]


async def test_the_table_has_what_forms_and_magic_lines_need(jp_fetch: Any, root: Path) -> None:
    verbs = {verb["name"]: verb for verb in (await get(jp_fetch))["verbs"]}
    assert verbs["keep"]["needs_kernel"]
    assert set(verbs) == {verb.name for verb in VERBS if not verb.is_terminal}
    fields = {(verb, field["name"]): field for verb, entry in verbs.items() for field in entry["fields"]}
    limit = fields["runs", "limit"]
    assert (limit["type"], limit["default"], limit["short"], limit["flag"]) == ("int", 20, "n", "--limit")
    direction = fields["sweep", "direction"]
    assert (direction["type"], direction["choices"]) == ("choice", ["maximize", "minimize"])
    assert fields["run", "force"]["type"] == "flag"
    assert fields["run", "param"]["many"]
    pipeline = fields["run", "pipeline"]
    assert (pipeline["positional"], pipeline["required"], pipeline["flag"]) == (True, True, "")
    assert all(field["help"] for field in fields.values())


async def test_an_answer_that_the_client_has_is_not_sent_again(jp_fetch: Any, root: Path) -> None:
    """Although it says at which moment it was given."""
    first = await jp_fetch("nbmlops", "api", "runs", params={"folder": "counting"})
    mark = first.headers["Etag"]
    assert mark.startswith("W/")
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("nbmlops", "api", "runs", params={"folder": "counting"}, headers={"If-None-Match": mark})
    assert caught.value.code == 304
    other = {"folder": "counting", "limit": "0"}
    assert (await jp_fetch("nbmlops", "api", "runs", params=other, headers={"If-None-Match": mark})).code == 200


async def test_the_time_that_lab_adds_to_an_address_is_no_argument(jp_fetch: Any, root: Path) -> None:
    for path in ("runs", "rows", "changes", "jobs"):
        assert (await jp_fetch("nbmlops", "api", path, params={"folder": "counting", "1732203000000": ""})).code == 200
    assert (await refused(jp_fetch, "runs", params={"folder": "counting", "1732203000000": "x"}))[0] == 400


async def test_a_folder_inside_of_a_project_finds_it(jp_fetch: Any, root: Path) -> None:
    whole = await get(jp_fetch, "runs", folder="counting")
    part = await get(jp_fetch, "runs", folder="counting/pipelines/count")
    assert whole["runs"] == part["runs"] != []
    assert (await get(jp_fetch, "changes", folder="counting/data"))["folder"] == "counting"


@pytest.mark.parametrize("path", ["changes", "rows", "jobs"])
@pytest.mark.parametrize("folder", ["../outside", "absent", "counting/data/numbers.txt", "a\0b", "x" * 5000])
async def test_no_document_comes_from_outside_of_the_root(jp_fetch: Any, root: Path, path: str, folder: str) -> None:
    status, answer = await refused(jp_fetch, path, params={"folder": folder})
    assert (status, answer["kind"]) == (404, "folder-missing")


async def test_a_slow_reader_keeps_nobody_waiting(jp_fetch: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither other verbs nor what else the server does."""
    import nbmlops.ops.doctor as slow

    began, go_on = threading.Event(), threading.Event()
    quick = slow.doctor

    def wait(call: Any, request: Any) -> Any:
        began.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return quick(call, request)

    monkeypatch.setattr(slow, "doctor", wait)
    waiting = asyncio.ensure_future(jp_fetch("nbmlops", "api", "doctor", params={"folder": "counting"}))
    try:
        assert await asyncio.to_thread(began.wait, PATIENCE_SECONDS)
        assert (await jp_fetch("api", "status")).code == 200
        assert (await get(jp_fetch, "runs", folder="counting"))["runs"]
        assert not waiting.done()
    finally:
        go_on.set()
        assert (await waiting).code == 200


async def test_cells_of_an_editor_are_told_as_those_of_the_file(jp_fetch: Any, root: Path) -> None:
    saved = await get(jp_fetch, "cells", folder="counting", notebook="count.ipynb")
    assert await post(jp_fetch, "cells", folder="counting", notebook="count.ipynb") == saved
    file = json.loads((root / "counting" / "count.ipynb").read_text())
    held = [
        {
            "id": cell["id"],
            "kind": cell["cell_type"],
            "source": "".join(cell["source"]),
            "tags": cell["metadata"].get("tags", []),
        }
        for cell in file["cells"]
    ]
    assert await post(jp_fetch, "cells", folder="counting", notebook="count.ipynb", cells=held) == saved
    assert saved["steps"]
    unsaved = [*held, {"id": "new", "kind": "code", "source": "tail = total + 1\nprint(tail)"}]
    answer = await post(jp_fetch, "cells", folder="counting/data", notebook="../count.ipynb", cells=unsaved)
    assert [cell["id"] for cell in answer["cells"]] == [cell["id"] for cell in unsaved]
    assert answer["cells"][-1]["step"]
    broken = [*held, {"id": "new", "kind": "code", "source": "def"}]
    answer = await post(jp_fetch, "cells", folder="counting", notebook="absent.ipynb", cells=broken)
    assert len(answer["cells"]) == len(broken)
    assert answer["problem"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"notebook": "../../outside/x.ipynb", "cells": []}, 404),
        ({"notebook": "x.ipynb", "cells": [{"id": "a"}]}, 400),
        ({"notebook": "x.ipynb", "cells": {}}, 400),
        ({"cells": []}, 400),
        ({"notebook": "x.ipynb", "cells": [{"id": "a", "kind": "odd", "source": ""}]}, 400),
        ({}, 400),
        ({"notebook": "absent.ipynb"}, 404),
    ],
)
async def test_malformed_cells_are_refused(jp_fetch: Any, root: Path, body: dict[str, Any], status: int) -> None:
    body = {"folder": "counting", **body}
    found, answer = await refused(jp_fetch, "cells", method="POST", body=json.dumps(body))
    assert found == status
    assert "\n" not in answer["message"]


async def test_what_nobody_waits_for_any_more_is_not_done(
    jp_fetch: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who scrolls asks for windows faster than they come."""
    import nbmlops.ops.doctor as slow

    go_on, calls = threading.Event(), []
    quick = slow.doctor

    def wait(call: Any, request: Any) -> Any:
        calls.append(call)
        assert go_on.wait(PATIENCE_SECONDS)
        return quick(call, request)

    async def all_busy() -> bool:
        return len(calls) == 4

    monkeypatch.setattr(slow, "doctor", wait)
    try:
        waiting = [asyncio.ensure_future(jp_fetch("nbmlops", "api", "doctor")) for _ in range(4)]
        await until(all_busy)
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch("nbmlops", "api", "doctor", request_timeout=0.2)
        assert caught.value.code == 599
    finally:
        go_on.set()
    await asyncio.gather(*waiting)
    assert (await get(jp_fetch, "runs", folder="counting"))["runs"]
    assert len(calls) == 4


def handlers() -> dict[str, type[JupyterHandler]]:
    """Every handler that there is, by the path that the application gives it."""
    app = NbmlopsApp()
    app.initialize_handlers()
    return dict(app.handlers)


def test_no_handler_is_left_out_by_the_next_test() -> None:
    made, waiting = set(), [JupyterHandler]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        made.add(cls)
    ours = {cls for cls in made if cls.__module__.startswith("nbmlops.")}
    assert ours - {Handler} == set(handlers().values())


def test_every_method_of_every_handler_asks_who_it_is_and_whether_they_may() -> None:
    methods = [
        method
        for cls in handlers().values()
        for name in cls.SUPPORTED_METHODS
        if name != "OPTIONS"  # Jupyter's own: says which methods there are
        and (method := getattr(cls, name.lower())) is not getattr(RequestHandler, name.lower())
    ]
    assert len(methods) >= 8
    for method in methods:
        source, wrappers = method, []
        while hasattr(source, "__wrapped__"):
            wrappers.append(source.__code__)
            source = source.__wrapped__
        found = [(Path(code.co_filename).name, code.co_name) for code in wrappers]
        assert found == [("web.py", "wrapper"), ("decorator.py", "inner")], method.__qualname__


ROUTES = [
    ("GET", ""), ("GET", "runs"), ("POST", "runs"), ("POST", "init"), ("GET", "jobs"), ("POST", "jobs"),
    ("GET", "jobs/x"), ("DELETE", "jobs/x"), ("GET", "changes"), ("GET", "rows"), ("POST", "cells"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_no_route_answers_nobody(jp_fetch: Any, root: Path, method: str, path: str) -> None:
    body = "{}" if method == "POST" else None
    status, _ = await refused(jp_fetch, *path.split("/"), method=method, body=body, headers={"Authorization": ""})
    assert status == 403


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] != "GET"])
async def test_no_writing_route_answers_a_cookie_alone(
    jp_fetch: Any, root: Path, jp_serverapp: Any, method: str, path: str
) -> None:
    """As for Jupyter's own API: a page elsewhere must not do anything with the user's cookie."""
    client, cookie = AsyncHTTPClient(), await login(jp_serverapp)
    headers, body = {"Cookie": cookie}, '{"path": "made"}' if method == "POST" else None
    base = f"{jp_serverapp.connection_url}nbmlops/api/"
    assert (await client.fetch(f"{base}jobs", headers=headers)).code == 200
    with pytest.raises(HTTPClientError) as caught:
        await client.fetch(base + path, method=method, body=body, headers=headers)
    assert caught.value.code == 403
    assert b"_xsrf" in caught.value.response.body
    assert not (root / "made").exists()


async def login(jp_serverapp: Any) -> str:
    """The cookie of somebody who came with the token."""
    token = urllib.parse.quote(jp_serverapp.identity_provider.token)
    with pytest.raises(HTTPClientError) as landed:
        await AsyncHTTPClient().fetch(f"{jp_serverapp.connection_url}login?token={token}", follow_redirects=False)
    cookies = landed.value.response.headers.get_list("Set-Cookie")
    cookie = "; ".join(each.split(";")[0] for each in cookies)
    assert "username" in cookie
    return cookie


async def test_somebody_who_may_only_read_cannot_write(jp_fetch: Any, root: Path, jp_serverapp: Any) -> None:
    from jupyter_server.auth import Authorizer

    class OnlyReading(Authorizer):  # type: ignore[misc]
        def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
            return action == "read" and resource == "nbmlops"

    jp_serverapp.web_app.settings["authorizer"] = OnlyReading(parent=jp_serverapp)
    await jp_fetch("nbmlops", "api", "runs", params={"folder": "counting"})
    await jp_fetch("nbmlops", "api", "jobs")
    for path in ("init", "jobs", "cells"):
        status, _ = await refused(jp_fetch, path, method="POST", body='{"folder": "counting", "verb": "verify"}')
        assert status == 403
    assert (await refused(jp_fetch, "jobs", "x", method="DELETE"))[0] == 403
    assert (await get(jp_fetch, "jobs"))["jobs"] == []
