from __future__ import annotations

import time

import pytest

from nbmlops.lib.redact import is_secret_name, redact, redact_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('password = "hunter2"', 'password = "[redacted]"'),
        ("DB_PASSWORD='hunter2'", "DB_PASSWORD='[redacted]'"),
        ('api_key: str = "abc"', 'api_key: str = "[redacted]"'),
        ('token: str | None = "abc"', 'token: str | None = "[redacted]"'),
        ('{"access_key": "abc", "x": "y"}', '{"access_key": "[redacted]", "x": "y"}'),
        ('os.environ["HF_TOKEN"] = "abc"', 'os.environ["HF_TOKEN"] = "[redacted]"'),
        ('connect(password=f"a{b}")', 'connect(password=f"[redacted]")'),
        ('secret = "a\\"b" + c', 'secret = "[redacted]" + c'),
        ('if password == "hunter2": x', 'if password == "[redacted]": x'),
        ('private_key = """a\nb"""', 'private_key = """[redacted]"""'),
        ("mlflow://me:pw@host/x", "mlflow://me:[redacted]@host/x"),
        ("redis://:pw@host", "redis://:[redacted]@host"),
        ("https://me:p@ss@host/x", "https://me:[redacted]@host/x"),
        ("x = 'ghp_" + "a" * 36 + "'", "x = '[redacted]'"),
        ("AKIA" + "A" * 16, "[redacted]"),
        ("sk-proj-" + "aB3_" * 12, "[redacted]"),
        ("sk-ant-api03-" + "aB3_" * 12, "[redacted]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "[redacted]"),
    ],
)
def test_secrets_are_taken_out(text: str, expected: str) -> None:
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        'tokenizer = "bert-base-uncased"',
        'TfidfVectorizer(token_pattern="[a-z]+")',
        'tokenizer.pad_token = "<pad>"',
        'max_tokens="100"',
        'password = ""',
        'password = getpass("Password: ")',
        "https://host:8080/path",
        'x = {"name": "value"}',
        "Donnees: été",
        ".sk-global label.sk-toggleable__label-arrow:before { color: black; }",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_an_address_loses_its_signature_and_keeps_its_meaning() -> None:
    signed = "https://me:pw@host/a/x.csv?versionId=7&X-Amz-Signature=ab12&access_token=t#part"
    kept = "https://me:[redacted]@host/a/x.csv?versionId=7&X-Amz-Signature=[redacted]&access_token=[redacted]#part"
    assert redact_address(signed) == redact_address(kept) == kept


def test_names_that_promise_a_secret_are_known() -> None:
    secret = ["password", "DB_PASSWORD", "api_key", "apikey", "HF_TOKEN", "client_secret", "credentials"]
    plain = ["tokenizer", "token_pattern", "max_tokens", "pad_token", "n_estimators", "key", "pass"]
    assert [is_secret_name(name) for name in secret] == [True] * len(secret)
    assert [is_secret_name(name) for name in plain] == [False] * len(plain)


def test_long_texts_are_read_in_time_that_grows_with_their_length() -> None:
    began = time.monotonic()
    for text in ("a" * 300_000, "secret: " + "x " * 20_000, "://" * 50_000, 'password="' + "\\" * 50_000):
        redact(text)
    assert time.monotonic() - began < 10
