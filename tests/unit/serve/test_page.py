from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from starlette.testclient import TestClient

from nbmlops.serve.app import service
from nbmlops.serve.slot import Slot
from tests.unit.serve.models import served


def test_the_page_is_free_and_asks_nobody_else(tmp_path: Path) -> None:
    answer = TestClient(service(Slot("wine", served(tmp_path)), token="secret")).get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(each.split(" ", 1) for each in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for tag in ("script", "style"):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{digest}'"
    assert "http:" not in answer.text
    assert "https:" not in answer.text
    assert " style=" not in answer.text
    assert "innerHTML" not in answer.text
    assert "alcohol" not in answer.text


def test_a_name_is_text() -> None:
    name = "<script>alert(1)</script>&\"'"
    text = TestClient(service(Slot(name), token="")).get("/").text
    assert name not in text
    assert text.count("<script>") == 1
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#x27;") == 2
