"""A result as people read it: the page fetches nothing and escapes everything, all forms say the same figures."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from services.engines import About, Price
from services.evaluation.errors_file import COLUMNS, write_errors
from services.evaluation.report.markdown import markdown
from services.evaluation.report.page import page
from services.evaluation.report.terminal import show
from services.evaluation.result import Result, result_of
from services.reading.reader import Usage
from tests.unit.evaluation.made import answer, contestant, item

EVIL = "<script>alert(1)</script>|x"
USAGE = Usage(input_tokens=1500, cached_tokens=500, reasoning_tokens=300, answer_tokens=100, calls=1, seconds=2.0)
ITEMS = [item(number, "paunppaunp", tags=(EVIL, "long")) for number in range(12)]


@pytest.fixture(scope="module")
def made() -> Result:
    about = About(context_window=128_000, licence="MIT", price=Price(input=1, output=2), source="a price list")
    engines = [contestant("rules"), contestant("model", about, model=EVIL), contestant("other", about)]
    answers = {
        "rules": [answer("paunppaunp") for _ in ITEMS],
        "model": [answer("pannpaAunp", USAGE) for _ in ITEMS[1:]] + [answer("-", USAGE)],
        "other": [answer("aaunppaunp", USAGE) for _ in ITEMS],
    }
    return result_of(EVIL, ITEMS, engines, [answers], resamples=200)


class _Page(HTMLParser):
    """What a browser would fetch, run or find unnamed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.unnamed = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.tags.append(tag)
        self.links += [str(said[name]) for name in ("src", "href", "srcset", "action") if name in said]
        self.unnamed += tag == "svg" and not said.get("aria-label") and said.get("aria-hidden") != "true"


def test_the_page_fetches_nothing_runs_nothing_and_names_every_drawing(made: Result) -> None:
    text = page(made)
    found = _Page(text)

    assert not {"script", "link", "iframe", "img", "object"} & set(found.tags)
    assert (found.links, found.unnamed) == ([], 0)
    assert not re.search(r"url\(|@import|https?://", text)
    assert found.tags.count("figure") >= 5


def test_names_are_text_in_every_form(made: Result) -> None:
    assert "<script>" not in page(made)
    assert "&lt;script&gt;" in page(made)
    assert r"<script>alert(1)</script>\|x" in markdown(made)


def test_every_form_says_the_same_figures(made: Result) -> None:
    terminal = io.StringIO()
    show(made, Console(file=terminal, width=140))
    figures = made.engines[1].figures
    for text in (page(made), markdown(made), terminal.getvalue()):
        assert f"{figures.macro_f1.value:.3f} ({figures.macro_f1.low:.3f}–{figures.macro_f1.high:.3f})" in text
        assert "parse" in text and f"{made.engines[1].costs.per_1000:.2f} USD" in text


def test_context_window_licence_and_price_stand_beside_the_scores(made: Result) -> None:
    for text in (page(made), markdown(made)):
        assert all(each in text for each in ("128,000", "MIT", "1 / 1 / 2 USD", "a price list"))


def test_no_word_of_a_report_and_no_name_of_one_stands_in_a_result(made: Result) -> None:
    for text in (page(made), markdown(made), made.model_dump_json()):
        assert "Report 3." not in text and '"r3"' not in text


def test_the_same_answers_make_the_same_result_to_the_byte(made: Result) -> None:
    again = Result.model_validate_json(made.model_dump_json())

    assert (page(again), markdown(again)) == (page(made), markdown(made))


def test_wrong_labels_stand_in_a_file_of_their_own_flips_first(tmp_path: Path) -> None:
    items = [item(1, "pan"), item(2, "pau").model_copy(update={"id": "=2"})]
    write_errors(tmp_path / "errors.csv", items, {"e": [answer("nap"), answer("aaU")]})
    lines = (tmp_path / "errors.csv").read_text().split("\n")

    assert lines[0].strip() == ",".join(COLUMNS)
    assert [line.strip() for line in lines[1:5]] == [
        "e,'=2,f0,present,absent,flip,",
        "e,r1,f0,present,not_mentioned,missed,",
        "e,r1,f2,not_mentioned,present,invented,",
        "e,'=2,f2,uncertain,uncertain,unsupported,",
    ]
    assert (tmp_path / "errors.csv").stat().st_mode & 0o077 == 0
