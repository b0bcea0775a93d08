"""The site's menu has every page, its links lead to headings that are there, and what leads out of docs/ stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from scripts.site_links import rewritten

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
PAGES = sorted(DOCS.glob("**/*.md"))
ANCHORED = re.compile(r"\]\(([^)\s:#]*)#([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def pages(menu: Any) -> Iterator[str]:
    """The pages of a menu, in order."""
    if isinstance(menu, str):
        yield menu
    for each in menu.values() if isinstance(menu, dict) else menu if isinstance(menu, list) else ():
        yield from pages(each)


def slug(heading: str) -> str:
    """The anchor of a heading, as forges and MkDocs make it."""
    words = re.sub(r"[^\w\s-]", "", re.sub(r"\]\([^)]*\)|`", "", heading).lower()).strip()
    return re.sub(r"\s", "-", words)


def anchors(page: Path) -> set[str]:
    """The anchors of a page, those on either side's reading of several blanks."""
    text = FENCED.sub("", page.read_text())
    found = {slug(each) for each in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    return found | {re.sub("-+", "-", each) for each in found}


def test_every_page_is_in_the_menu_once_and_every_entry_is_a_page() -> None:
    there = {str(page.relative_to(DOCS)) for page in PAGES}
    listed = list(pages(SITE["nav"]))
    assert len(listed) == len(set(listed))
    assert set(listed) <= there
    left_out = {page for page in there - set(listed) if not fnmatch(page, SITE["not_in_nav"])}
    assert left_out == set(), "add them to `nav` of mkdocs.yml"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_anchor_is_a_heading_of_its_page(page: Path) -> None:
    links = ANCHORED.findall(page.read_text())
    targets = [((page.parent / path) if path else page, anchor) for path, anchor in links]
    missing = [
        f"{path.name}#{anchor}" for path, anchor in targets if path.suffix == ".md" and anchor not in anchors(path)
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[the file](../SECURITY.md)", "the file (`SECURITY.md`)"),
        ("[why](decisions/0005-httpx2.md)", "[why](decisions/0005-httpx2.md)"),
        ("[all](decisions/)", "[all](decisions/README.md)"),
        ("[data](benchmarks/capacity)", "data"),
        ("[far](https://example.org/a)", "[far](https://example.org/a)"),
        ("![drawn](images/architecture.svg)", "![drawn](images/architecture.svg)"),
    ],
)
def test_what_leads_out_of_the_folder_becomes_its_path(before: str, after: str) -> None:
    assert rewritten(before, DOCS / "page.md", DOCS) == after


def test_the_diagram_says_in_words_what_it_shows_and_fetches_nothing() -> None:
    drawing = ElementTree.parse(DOCS / "images/architecture.svg").getroot()
    words = " ".join(drawing.itertext())
    processes = {path.name for path in (ROOT / "services/processes").iterdir() if path.is_dir()} - {"__pycache__"}
    assert {name for name in processes if name not in words} == set()
    assert drawing.attrib["aria-labelledby"] == "t d"
    assert not [each for each in drawing.iter() if any(name.endswith("href") for name in each.attrib)]
