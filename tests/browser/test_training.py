"""A training instance says that it is one, wherever one looks and however far one scrolls."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import Connection, Engine

from services.evaluation.dataset import load
from services.evaluation.training import seed as plant
from services.reading.catalogue import load as load_library
from services.settings import Database, Settings
from tests.browser.conftest import OpenReviewer
from tests.browser.test_looks import problems, sign_in
from tests.databases import fresh_database
from tests.worklist_process import Worklist

Seed = Callable[[Callable[[Connection], int]], int]


@pytest.fixture
def worklist(cluster: Database) -> Iterator[Worklist]:
    """A training instance on a database of its own."""
    with fresh_database(cluster) as database:
        running = Worklist(database, {"COUNTERSIGN_TRAINING": "true"})
        running.start()
        yield running
        running.stop()


def test_training_says_so_wherever_one_looks(
    reviewer: OpenReviewer, seed: Seed, engine: Engine, worklist: Worklist
) -> None:
    seed(lambda c: plant(c, load("dev")[:4], load_library(), Settings(training=True), wrong=1, start=1))
    page = sign_in(reviewer, engine, 1440, 900)
    for path in ("/worklist", "/reports/1", "/evaluation/training", "/reports/1/print"):
        page.goto(worklist.url + path)
        banner = page.get_by_role("complementary", name="Training instance")
        expect(banner).to_be_in_viewport()
        page.mouse.wheel(0, 4000)
        expect(banner).to_be_in_viewport()
        page.set_viewport_size({"width": 1440, "height": 2400})
        assert problems(page) == [], path
        page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(media="print")
    expect(page.get_by_text("Nothing leaves this instance")).to_be_visible()
