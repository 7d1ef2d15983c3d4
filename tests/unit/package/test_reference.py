"""Names of packages, read as Docker and `kit` read them."""

from __future__ import annotations

import pytest

from nbmlops.errors import UsageError
from nbmlops.package.reference import is_reference, parse

DIGEST = "sha256:" + "a" * 64
READ = {
    "wine": ("localhost", "wine", "latest", ""),
    "wine:v1": ("localhost", "wine", "v1", ""),
    "team/wine:v1": ("localhost", "team/wine", "v1", ""),
    "localhost/wine:v1": ("localhost", "wine", "v1", ""),
    "ghcr.io/team/wine": ("ghcr.io", "team/wine", "latest", ""),
    "127.0.0.1:5055/wine:v1": ("127.0.0.1:5055", "wine", "v1", ""),
    "[::1]:5055/wine:v1": ("[::1]:5055", "wine", "v1", ""),
    f"wine@{DIGEST}": ("localhost", "wine", "", DIGEST),
    f"ghcr.io/wine:v1@{DIGEST}": ("ghcr.io", "wine", "v1", DIGEST),
}


@pytest.mark.parametrize("text", READ)
def test_parts(text: str) -> None:
    found = parse(text)
    assert (found.registry, found.repository, found.tag, found.digest) == READ[text]
    assert parse(str(found)) == parse(str(parse(str(found))))


def test_several_tags() -> None:
    assert parse("wine:v1,v2,v1").tags == ("v1", "v2")


@pytest.mark.parametrize(
    "text",
    ["", "Wine", "wine:", "wine:-x", "wine@sha256:00", "../wine", "wi ne", "a//b", "ghcr.io/", f"wine:{'x' * 129}"],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no package"):
        parse(text)
    assert not is_reference(text)


def test_a_path_is_no_reference() -> None:
    assert not is_reference("./model/")
    assert not is_reference("model")
    assert is_reference("ghcr.io/team/wine:v1")
