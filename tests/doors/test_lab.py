"""The address that `nbmlops lab` opens."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from tests.doors.rest import get

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("", "lab"),
        ("wine.ipynb", "lab/tree/wine.ipynb"),
        ("a/b ü#?.ipynb", "lab/tree/a/b%20%C3%BC%23%3F.ipynb"),
        ("/elsewhere.example/", "lab/tree//elsewhere.example/"),
    ],
)
async def test_it_leads_to_the_page_with_the_sidebar(jp_fetch: Any, jp_base_url: str, asked: str, page: str) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("nbmlops", f"lab/{asked}", follow_redirects=False)
    assert caught.value.code == 302
    assert caught.value.response.headers["Location"] == f"{jp_base_url}{page}?nbmlops=show"


async def test_nobody_is_led_anywhere_but_to_the_login(jp_fetch: Any) -> None:
    assert (await get(jp_fetch))["api"]
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("nbmlops", "lab", "wine.ipynb", headers={"Authorization": ""}, follow_redirects=False)
    found = caught.value.response.headers.get("Location", "")
    assert caught.value.code == 403 or "/login?" in found
