"""What the docs say exists: generated texts are fresh, links lead somewhere, verbs are in the table."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from nbmlops.ops.verbs import VERBS

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "example-notebooks" / "README.md"],
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
VERB = re.compile(r"(?:\$ |`|^)(?:nbmlops(?: -C \S+)?|%%?mlops) +([a-z]+(?:-[a-z]+)*)\b", re.MULTILINE)
REMOTE = re.compile(rb"(?:href|src)=\"https?:|url\(\"?https?:|@import")


def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_make", ROOT / "docs" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_texts_are_fresh() -> None:
    stale = [path.name for path, text in make().texts().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files(page: Path) -> None:
    links = [link.partition("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8"))]
    local = [link for link in links if link and not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_verbs_that_are_mentioned_exist(page: Path) -> None:
    # A cell alone can be a need.
    known = {verb.name for verb in VERBS} | {"needs"}
    code = "\n".join(CODE.findall(page.read_text(encoding="utf-8")))
    assert set(VERB.findall(code)) - known == set()


def test_pictures_fetch_nothing() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
    assert pictures != []
    assert [picture.name for picture in pictures if REMOTE.search(picture.read_bytes())] == []
