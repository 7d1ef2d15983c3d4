"""Secrets are taken out before anything is stored."""

from __future__ import annotations

import re

MARK = "[redacted]"

# `token` counts at the end of a name only, and not when a language model's own: tokenizer, max_tokens,
# token_pattern and pad_token are everyday names of machine learning, and their values are part of the code.
_SECRET_NAME = (
    r"(?:\w*(?:password|passwd|secret|api_?key|access_?key|private_?key|credential)\w*"
    r"|\w*(?<!pad_)(?<!eos_)(?<!bos_)(?<!sep_)(?<!cls_)(?<!unk_)(?<!mask_)token)"
)
# name, its end in a mapping, an annotation, the sign, the literal's prefix
_ASSIGNED = rf"(?i)\b({_SECRET_NAME})(['\"]?\]?(?:\s*:\s*[\w.\[\]| ]{{1,60}}?)?\s*(?:[=!]=|[=:])\s*[rbfu]{{0,2}})"
_ASSIGNMENT = re.compile(_ASSIGNED + r"(['\"])(?!\3)((?:\\.|(?!\3)[^\\\n])+)(\3)")
_LONG_ASSIGNMENT = re.compile(_ASSIGNED + r"(\"{3}|'{3})([\s\S]+?)(\3)")
_URL_LOGIN = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@'\"]*):[^\s/'\"]+@")
# `sk-` begins the names of scikit-learn's style classes, too: those have no digits and no capitals.
_KNOWN_TOKEN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abpr]-[\w-]{10,}"
    r"|AKIA[0-9A-Z]{16}|hf_[A-Za-z0-9]{30,}|sk-(?=[\w-]{0,200}[0-9])(?=[\w-]{0,200}[A-Z])[\w-]{20,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----"
)
_SIGNED = re.compile(r"(?i)([?&][^=&#]*(?:token|key|sig|secret|passw|credential|auth)[^=&#]*=)[^&#]+")


# The patterns are slow on long texts without secrets, which is what nearly every text is: plain searches come first.
_TOKEN_MARKS = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "AKIA", "hf_", "sk-", "eyJ",
                "PRIVATE KEY")  # fmt: skip
_NAME_MARKS = ("passw", "secret", "key", "credential", "token")


def redact(text: str) -> str:
    """Replace passwords in URLs, literals assigned to secret-looking names, and well-known token shapes."""
    if any(mark in text for mark in _TOKEN_MARKS):
        text = _KNOWN_TOKEN.sub(MARK, text)
    if "://" in text and "@" in text:
        text = _URL_LOGIN.sub(rf"\1:{MARK}@", text)
    lower = text.lower()
    if any(mark in lower for mark in _NAME_MARKS):
        text = _LONG_ASSIGNMENT.sub(rf"\1\2\3{MARK}\3", text)
        text = _ASSIGNMENT.sub(rf"\1\2\3{MARK}\3", text)
    return text


def redact_address(url: str) -> str:
    """The same for an address of its own, whose query may be signed or carry a token."""
    return _SIGNED.sub(rf"\1{MARK}", redact(url))


def is_secret_name(name: str) -> bool:
    return re.fullmatch(rf"(?i){_SECRET_NAME}", name) is not None
