"""What the list and the review screen show, as the pages have it: the points of docs/worklist.md without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from integration.canonical import Engine as Reader
from integration.canonical import Priority, ReportStatus, Side
from services.reading.reader import Reading
from services.settings import Database, Settings, Worklist
from services.store import reports
from services.store.tables import draft, opening, rating, review
from services.web.app import create_app
from services.workflow import analysis
from services.workflow.analysis import Made
from tests import seeding
from tests.integration.web.conftest import look
from tests.seeding import Exam, Said

MODEL = Reader(name="house", version="1", model="house-70b", prompt_version="7", catalogue="chest_xray")
HARD = Exam(
    priority=Priority.STAT,
    says=(
        Said("pneumonia", "Right lower lobe pneumonia", side=Side.RIGHT, rationale="Named in the impression."),
        Said("cardiomegaly", "Mild cardiomegaly", conflict=True, rationale="Called enlarged."),
        Said("lung_mass", "", unsupported=True, rationale="An opacity may be one."),
    ),
    reasoning="First the lungs.\nThen the heart.",
    engine=MODEL,
)


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    """A worklist that asks for the rating of every report."""
    worklist = Worklist(demo_login=True, public_url="http://testserver", rated_share=1, settle=0, undo=0)
    with TestClient(create_app(Settings(database=database, worklist=worklist)), follow_redirects=False) as client:
        yield client


def put(engine: Engine, *exams: Exam) -> None:
    with engine.begin() as connection:
        for exam in exams:
            seeding.put(connection, exam)


def rows(page: str) -> list[str]:
    """The list's rows, without their markup."""
    found = re.findall(r"<tr data-row=.*?</tr>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


def post(client: TestClient, path: str, **data: object) -> str:
    answer = client.post(path, data=data, headers={"HX-Request": "true", "HX-Target": "panel"})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_stat_is_first_in_words_with_its_wait_against_the_target(reviewer: TestClient, engine: Engine) -> None:
    old = Exam(family="Old", age=timedelta(hours=3, minutes=7))
    put(engine, old, Exam(family="Now", priority=Priority.STAT, age=timedelta(minutes=16), says=()))
    first, second = rows(reviewer.get("/worklist").text)
    assert first.startswith("STAT 16 min over 15 min Now, Ines")
    assert "nothing found" in first
    assert second.startswith("Routine 3 h 07 of 4 h Old, Ines")


def test_a_row_says_in_words_what_asks_for_a_second_look(reviewer: TestClient, engine: Engine) -> None:
    put(engine, HARD)
    [row] = rows(reviewer.get("/worklist").text)
    assert "≠ 1 in conflict ∅ 1 no quote" in row


def test_the_address_is_the_filter_and_a_saved_view_is_an_address(reviewer: TestClient, engine: Engine) -> None:
    put(engine, Exam(family="Has"), Exam(family="Not", says=(seeding.HEART,)))
    page = reviewer.get("/worklist?finding=pneumonia&sort=newest").text
    assert [row.split(",")[0].split()[-1] for row in rows(page)] == ["Has"]
    assert '<option value="pneumonia" selected>Pneumonia</option>' in page
    saved = reviewer.post("/views", data={"name": "Lungs", "query": "finding=pneumonia&sort=newest&nonsense=1"})
    assert saved.headers["location"] == "/worklist?sort=newest&finding=pneumonia"
    assert '<a href="/worklist?sort=newest&amp;finding=pneumonia">Lungs</a>' in reviewer.get("/worklist").text


def test_a_list_with_nothing_in_it_says_why(reviewer: TestClient) -> None:
    assert "Nothing waits for a signature." in reviewer.get("/worklist").text
    assert "No report fits this filter." in reviewer.get("/worklist?q=zz").text


def test_the_reason_comes_first_and_the_reasoning_stays_shut_until_asked_for(
    reviewer: TestClient, engine: Engine
) -> None:
    put(engine, HARD)
    page = reviewer.get("/reports/1").text
    assert page.index("Named in the impression.") < page.index("First the lungs.")
    assert '<details class="reasoning" data-reasoning="/reviews/1/reasoning">' in page
    assert reviewer.post("/reviews/1/reasoning").status_code == 204
    with engine.connect() as connection:
        assert connection.scalar(select(review.c.reasoning_opened_at)) is not None


def test_a_quote_that_stands_in_the_report_is_badged_and_one_that_does_not_shuts_approve(
    reviewer: TestClient, engine: Engine
) -> None:
    put(engine, HARD)
    assert "✓ in the report" in reviewer.get("/reports/1").text
    panel = post(reviewer, "/reviews/1/open", suggestion_id=3)
    assert "No quote of this stands in the report" in panel
    assert re.search(r'data-command="approve"[^>]* disabled', panel)


def test_what_contradicts_a_finding_is_named(reviewer: TestClient, engine: Engine) -> None:
    put(engine, HARD)
    assert "≠ rules: absent" in reviewer.get("/reports/1").text
    assert 'data-confirm="≠ rules: absent. Approve again to confirm"' in post(
        reviewer, "/reviews/1/open", suggestion_id=2
    )


def test_an_edit_shows_what_it_was_and_what_it_is_and_can_be_undone(reviewer: TestClient, engine: Engine) -> None:
    put(engine, HARD)
    look(reviewer)
    said = {"revision": 0, "action": "edit", "suggestion_id": 1, "finding": "Pneumonia", "status": "uncertain"}
    panel = post(reviewer, "/reviews/1/decide", **said, side="left")
    assert re.search(r'class="before"><del>.*present · right.*class="after">.*uncertain · left', panel, re.DOTALL)
    with engine.connect() as connection:
        number = connection.scalar(select(draft.c.id))
        same = draft.c.suggestion_id == opening.c.suggestion_id
        times = select(opening.c.opened_at, draft.c.decided_at).join_from(opening, draft, same)
        opened = connection.execute(times).one()
    assert opened.opened_at < opened.decided_at
    assert 'class="before"' not in post(reviewer, "/reviews/1/undo", draft_id=number, suggestion_id=1)


def test_the_history_of_a_report_is_on_its_screen(reviewer: TestClient, engine: Engine) -> None:
    put(engine, HARD)
    look(reviewer)
    said = {"revision": 0, "action": "reject", "suggestion_id": 1, "reason": "hedged"}
    post(reviewer, "/reviews/1/decide", **said)
    history = reviewer.get("/reports/1").text.partition('<ol class="history">')[2].partition("</ol>")[0]
    assert re.findall(r"<b>(.*?)</b>", history) == ["viewed", "rejected", "claimed", "viewed"]
    assert re.search(r"Demo Reviewer <b>rejected</b> Pneumonia.*Only considered, not concluded", history)


def test_a_sampled_report_asks_five_questions_by_digits_and_keeps_what_read_it(
    reviewer: TestClient, engine: Engine
) -> None:
    put(engine, Exam(text=seeding.NORMAL, says=(), engine=MODEL))
    page = reviewer.get("/reports/1").text
    for number, item in enumerate(("quality", "understanding", "expression", "safety", "trust"), 1):
        assert f"{number} of 5" in page
        assert page.partition("data-digits")[2].count("data-digit=") == 5
        page = post(reviewer, "/reviews/1/rate", item=item, value=number)
    assert "Rated. Thank you." in page
    with engine.connect() as connection:
        kept = connection.execute(select(rating.c.value, rating.c.engine).order_by(rating.c.id)).all()
    assert [row.value for row in kept] == [1, 2, 3, 4, 5]
    assert {(row.engine["model"], row.engine["prompt_version"]) for row in kept} == {("house-70b", "7")}


def test_a_corrected_report_says_so_and_shows_the_words_that_changed_line_by_line(
    reviewer: TestClient, engine: Engine
) -> None:
    put(engine, HARD)
    corrected = seeding.record(Exam(text=seeding.CHEST.replace("no pneumothorax", "a left pneumothorax")), 1)
    with engine.begin() as connection:
        current = reports.current_version(connection, 1)
        assert current is not None
        reports.set_version_state(connection, current.id, "superseded")
        status = corrected.model_copy(update={"status": ReportStatus.CORRECTED})
        version = reports.put_version(connection, 1, status, "current")
        reading = Reading(engine=seeding.ENGINE, verdicts=())
        analysis.show(connection, reports.by_id(connection, 1), version, reading, reading, Settings(), Made())
    page = reviewer.get("/reports/1").text
    assert '<b class="flag">corrected, version 2</b>' in page
    changes = page.partition('<pre class="changes"')[2].partition("</pre>")[0]
    assert len(re.findall(r'<span class="(?:kept|changed)">', changes)) == 3
    assert re.search(r"<del>no\s*</del>\s*<ins>a left\s*</ins>", changes)
