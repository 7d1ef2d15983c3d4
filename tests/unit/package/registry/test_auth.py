"""Who we are goes to whom it should, and to nobody else."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nbmlops.errors import DeniedError, ExternalError, IntegrityError, UnavailableError
from nbmlops.package.layout import Layout
from nbmlops.package.reference import parse
from nbmlops.package.registry.auth import Authorizer, is_loopback
from nbmlops.package.registry.client import Registry, is_plain_by_habit
from nbmlops.package.registry.credentials import Found, Login, docker_file, find
from nbmlops.package.registry.login import login, logout
from nbmlops.package.registry.transfer import pull, push
from tests.unit.package.registry.faulty import Faulty, Handler, redirect, serving, status
from tests.unit.package.registry.packages import package

PASSWORD = "s3cr3t-passw0rd"
ALICE = Login(username="alice", password=PASSWORD)


def known(host: str) -> Found:
    return Found(login=ALICE)


@pytest.fixture
def elsewhere() -> Iterator[Faulty]:
    with serving() as made:
        yield made


def sent(faulty: Faulty) -> list[str]:
    return [each.headers["authorization"] for each in faulty.seen if "authorization" in each.headers]


def test_basic(faulty: Faulty) -> None:
    faulty.basic = f"alice:{PASSWORD}"
    faulty.manifests["a", "v1"] = ("application/json", b"{}")
    with Registry(faulty.host, credentials=known) as registry:
        registry.tags("a")
        registry.tags("a")
    # Asked once for who we are, then told without being asked.
    assert [("authorization" in each.headers) for each in faulty.seen] == [False, True, True]


def test_a_wrong_password_and_none(faulty: Faulty) -> None:
    faulty.basic = "alice:other"
    with (
        Registry(faulty.host, credentials=known) as registry,
        pytest.raises(DeniedError, match=f"refuses the login of alice.*nbmlops login {faulty.host}"),
    ):
        registry.tags("a")
    with (
        Registry(faulty.host, credentials=lambda host: Found(problems=("box is not installed.",))) as one,
        pytest.raises(DeniedError, match=r"wants a login \(box is not installed\)"),
    ):
        one.tags("a")


def test_a_token_is_fetched_once_for_a_push_and_once_for_a_pull(faulty: Faulty, layout: Layout) -> None:
    faulty.bearer, faulty.basic = True, f"alice:{PASSWORD}"
    name = parse(f"{faulty.host}/team/wine:v1")
    package(layout, f"{name}", [b"model", b"data", b"more"])
    with Registry(faulty.host, credentials=known) as registry:
        push(layout, name, registry)
        assert faulty.count("GET /token") == 1
    with Registry(faulty.host, credentials=known) as registry:
        pull(registry, name, Layout(layout.root / "other"))
        assert faulty.count("GET /token") == 2
    assert set(faulty.tokens.values()) == {"repository:team/wine:pull,push", "repository:team/wine:pull"}
    # The password goes to the token server only.
    basic = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
    assert {each.path.partition("?")[0] for each in faulty.seen if basic in each.headers.get("authorization", "")} == {
        "/token"
    }


def test_a_token_that_has_ended_is_renewed(faulty: Faulty, registry: Registry) -> None:
    faulty.bearer = True
    faulty.manifests["a", "v1"] = ("application/json", b"{}")
    registry.tags("a")
    faulty.tokens.clear()
    assert registry.tags("a") == ("v1",)
    assert faulty.count("GET /token") == 2


def test_several_threads_share_a_token(faulty: Faulty, registry: Registry) -> None:
    faulty.bearer = True
    faulty.manifests["a", "v1"] = ("application/json", b"{}")
    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(lambda _: registry.tags("a"), range(20))) == {("v1",)}
    assert faulty.count("GET /token") == 1


def test_an_identity_token_is_posted(faulty: Faulty) -> None:
    faulty.bearer, faulty.basic = True, "nobody:knows"
    faulty.manifests["a", "v1"] = ("application/json", b"{}")
    with Registry(faulty.host, credentials=lambda host: Found(login=Login(identity_token="refresh-me"))) as registry:
        assert registry.tags("a") == ("v1",)
    assert faulty.count("POST /token") == 1


def test_a_registry_token_is_used_as_it_is(faulty: Faulty) -> None:
    faulty.bearer = True
    faulty.tokens["mine"] = "repository:a:pull"
    faulty.manifests["a", "v1"] = ("application/json", b"{}")
    with Registry(faulty.host, credentials=lambda host: Found(login=Login(registry_token="mine"))) as registry:
        assert registry.tags("a") == ("v1",)
        faulty.tokens.clear()
        with pytest.raises(DeniedError, match="refuses the login of a token"):
            registry.tags("a")


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"token": 3}', b'{"token": "a\\nb"}', b"x" * (2 << 20)])
def test_a_token_server_that_talks_nonsense(faulty: Faulty, registry: Registry, answer: bytes) -> None:
    faulty.bearer = True
    faulty.rule("/token", lambda handler: handler.answer(200, answer))
    with pytest.raises((DeniedError, IntegrityError)) as caught:
        registry.tags("a")
    assert "\n" not in str(caught.value)


def test_a_token_never_ends_the_asking(faulty: Faulty, registry: Registry) -> None:
    faulty.rule("GET /v2/", status(401, WWW_Authenticate=f'Bearer realm="http://{faulty.host}/token"'))
    with pytest.raises(DeniedError, match=r"does not allow to list tags of a.*nbmlops login"):
        registry.tags("a")
    assert faulty.count("GET /token") <= 3


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.example/token",
        "ftp://auth.example",
        "token",
        "",
        "https://",
        "https://me:pw@auth.example/",
        "https://a:99999/",
    ],
)
def test_a_password_is_not_sent_to_such_a_token_server(realm: str) -> None:
    asked: list[str] = []

    def ask(method: str, url: str, *, authorization: str, form: dict[str, str]) -> dict[str, Any]:
        asked.append(url)
        return {"token": "x"}

    authorizer = Authorizer("reg.example", find=known, ask=ask, may_be_plain=False)
    with pytest.raises(DeniedError, match="No login was sent"):
        authorizer.answer({"WWW-Authenticate": f'Bearer realm="{realm}"'}, "repository:a:pull", "")
    assert asked == []
    authorizer.answer({"WWW-Authenticate": 'Bearer realm="https://auth.example/t?x=1"'}, "repository:a:pull", "")
    assert asked == ["https://auth.example/t?x=1&scope=repository%3Aa%3Apull&account=alice"]


def test_a_redirect_elsewhere_goes_without_us(faulty: Faulty, elsewhere: Faulty, layout: Layout) -> None:
    faulty.basic = f"alice:{PASSWORD}"
    name = parse(f"{faulty.host}/team/wine:v1")
    package(layout, f"{name}", [b"model" * 1000])
    with Registry(faulty.host, credentials=known) as registry:
        push(layout, name, registry)
        for (_, digest), data in faulty.blobs.items():
            elsewhere.rule(f"GET /store/{digest}", lambda handler, data=data: handler.answer(200, data))  # type: ignore[misc]
            faulty.rule(f"GET .*/blobs/{digest}", redirect(f"http://{elsewhere.host}/store/{digest}?signature=abc"))
        pull(registry, name, Layout(layout.root / "other"))
    assert elsewhere.count("GET /store") == 2
    assert sent(elsewhere) == []
    assert not any("cookie" in each.headers for each in elsewhere.seen)


def test_who_we_are_is_not_told_to_who_asks_elsewhere(faulty: Faulty, elsewhere: Faulty) -> None:
    faulty.rule("GET .*/manifests/", redirect(f"http://{elsewhere.host}/m"))
    elsewhere.rule("GET /m", status(401, WWW_Authenticate='Basic realm="give me"'))
    with (
        Registry(faulty.host, credentials=known) as registry,
        pytest.raises(DeniedError, match=f"{faulty.host} does not allow to pull from a by way of {elsewhere.host}"),
    ):
        registry.manifest("a", "v1")
    assert sent(elsewhere) == []


def test_a_list_that_goes_on_elsewhere_is_read_at_home(faulty: Faulty, elsewhere: Faulty) -> None:
    faulty.basic = f"alice:{PASSWORD}"
    link = f'<http://{elsewhere.host}/v2/a/tags/list?last=v1>; rel="next"'

    def first(handler: Handler) -> None:
        handler.answer(200, json.dumps({"tags": ["v1"]}).encode(), Link=link)

    faulty.rule("n=1000", first)
    faulty.manifests["a", "v2"] = ("application/json", b"{}")
    with Registry(faulty.host, credentials=known) as registry:
        assert registry.tags("a") == ("v1", "v2")
    assert elsewhere.seen == []


def test_redirects_in_a_circle_and_to_nowhere(faulty: Faulty, registry: Registry) -> None:
    faulty.rule("/manifests/round", redirect("/v2/a/manifests/round"))
    faulty.rule("/manifests/odd", redirect("gopher://x/"))
    faulty.rule("/manifests/none", redirect(""))
    faulty.rule("/manifests/port", redirect("http://127.0.0.1:99999/"))
    for name in ("round", "odd", "none", "port"):
        with pytest.raises(ExternalError, match="redirects"):
            registry.manifest("a", name)


def test_no_error_shows_a_secret(faulty: Faulty) -> None:
    faulty.bearer, faulty.basic = True, f"alice:{PASSWORD}"
    tokens: list[str] = []

    def chatty(handler: Handler) -> None:
        said = handler.headers.get("Authorization", "").partition(" ")[2]
        if said in faulty.tokens:
            tokens.append(said)
            handler.error(403, "DENIED", f"{said} and {PASSWORD} may not")
        else:
            handler.error(401, "X", WWW_Authenticate=f'Bearer realm="http://{faulty.host}/token"')

    faulty.rule("/manifests/", chatty)
    with Registry(faulty.host, credentials=known) as registry, pytest.raises(DeniedError, match="may not") as caught:
        registry.manifest("a", "v1")
    text = f"{caught.value}{caught.value.facts}"
    assert tokens
    assert PASSWORD not in text
    assert tokens[0] not in text


def test_a_signed_address_is_not_shown(faulty: Faulty, registry: Registry) -> None:
    faulty.rule("/manifests/", redirect("http://127.0.0.1:1/blob?X-Signature=topsecret"))
    with pytest.raises(UnavailableError) as caught:
        registry.manifest("a", "v1")
    assert "topsecret" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)


def test_netrc_is_not_ours(faulty: Faulty, registry: Registry) -> None:
    (Path.home() / ".netrc").write_text("machine 127.0.0.1 login eve password x\n")
    faulty.manifests["a", "v1"] = ("application/json", b"{}")
    registry.tags("a")
    assert sent(faulty) == []


def test_login_keeps_what_works_and_logout_forgets_it(faulty: Faulty) -> None:
    faulty.basic = f"alice:{PASSWORD}"
    with pytest.raises(DeniedError, match="refuses the login of alice"):
        login(faulty.host, Login(username="alice", password="wrong"))
    assert not docker_file().exists()
    assert login(faulty.host, ALICE) == str(docker_file())
    assert find(faulty.host).login == ALICE
    with Registry(faulty.host) as registry:
        registry.check()
    assert logout(faulty.host)
    assert not logout(faulty.host)


def test_a_traceback_has_no_secrets_in_its_messages(faulty: Faulty) -> None:
    faulty.basic = "alice:other"
    with Registry(faulty.host, credentials=known) as registry, pytest.raises(DeniedError) as caught:
        registry.tags("a")
    shown = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in shown
    assert base64.b64encode(f"alice:{PASSWORD}".encode()).decode() not in shown


@pytest.mark.parametrize(
    ("host", "is_plain"),
    [
        ("127.0.0.1:5000", True),
        ("127.9.0.1:5000", True),
        ("localhost:80", True),
        ("[::1]:5000", True),
        ("localhost", False),
        ("127.0.0.1", False),
        ("127.0.0.1.evil.example:5000", False),
        ("localhost.evil.example:5000", False),
        ("ghcr.io", False),
        ("reg.example:5000", False),
        ("10.0.0.1:5000", False),
        ("a:b", False),
    ],
)
def test_where_plain_http_is_the_habit(host: str, is_plain: bool) -> None:
    assert is_plain_by_habit(host) is is_plain
    assert is_loopback("127.evil.example") is False
