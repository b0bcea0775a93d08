"""The list: every order in pages that meet, searches from the beginning of a word, what comes next."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Connection, update

from integration.canonical import Priority
from services.store import list_beside, list_filter, list_total, review_list
from services.store.list_filter import Filter, Sort, ask
from services.store.list_total import Total
from services.store.review_list import Page
from services.store.tables import review, suggestion
from tests import seeding
from tests.integration.web.conftest import MakePerson
from tests.seeding import Exam, Said

NAMES = ("Abel", "Brahe", "Curie", "Darwin", "Euler")


@pytest.fixture
def reports(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seventeen reports of several priorities, ages, patients and disagreements, on pages of five."""
    monkeypatch.setattr(review_list, "PAGE", 5)
    conflict = (Said("cardiomegaly", "Mild cardiomegaly", conflict=True),)
    return [
        seeding.put(
            connection,
            Exam(
                family=NAMES[number % 5],
                priority=list(Priority)[number % 3],
                age=timedelta(minutes=7 * (number % 4)),
                says=conflict if number % 6 == 0 else seeding.THREE,
                modality="CT" if number % 2 else "DX",
            ),
        )
        for number in range(17)
    ]


def page(connection: Connection, wanted: Filter, after: int | None = None, before: int | None = None) -> Page:
    return review_list.page(connection, ask(connection, wanted), after, before)


def forwards(connection: Connection, wanted: Filter) -> list[list[int]]:
    pages, after = [], None
    while True:
        shown = page(connection, wanted, after=after)
        pages.append([row.id for row in shown.rows])
        assert shown.earlier == (after is not None)
        if not shown.later:
            return pages
        after = pages[-1][-1]


@pytest.mark.parametrize("sort", ["urgent", "oldest", "newest", "patient", "disagreement"])
def test_pages_of_every_order_meet_and_lead_back(connection: Connection, reports: list[int], sort: Sort) -> None:
    follow(connection, Filter("default", sort=sort))
    follow(connection, Filter("default", show="all", sort=sort))
    connection.execute(update(review).values(state="signed", signed_at=review.c.created_at))
    follow(connection, Filter("default", show="signed", sort=sort))


def follow(connection: Connection, wanted: Filter) -> None:
    """There and back through the seventeen, five a page."""
    pages = forwards(connection, wanted)
    assert [len(page) for page in pages] == [5, 5, 5, 2]
    assert len({number for page in pages for number in page}) == 17
    for before, after in pairwise(pages):
        back = page(connection, wanted, before=after[0])
        assert [row.id for row in back.rows] == before
        assert (back.earlier, back.later) == (before != pages[0], True)


def test_stat_comes_first_and_of_these_who_waits_longest(connection: Connection, reports: list[int]) -> None:
    rows = page(connection, Filter("default")).rows
    places = [(row.priority, row.created_at) for row in rows]
    assert places == sorted(places)
    assert places[0][0] == 0


def test_what_disagrees_most_comes_first_where_asked(connection: Connection, reports: list[int]) -> None:
    rows = page(connection, Filter("default", sort="disagreement")).rows
    assert [row.conflicts for row in rows] == [1, 1, 1, 0, 0]


def test_a_search_finds_what_is_anywhere_in_a_name_in_no_case(connection: Connection, reports: list[int]) -> None:
    for search, found in {"cur": 3, "CURIE": 3, "urie": 3, "%": 0, "a_el": 0, "moreau": 0}.items():
        assert len(page(connection, Filter("default", search=search)).rows) == found


def test_a_short_word_begins_a_word_of_a_name_a_number_or_the_exam(connection: Connection, reports: list[int]) -> None:
    for search, found in {"cu": 3, "CU": 3, "ur": 0, "_u": 0, "cu ie": 0, "cu urie": 3, "in cu": 3}.items():
        assert len(page(connection, Filter("default", search=search)).rows) == found, search


@pytest.mark.parametrize(
    "search",
    [
        "muñoz", "munoz", "MUNOZ", "inés ágata", "ines munoz", "muñoz ag", "garcia", "X-77", "9001", "special stat",
        "sonderfall", "opacity sonderf", "größe", "grosse",
    ],
)  # fmt: skip
def test_it_finds_given_names_numbers_exams_and_words_of_the_text_without_accents(
    connection: Connection, reports: list[int], search: str
) -> None:
    text = seeding.CHEST.replace("The bones are intact.", "Ein Sonderfall von Größe.")
    named = {"family": "Muñoz Garcia", "given": "Inés Ágata", "patient_id": "X-779001"}
    seeding.put(connection, Exam(text=text, procedure="Special STAT chest", **named))
    found = page(connection, Filter("default", search=search)).rows
    assert "Muñoz Garcia, Inés Ágata" in [row.patient_name for row in found]


def test_a_report_longer_than_an_index_takes_is_stored_and_found(connection: Connection) -> None:
    words = " ".join(f"word{number}" for number in range(400_000))
    seeding.put(connection, Exam(text=f"{seeding.CHEST} {words}"))
    assert len(page(connection, Filter("default", search="pneumonia")).rows) == 1


@pytest.mark.parametrize("state", ["unread", "failed", "timed_out", "pending"])
def test_what_is_not_wholly_read_is_not_nothing_found(connection: Connection, state: str) -> None:
    seeding.put(connection, Exam(family="Read", text=seeding.NORMAL, says=()))
    seeding.put(connection, Exam(family="Other", text=seeding.NORMAL, says=(), reading_state=state))
    [row] = page(connection, Filter("default", flag="none")).rows
    assert row.patient_name.startswith("Read")
    flag: list_filter.Flag = "pending" if state == "pending" else "unread"
    [other] = page(connection, Filter("default", flag=flag)).rows
    assert other.patient_name.startswith("Other")


@pytest.mark.parametrize(
    ("rules", "model", "listed"),
    [
        ("present", "not_mentioned", True),
        ("not_mentioned", "present", True),
        ("present", "present", False),
        ("absent", "not_mentioned", False),
        ("present", "absent", False),
        ("present", None, False),
    ],
)
def test_what_one_of_rules_and_model_asserts_and_the_other_does_not_mention_is_a_filter(
    connection: Connection, rules: str, model: str | None, listed: bool
) -> None:
    seeding.put(connection, Exam(family="Other", text=seeding.NORMAL, says=()))
    number = seeding.put(connection, Exam(family="Read"))
    said = {"rules": rules} | ({"deepseek-r1": model} if model else {})
    of = suggestion.c.report_id == number
    connection.execute(update(suggestion).where(of, suggestion.c.finding_id == "pneumonia").values(readers=said))
    found = [row.report_id for row in page(connection, Filter("default", flag="silent")).rows]
    assert found == ([number] if listed else [])
    connection.execute(update(suggestion).where(of).values(state="withdrawn"))
    assert page(connection, Filter("default", flag="silent")).rows == []


def test_a_search_that_finds_many_goes_down_the_list_and_finds_the_same(
    connection: Connection, reports: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for show in ("todo", "all"):
        wanted = Filter("default", show=show, search="cur")
        few = [row.id for row in page(connection, wanted).rows]
        with monkeypatch.context() as patch:
            patch.setattr(list_filter, "FEW", 1)
            found = ask(connection, wanted)
            down = review_list.page(connection, found)
            assert [row.id for row in down.rows] == few
            assert list_total.total(connection, found, down) == Total(len(few))
        assert len(few) > 1


def test_a_report_is_found_by_its_accession_and_its_patient(connection: Connection, reports: list[int]) -> None:
    row = page(connection, Filter("default")).rows[0]
    for search in (row.accession.lower(), row.patient_id.lower()):
        [same] = page(connection, Filter("default", search=search)).rows
        assert same.id == row.id


def test_filters_join(connection: Connection, reports: list[int]) -> None:
    both = Filter("default", modality="CT", finding="pneumonia", priority=0)
    rows = page(connection, both).rows
    assert {(row.modality, row.priority) for row in rows} == {("CT", 0)}
    assert page(connection, Filter("default", finding="lung_mass")).rows == []


@pytest.mark.parametrize("wanted", [{}, {"modality": "CT"}, {"search": "Abel"}, {"priority": 0}, {"search": "nobody"}])
def test_a_page_says_how_many_reports_there_are_in_all(
    connection: Connection, reports: list[int], monkeypatch: pytest.MonkeyPatch, wanted: dict[str, str]
) -> None:
    chosen = Filter("default", **wanted)  # type: ignore[arg-type]
    everything = sum(len(each) for each in forwards(connection, chosen))
    found = ask(connection, chosen)
    first = review_list.page(connection, found)
    assert list_total.total(connection, found, first) == Total(everything)
    monkeypatch.setattr(list_total, "COUNTED", 5)
    list_total._counting.cache_clear()
    assert list_total.total(connection, found, first) == (Total(5, more=True) if everything > 5 else Total(everything))
    list_total._counting.cache_clear()


def test_modalities_are_those_of_the_site(connection: Connection, reports: list[int]) -> None:
    seeding.put(connection, Exam(modality="MG", site="elsewhere"))
    seeding.put(connection, Exam(modality=""))
    assert list_beside.modalities(connection, "default") == ["CT", "DX"]


def test_going_on_without_signing_goes_down_the_list_and_begins_again_at_its_end(
    connection: Connection, reports: list[int], person: MakePerson
) -> None:
    ada = person()
    ordered = [number for page in forwards(connection, Filter("default")) for number in page]
    by_review = {row.id: row.report_id for row in review_list.export(connection, Filter("default"), 100)}
    for here, following in pairwise([*ordered, ordered[0]]):
        assert review_list.following(connection, Filter("default"), ada.id, here, True) == by_review[following]
