"""What secrets look like: shapes that hardly anything else has, and names of files that hold nothing else."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Callable

import msgspec

Match = re.Match[bytes]

# Inside of base64, where pictures of notebooks are, any short mark turns up by chance: nothing may touch a token.
_BEGIN = rb"(?<![A-Za-z0-9_+/=.-])"
_END = rb"(?![A-Za-z0-9_+/=-])"
_PLACEHOLDER = re.compile(
    rb"(?i)example|sample|dummy|fake|placeholder|your[_-]|changeme|redacted|xxxx|\*\*\*\*|0000000|1234567|abcdefg|\.\.\.|<|\{|\$"
)
_LEAST_ENTROPY = 3.0
"""Bits a letter: words and counting rows have less, tokens have more."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    marks: tuple[bytes, ...]
    """Texts in lower case, one of which is there wherever the shape is: they are looked for first, which is fast."""
    shape: re.Pattern[bytes]
    """Its group `secret` is what must not be shown."""
    holds: Callable[[Match], bool]
    in_code_only: bool = False
    """Whether data is full of things that look like it."""


def _is_random(match: Match) -> bool:
    secret = match["secret"]
    return _PLACEHOLDER.search(secret) is None and entropy(secret) >= _LEAST_ENTROPY


def _is_mixed(match: Match) -> bool:
    """Random, with letters of both cases and digits, as keys are and names of styles are not."""
    secret = match["secret"]
    return _is_random(match) and all(re.search(each, secret) for each in (rb"[a-z]", rb"[A-Z]", rb"[0-9]"))


def _is_web_token(match: Match) -> bool:
    head = match["secret"].split(b".")[0]
    try:
        header = msgspec.json.decode(base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)))
    except (msgspec.MsgspecError, binascii.Error, RecursionError, UnicodeError):
        return False
    return isinstance(header, dict) and "alg" in header


_WORDS = re.compile(
    rb"(?i)(?:my|the|some|db)?_?(?:pass(?:word|wd|phrase)?|pw|pwd|secret|token|key|user(?:name)?|root|admin)\d{0,3}"
    rb"|postgres|none|null|prefix|repo"
)


def _is_password(match: Match) -> bool:
    secret = match["secret"]
    return _PLACEHOLDER.search(secret) is None and _WORDS.fullmatch(secret) is None


def _is_literal(match: Match) -> bool:
    """A value that somebody was given, not the name of a variable, a path or a word."""
    secret = match["secret"]
    if (
        re.fullmatch(rb"[A-Z][A-Z0-9_]*|[a-z]+(?:[-_./](?:[a-z]+|\d{1,4}))*", secret)
        or b"/" in secret[:2]
        or b"://" in secret
    ):
        return False
    return _is_random(match) and all(re.search(each, secret) for each in (rb"[0-9]", rb"[A-Za-z]"))


def _always(match: Match) -> bool:
    return True


def _token(kind: str, mark: bytes, body: bytes, holds: Callable[[Match], bool] = _is_random) -> Rule:
    shape = re.compile(_BEGIN + rb"(?P<secret>" + body + rb")" + _END)
    return Rule(kind=kind, marks=(mark.lower(),), shape=shape, holds=holds)


RULES = (
    Rule(
        kind="private key",
        marks=(b"private key",),
        # Its head alone is in every program that reads keys: what follows it has to be one.
        shape=re.compile(
            rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            rb"(?P<secret>(?:\s|\\[nr]|[\w-]{1,20}:[^\n]{1,80}\n){1,8}[A-Za-z0-9+/=]{40})"
        ),
        holds=_always,
    ),
    _token("AWS access key", b"AKIA", rb"AKIA[A-Z2-7]{16}"),
    _token("AWS access key", b"ASIA", rb"ASIA[A-Z2-7]{16}"),
    Rule(
        kind="AWS secret key",
        marks=(b"secret_access_key", b"secretaccesskey"),
        shape=re.compile(
            rb"(?i)secret_?access_?key[\"'\\\]]{0,4}\s{0,4}[=:]\s{0,4}[\"'\\]{0,2}(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
        ),
        holds=_is_mixed,
    ),
    _token("Google API key", b"AIza", rb"AIza[0-9A-Za-z_-]{35}", _is_mixed),
    _token("Google OAuth secret", b"GOCSPX-", rb"GOCSPX-[0-9A-Za-z_-]{28}"),
    *(
        _token("GitHub token", mark, mark + rb"[A-Za-z0-9]{36,251}")
        for mark in (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_")
    ),
    _token("GitHub token", b"github_pat_", rb"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _token("GitLab token", b"glpat-", rb"glpat-[A-Za-z0-9_-]{20,60}(?:\.[A-Za-z0-9.]{2,20})?"),
    _token("Slack token", b"xox", rb"xox[abeoprs]-[A-Za-z0-9-]{20,250}"),
    _token("Slack token", b"xapp-", rb"xapp-\d-[A-Za-z0-9-]{20,250}"),
    _token(
        "Slack webhook", b"hooks.slack.com", rb"https://hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/\w{20,}"
    ),
    _token(
        "OpenAI key",
        b"sk-",
        rb"sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{30,250}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{40,64})",
        _is_mixed,
    ),
    _token("Anthropic key", b"sk-ant-", rb"sk-ant-[a-z0-9]{3,10}-[A-Za-z0-9_-]{60,150}", _is_mixed),
    _token("Hugging Face token", b"hf_", rb"hf_[A-Za-z]{34,40}"),
    _token("npm token", b"npm_", rb"npm_[A-Za-z0-9]{36}"),
    _token("PyPI token", b"pypi-AgE", rb"pypi-AgE[A-Za-z0-9_-]{50,250}"),
    _token("Stripe key", b"_live_", rb"[rs]k_live_[A-Za-z0-9]{20,120}"),
    _token("Databricks token", b"dapi", rb"dapi[0-9a-f]{32}"),
    _token(
        "web token",
        b"eyj",
        rb"eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,1000}",
        _is_web_token,
    ),
    Rule(
        kind="Azure storage key",
        marks=(b"accountkey=",),
        shape=re.compile(rb"(?i)AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)"),
        holds=_is_random,
    ),
    Rule(
        kind="npm token",
        marks=(b"_authtoken",),
        shape=re.compile(rb"(?i)_authToken\s?=\s?(?P<secret>[A-Za-z0-9_-]{20,100})"),
        holds=_is_random,
    ),
    Rule(
        kind="password in an address",
        marks=(b"://",),
        shape=re.compile(
            rb"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'\\<>{}$]{0,64}:(?P<secret>[^\s/:@\"'\\<>{}$%*\[\]]{4,128})@[A-Za-z0-9.-]{1,100}"
        ),
        holds=_is_password,
        in_code_only=True,
    ),
    Rule(
        kind="password",
        marks=(b"passw", b"secret", b"api_key", b"apikey", b"access_key", b"auth_token", b"access_token"),
        shape=re.compile(
            rb"(?i)(?:passw(?:or)?d|passphrase|secret|api_?key|access_?key|auth_?token|access_?token)"
            rb"(?:_?(?:key|token|value|\d))?[\"'\\\]]{0,4}\s{0,4}(?::\s{0,4}[\w.]{1,20}\s{0,4})?[=:]\s{0,4}"
            rb"[rb]?\\?[\"'](?P<secret>[^\s\"'\\,;()]{10,200})\\?[\"']"
        ),
        holds=_is_literal,
        in_code_only=True,
    ),
)

_CODE = frozenset(
    (
        *(".py", ".ipynb", ".r", ".rmd", ".jl", ".scala", ".java", ".go", ".js", ".ts", ".sh", ".bash", ".zsh", ".ps1"),
        *(".sql", ".toml", ".yaml", ".yml", ".json", ".cfg", ".ini", ".conf", ".properties", ".env", ".tf", ".tfvars"),
        *(".md", ".rst", ".txt", ".xml", ""),
    )
)
_KEPT_SECRET = {
    **dict.fromkeys((".netrc", "_netrc", ".git-credentials", ".pgpass", ".pypirc", ".htpasswd"), "file of passwords"),
    **dict.fromkeys((".databrickscfg", ".boto", ".s3cfg", ".my.cnf", "kaggle.json"), "file of passwords"),
    **dict.fromkeys(("application_default_credentials.json", ".dockercfg"), "file of passwords"),
    **dict.fromkeys(("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"), "private key"),
}
_KEPT_SECRET_PLACES = {
    (".aws", "credentials"): "file of passwords",
    (".kube", "config"): "file of passwords",
    (".docker", "config.json"): "file of passwords",
    (".huggingface", "token"): "Hugging Face token",
    ("huggingface", "token"): "Hugging Face token",
}
_ENV = re.compile(r"(?:[\w-]*\.env(?:\.(?!example$|sample$|template$|dist$|tpl$|defaults$)[\w-]+)*)")
_KEY_STORES = (".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk")


def of_name(path: str) -> str:
    """What a file of this name holds by its purpose; empty for all others. `path` has forward slashes."""
    *folders, name = path.lower().split("/")
    if kind := _KEPT_SECRET.get(name) or (_KEPT_SECRET_PLACES.get((folders[-1], name)) if folders else ""):
        return kind
    if name.endswith(_KEY_STORES):
        return "key store"
    return "file of environment variables" if _ENV.fullmatch(name) else ""


def is_code(path: str) -> bool:
    """Whether people write such files, and not programs that write data."""
    name = path.rpartition("/")[2]
    suffix = f".{name.rpartition('.')[2]}" if "." in name.lstrip(".") else ""
    return suffix.lower() in _CODE


def entropy(text: bytes) -> float:
    """Bits a byte."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
