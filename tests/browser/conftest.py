"""A worklist process, a PostgreSQL behind it, and a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from sqlalchemy import Connection, Engine, text

from services.settings import Database
from services.store.engine import connect
from tests.databases import fresh_database
from tests.worklist_process import Worklist

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for this folder: while it is open no other event loop can run in this thread."""
    if not CHROMIUM:
        pytest.skip("no chromium on the PATH: `apt-get install chromium`, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        # Its driver ends it with the block, and kills it where it hangs; close() would wait for it without an end.
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture(scope="session")
def shared(cluster: Database) -> Iterator[Worklist]:
    """One worklist and one database for the tests that leave both running."""
    with fresh_database(cluster) as database:
        running = Worklist(database)
        running.start()
        yield running
        running.stop()


@pytest.fixture
def worklist(shared: Worklist, request: pytest.FixtureRequest) -> Iterator[Worklist]:
    """A running worklist, its database empty; a test may give it further settings as the fixture's parameter."""
    empty(shared.database)
    own = getattr(request, "param", None)
    if own is None:
        yield shared
        return
    running = Worklist(shared.database, own)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def engine(worklist: Worklist) -> Iterator[Engine]:
    """The worklist's database."""
    engine = connect(worklist.database)
    yield engine
    engine.dispose()


def empty(database: Database) -> None:
    """Removes people and reports; what was audited stays."""
    engine = connect(database)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE report RESTART IDENTITY CASCADE"))
        # Accounts keep counting: the trail, which stays, must not say that a new person has seen a new report.
        connection.execute(text("TRUNCATE account CASCADE"))
    engine.dispose()


@dataclass
class Reviewer:
    """A logged-in person at a browser of their own; anything on its console is kept."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def forgive(self, *parts: str) -> None:
        """What the test provoked itself: a refused request, a server that was away."""
        self.complaints = [text for text in self.complaints if not any(part in text for part in parts)]


OpenReviewer = Callable[..., Reviewer]


@pytest.fixture
def reviewer(browser: Browser, worklist: Worklist) -> Iterator[OpenReviewer]:
    """Opens browsers; at the end none may have complained about anything."""
    opened: list[tuple[BrowserContext, Reviewer]] = []

    def open_one(width: int = 1440, height: int = 900, login: bool = True) -> Reviewer:
        context = browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        person = Reviewer(page)
        page.on("console", person.heard)
        page.on("pageerror", lambda error: person.complaints.append(str(error)))
        opened.append((context, person))
        if login:
            page.goto(f"{worklist.url}/login")
            page.get_by_role("button", name="Continue as Demo Reviewer").click()
            page.wait_for_load_state()
        return person

    yield open_one
    for context, person in opened:
        assert person.complaints == []
        context.close()


@pytest.fixture
def seed(engine: Engine) -> Callable[[Callable[[Connection], int]], int]:
    """Stores a report in a transaction of its own; its id."""

    def store(work: Callable[[Connection], int]) -> int:
        with engine.begin() as connection:
            return work(connection)

    return store
