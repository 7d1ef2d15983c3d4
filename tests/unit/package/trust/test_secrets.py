"""Tokens are put together here, so that no file of ours has the shape of one."""

from __future__ import annotations

import base64
import io
import json
import os
import random
import string
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.errors import ExternalError
from nbmlops.package.trust import secrets
from nbmlops.package.trust.secret_rules import entropy, is_code, of_name
from nbmlops.package.trust.secrets import Secret, scan, scan_stream

_random = random.Random(7)


def letters(size: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """At least one letter of either case and a digit where the alphabet has them."""
    fixed = [each for each in ("q", "R", "7") if each in alphabet]
    return "".join(fixed + _random.choices(alphabet, k=size - len(fixed)))


BASE32 = string.ascii_uppercase + "234567"
HEX = "0123456789abcdef"
PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)
WEB_TOKEN = ".".join(
    base64.urlsafe_b64encode(each).rstrip(b"=").decode()
    for each in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"4711","name":"x"}', bytes(range(32)))
)
TOKENS = {
    "AWS access key": "AK" + "IA" + letters(16, BASE32),
    "Google API key": "AI" + "za" + letters(35),
    "Google OAuth secret": "GOCS" + "PX-" + letters(28),
    "GitHub token": "gh" + "p_" + letters(36),
    "GitLab token": "glp" + "at-" + letters(20),
    "Slack token": "xo" + "xb-" + letters(12, string.digits) + "-" + letters(24),
    "OpenAI key": "s" + "k-proj-" + letters(48),
    "Anthropic key": "s" + "k-ant-api03-" + letters(93),
    "Hugging Face token": "h" + "f_" + letters(34, string.ascii_letters),
    "npm token": "np" + "m_" + letters(36),
    "PyPI token": "py" + "pi-AgE" + letters(80),
    "Stripe key": "s" + "k_live_" + letters(24),
    "Databricks token": "da" + "pi" + letters(32, HEX),
    "web token": WEB_TOKEN,
}


def look(text: str | bytes, path: str = "a.py") -> list[Secret]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(scan_stream(path, io.BytesIO(data)).secrets)


def kinds(text: str | bytes, path: str = "a.py") -> list[str]:
    return [each.kind for each in look(text, path)]


@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_is_found_and_never_shown(kind: str) -> None:
    token = TOKENS[kind]
    (found,) = look(f'import os\nvalue = "{token}"  # mine\n')
    assert found == Secret(path="a.py", line=2, kind=kind, excerpt='value = "[redacted]')
    assert kinds(f"a,b\n1,{token}\n", "data.csv") == [kind]
    notebook = {"cells": [{"source": [f"token = '{token}'\n"]}]}
    assert kinds(json.dumps(notebook, indent=1), "n.ipynb") == [kind]


@pytest.mark.parametrize("kind", TOKENS)
def test_a_piece_of_a_longer_word_is_no_token(kind: str) -> None:
    assert kinds(f"picture = 'iVBOR{TOKENS[kind]}w0KGgo'", "n.ipynb") == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"aws_secret_access_key = {letters(40)}", "AWS secret key"),
        (f'"SecretAccessKey": "{letters(40)}"', "AWS secret key"),
        (f"AccountName=x;AccountKey={letters(86)}==;", "Azure storage key"),
        (f"//registry.npmjs.org/:_authToken={letters(30)}", "npm token"),
        ("create_engine('postgresql://ana:Wq7rt9zk@db.example.org/wine')", "password in an address"),
        (f'db_password = "{letters(14)}"', "password"),
        (f'"source": ["client_secret = \\"{letters(20)}\\"\\n"]', "password"),
        (f"api_key: str = '{letters(24)}'", "password"),
        (f'os.environ["MY_ACCESS_TOKEN"] = "{letters(24)}"', "password"),
        (
            "url = 'https://hooks.sla" + f"ck.com/services/T{letters(8, BASE32)}/B{letters(8, BASE32)}/{letters(24)}'",
            "Slack webhook",
        ),
    ],
)
def test_what_is_assigned_is_found(text: str, kind: str) -> None:
    (found,) = look(text)
    assert found.kind == kind
    assert found.excerpt.endswith("[redacted]")


@pytest.mark.parametrize("text", [PEM, json.dumps({"key": PEM}), PEM.replace("\n", "\r\n"), f"key = '''{PEM}'''"])
def test_a_private_key_is_found_however_it_is_written(text: str) -> None:
    assert kinds(text) == ["private key"]
    body = PEM.splitlines()[1]
    assert body[:12] not in look(text)[0].excerpt


def test_the_key_of_a_service_account_is_named() -> None:
    document = {"type": "service_account", "project_id": "x", "private_key": PEM, "client_email": "a@b"}
    (found,) = look(json.dumps(document, indent=2), "wine-123.json")
    assert (found.kind, found.line) == ("Google service account", 4)


def test_private_keys_of_gpg_have_headings() -> None:
    block = "PRIVATE KEY BLOCK-----"
    text = f"-----BEGIN PGP {block}\nVersion: GnuPG v2\n\n{letters(64)}\n-----END PGP {block}\n"
    assert kinds(text) == ["private key"]


@pytest.mark.parametrize(
    "text",
    [
        'password = getpass("Password: ")',
        'password = os.environ["DB_PASSWORD_2024"]',
        'secret = "MY_SECRET_NAME_1"',
        'api_key = "your-api-key-goes-here-1"',
        'api_key = "sk-..."',
        'password = "${DB_PASSWORD_1}"',
        'password = "{{ password1 }}"',
        'secret_key = "secrets/wine-key-1"',
        'token = "bert-base-uncased"',
        "postgresql://user:password@localhost/db",
        "postgresql://user:<password>@localhost/db",
        "postgresql://user:${PASSWORD}@localhost/db",
        "https://host:8080/path@x",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "sk-estimator-doc-link-toggleable__label-arrow-container",
        "-----BEGIN PRIVATE KEY-----",
        'if text.startswith("-----BEGIN RSA PRIVATE KEY-----"): pass',
        "eyJhbGciOiJub25l.eyJ4IjoxfQ.short",
        "ghp_" + "x" * 36,
        "ghp_" + "1234567890" * 4,
    ],
)
def test_what_is_no_secret_is_passed_over(text: str) -> None:
    assert look(text) == []


def test_data_may_hold_words_like_password() -> None:
    text = f"name,note\nana,\"password = '{letters(14)}'\"\nx,ftp://u:{letters(8)}@h\n"
    assert kinds(text, "notes.csv") == []
    assert kinds(text, "notes.md") == ["password", "password in an address"]


def test_several_secrets_of_a_line_hide_each_other() -> None:
    first, second = TOKENS["GitHub token"], TOKENS["AWS access key"]
    found = look(f'x = "{first}"; y = "{second}"')
    assert [each.kind for each in found] == ["AWS access key", "GitHub token"]
    assert not any(part in each.excerpt for each in found for part in (first[4:], second[4:]))


def test_a_long_line_is_cut_without_showing_what_is_before() -> None:
    other = letters(300)
    (found,) = look(f'{{"blob": "{other}", "key": "{TOKENS["GitHub token"]}"}}', "a.json")
    assert other[-20:] not in found.excerpt
    assert found.excerpt.endswith('"key": "[redacted]')


@pytest.mark.parametrize("shift", [0, 1, 17, 39])
def test_what_lies_across_two_pieces_is_found_once(monkeypatch: pytest.MonkeyPatch, shift: int) -> None:
    monkeypatch.setattr(secrets, "_PIECE", 256)
    monkeypatch.setattr(secrets, "_SNIFFED", 256)
    monkeypatch.setattr(secrets, "_OVERLAP", 128)
    token = TOKENS["GitHub token"]
    lines = ["x" * 50] * 9 + ["y" * shift + f' "{token}"'] + ["z" * 50] * 20 + [f'"{TOKENS["AWS access key"]}"']
    found = look("\n".join(lines), "a.csv")
    assert [(each.line, each.kind) for each in found] == [(10, "GitHub token"), (31, "AWS access key")]


def test_large_texts_are_read_to_a_limit_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "MOST_TEXT_BYTES", 1 << 20)
    text = f'"{TOKENS["AWS access key"]}"\n'.encode() + b"1,2,3\n" * 500_000
    found = scan_stream("large.csv", io.BytesIO(text))
    assert (len(found.secrets), found.partly) == (1, ("large.csv",))
    assert scan_stream("small.csv", io.BytesIO(b"1,2\n")).partly == ()


def test_weights_are_passed_over_and_small_binaries_are_not() -> None:
    token = TOKENS["GitHub token"].encode()
    assert kinds(b"\x80\x04\x00\x00(" + token + b"\x00", "session.pkl") == ["GitHub token"]
    assert kinds(bytes(3 << 20) + token, "weights.bin") == []
    assert kinds(os.urandom(200_000), "small.bin") == []


def test_text_in_utf_16_is_read() -> None:
    assert kinds(f'key = "{TOKENS["GitHub token"]}"'.encode("utf-16")) == ["GitHub token"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (".env", "file of environment variables"),
        ("conf/prod.env", "file of environment variables"),
        (".env.production", "file of environment variables"),
        (".netrc", "file of passwords"),
        ("home/.pypirc", "file of passwords"),
        ("ssh/id_rsa", "private key"),
        ("id_ed25519", "private key"),
        (".aws/credentials", "file of passwords"),
        ("kaggle.json", "file of passwords"),
        ("cert.P12", "key store"),
        (".env.example", ""),
        (".env.local.template", ""),
        ("id_rsa.pub", ""),
        ("credentials", ""),
        ("environment.yml", ""),
        ("src/env.py", ""),
        ("config.json", ""),
    ],
)
def test_some_files_are_told_by_name(path: str, kind: str) -> None:
    assert of_name(path) == kind
    assert kinds(b"A=1", path) == ([kind] if kind else [])


def test_files_are_scanned_under_their_name_in_the_package(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f'k = "{TOKENS["GitHub token"]}"')
    (tmp_path / "e").write_text("A=1")
    found = scan([("src/a.py", tmp_path / "a.py"), (".env", tmp_path / "e")])
    assert [(each.path, each.line) for each in found.secrets] == [("src/a.py", 1), (".env", 0)]
    with pytest.raises(ExternalError, match="cannot be read: No such file"):
        scan([("x", tmp_path / "none")])


def test_a_flood_of_secrets_is_cut_off() -> None:
    assert len(look(f'"{TOKENS["AWS access key"]}"\n' * 5000)) == 100


def test_no_shape_runs_away() -> None:
    """Texts on which a careless pattern would try every way to divide them."""
    head = "-----BEGIN RSA " + "PRIVATE KEY-----"
    for text in (
        head + "\n" + "a:" * 50_000,
        head + "\n" * 50_000,
        "password" * 20_000,
        "password = '" + "a" * 100_000,
        "a" * 100_000 + "://",
        ("http://" + "a" * 60 + ":" + "b" * 120) * 1000,
        "eyJ" + "a" * 20_000 + "." + "eyJ" * 20_000,
    ):
        assert look(text) == []


def test_code_is_told_by_its_ending() -> None:
    assert [is_code(each) for each in ("a.py", "b/c.ipynb", "Dockerfile", ".bashrc", "a.csv", "m.safetensors")] == [
        *(True, True, True, True, False, False)
    ]


@given(st.binary(min_size=1, max_size=200))
def test_entropy_is_between_nothing_and_a_byte(data: bytes) -> None:
    assert 0 <= entropy(data) <= 8
    assert entropy(data[:1] * 9) == 0


@given(st.binary(max_size=500), st.sampled_from(["a.py", "a.csv", "a.pkl"]))
def test_any_bytes_are_scanned(data: bytes, path: str) -> None:
    assert scan_stream(path, io.BytesIO(data)).partly == ()
