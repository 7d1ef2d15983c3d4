"""The header by which a registry says what it wants."""

from __future__ import annotations

import pytest

from nbmlops.package.registry.challenge import merged, parse


def test_bearer_with_quoted_commas_and_escapes() -> None:
    (found,) = parse(r'Bearer realm="https://a.example/t?x=1",service="a \"b\"", scope="repository:a/b:pull,push"')
    assert found.scheme == "bearer"
    assert found.parameters == {
        "realm": "https://a.example/t?x=1",
        "service": 'a "b"',
        "scope": "repository:a/b:pull,push",
    }


def test_several_challenges_in_one_header() -> None:
    found = parse('Negotiate, BASIC Realm="x", charset=UTF-8, Bearer realm = "https://a.example"')
    assert [(each.scheme, each.parameters) for each in found] == [
        ("negotiate", {}),
        ("basic", {"realm": "x", "charset": "UTF-8"}),
        ("bearer", {"realm": "https://a.example"}),
    ]


@pytest.mark.parametrize("header", ["", ",,,", '="x"', '"Bearer"'])
def test_nonsense_is_no_challenge(header: str) -> None:
    assert parse(header) == ()


def test_what_cannot_be_read_ends_the_list() -> None:
    (found,) = parse('Bearer realm="https://a.example", service="never ends')
    assert found.parameters == {"realm": "https://a.example"}


def test_scopes_of_one_thing_become_one() -> None:
    assert merged(["repository:b:pull", "repository:a:push,pull repository:b:push", "", "odd"]) == (
        "repository:a:pull,push",
        "repository:b:pull,push",
    )
