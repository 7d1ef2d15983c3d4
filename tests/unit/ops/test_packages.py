"""Packages as they are listed and looked into: the newest first, with what is said about them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nbmlops import api
from nbmlops.ops.package_store import store
from nbmlops.package.trust.provenance import Code, Facts, Material, write
from tests.unit.package.kits import FILES, KITFILE, folder_of

SAYING = f"{KITFILE}  - path: provenance.json\n"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    monkeypatch.setenv("NBMLOPS_KEY_PASSWORD", "between tests")
    monkeypatch.chdir(tmp_path)


def pack(place: Path, tag: str, more: str = "", provenance: str = "") -> str:
    """Its digest."""
    files = {**FILES, "notes.txt": more, "README.md": f"# Wine {more}\n"}
    if provenance:
        folder_of({**files, "provenance.json": provenance}, place / "kit", SAYING)
    else:
        folder_of(files, place / "kit")
    return api.pack(source=str(place / "kit"), tag=tag).package.digest


def age(digest: str, seconds: float) -> None:
    """As if it had come so long ago."""
    path = store().path(digest)
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_the_newest_is_first_whatever_its_name(tmp_path: Path) -> None:
    first, second = pack(tmp_path, "wine:v1"), pack(tmp_path, "example.org/beer:v1,latest", "two")
    third = pack(tmp_path, "wine:v2", "three")
    age(first, 50)
    age(second, 20)
    found = api.packages()
    assert [each.digest for each in found.packages] == [third, second, first]
    assert [each.reference for each in found.packages] == ["wine:v2", "example.org/beer:latest", "wine:v1"]
    ages = [(found.now - each.came).total_seconds() for each in found.packages if each.came is not None]
    assert ages == sorted(ages)
    assert len(ages) == 3
    assert [each.digest for each in api.packages(name="wine").packages] == [third, first]


def test_signed_ones_are_marked_also_by_one_form_alone(tmp_path: Path) -> None:
    pack(tmp_path, "wine:v1")
    pack(tmp_path, "wine:v2", "two")
    api.sign(package="wine:v1", new_key=True)
    found = api.packages().packages
    assert {each.reference: each.is_signed for each in found} == {"wine:v1": True, "wine:v2": False}
    layout = store()
    bundle = next(each for each in layout.packages("localhost/wine") if layout.manifest(each).subject is not None)
    layout.remove("localhost/wine", bundle)
    assert [each.what for each in api.inspect(package="wine:v1").claims] == ["signature"]
    assert {each.reference for each in api.packages().packages if each.is_signed} == {"wine:v1"}
    api.remove(package="wine:v1")
    assert [each.is_signed for each in api.packages().packages] == [False]


def test_a_package_whose_manifest_is_gone_is_last_and_says_so(tmp_path: Path) -> None:
    gone = pack(tmp_path, "wine:v1")
    pack(tmp_path, "wine:v2", "two")
    store().path(gone).unlink()
    last = api.packages().packages[-1]
    assert (last.reference, last.came, last.is_signed) == ("wine:v1", None, False)
    assert "is not on this machine" in last.problem


def test_what_signs_a_package_and_where_it_says_it_comes_from(tmp_path: Path) -> None:
    facts = Facts(
        notebook="wine.ipynb",
        run="4f2a91c07be3",
        pipeline="p" * 64,
        certificate="c" * 64,
        verdict="EQUIVALENT",
        code=Code(commit="d" * 40),
        python="3.11.7",
        cells=(Material(name="a", digest="0" * 64), Material(name="b", digest="1" * 64)),
        data=(Material(name="train.csv", digest="2" * 64),),
    )
    pack(tmp_path, "wine:v1", provenance=json.dumps(write(facts)))
    signed = api.sign(package="wine:v1", new_key=True)
    found = api.inspect(package="wine:v1")
    assert [(each.what, each.form, each.key) for each in found.claims] == [
        ("signature", "tag", ""),
        ("signature", "bundle", signed.key),
        ("provenance", "bundle", signed.key),
    ]
    assert all(each.made for each in found.claims if each.form == "bundle")
    origin = found.origin
    assert origin is not None
    assert (origin.notebook, origin.run, origin.verdict) == ("wine.ipynb", "4f2a91c07be3", "EQUIVALENT")
    assert (origin.pipeline, origin.certificate, origin.commit) == ("p" * 64, "c" * 64, "d" * 40)
    assert (origin.cells, origin.data, origin.python, origin.problem) == (2, 1, "3.11.7", "")


def test_a_package_that_says_nothing_or_what_nobody_understands(tmp_path: Path) -> None:
    pack(tmp_path, "wine:v1")
    assert api.inspect(package="wine:v1").origin is None
    for number, text in enumerate(("no JSON", "[]", '{"buildDefinition": {}}')):
        pack(tmp_path, f"odd:v{number}", provenance=text)
        origin = api.inspect(package=f"odd:v{number}").origin
        assert origin is not None
        assert origin.problem
        assert (origin.run, origin.cells) == ("", 0)
    assert api.inspect(package="odd:v0").claims == ()
