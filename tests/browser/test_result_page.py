"""The page of an evaluation as a person opens it: from a file, with no network, in both themes, on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from services.engines import About, Price
from services.evaluation.report.page import page as page_of
from services.evaluation.result import result_of
from services.reading.reader import Usage
from tests.unit.evaluation.made import answer, contestant, item

USAGE = Usage(input_tokens=1500, cached_tokens=500, reasoning_tokens=300, answer_tokens=100, calls=1, seconds=2.0)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    priced = About(context_window=128_000, licence="MIT", price=Price(input=1, output=2))
    items = [item(number, "paunppaunp", tags=("long",), catalogue=("a", "b")[number % 2]) for number in range(12)]
    engines = [contestant("rules"), contestant("one", priced), contestant("two", priced)]
    answers = {
        "rules": [answer("paunppaunp") for _ in items],
        "one": [answer("pannpaAunp", USAGE) for _ in items[1:]] + [answer("-", USAGE)],
        "two": [answer("aaunppaunp", USAGE) for _ in items],
    }
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page_of(result_of("set", items, engines, [answers], resamples=200)), "utf-8")
    return path.as_uri()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", 390)])
def test_everybody_can_read_it_and_it_asks_nobody_for_anything(
    browser: Browser, address: str, scheme: str, width: int
) -> None:
    with browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(address)

        found = Axe().run(page).response
        assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        assert (asked, said) == ([address], [])
