"""The list: every order in pages that meet, searches from the beginning of a word, what comes next."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Connection, update

from integration.canonical import Priority
from services.store import list_beside, review_list
from services.store.review_list import Filter, Sort
from services.store.tables import review
from tests import seeding
from tests.integration.worklist.conftest import MakePerson
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


def forwards(connection: Connection, wanted: Filter) -> list[list[int]]:
    pages, after = [], None
    while True:
        page = review_list.page(connection, wanted, after=after)
        pages.append([row["id"] for row in page.rows])
        assert page.earlier == (after is not None)
        if not page.later:
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
    for before, page in pairwise(pages):
        back = review_list.page(connection, wanted, before=page[0])
        assert [row["id"] for row in back.rows] == before
        assert (back.earlier, back.later) == (before != pages[0], True)


def test_stat_comes_first_and_of_these_who_waits_longest(connection: Connection, reports: list[int]) -> None:
    rows = review_list.page(connection, Filter("default")).rows
    places = [(row["priority"], row["created_at"]) for row in rows]
    assert places == sorted(places)
    assert places[0][0] == 0


def test_what_disagrees_most_comes_first_where_asked(connection: Connection, reports: list[int]) -> None:
    rows = review_list.page(connection, Filter("default", sort="disagreement")).rows
    assert [row["conflicts"] for row in rows] == [1, 1, 1, 0, 0]


def test_a_search_begins_at_the_beginning_in_no_case(connection: Connection, reports: list[int]) -> None:
    for search, found in {"cur": 3, "CURIE": 3, "c": 3, "%": 0, "a_el": 0, "moreau": 0}.items():
        assert len(review_list.page(connection, Filter("default", search=search)).rows) == found


def test_a_search_that_finds_many_goes_down_the_list_and_finds_the_same(
    connection: Connection, reports: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for show in ("todo", "all"):
        wanted = Filter("default", show=show, search="cur")
        few = [row["id"] for row in review_list.page(connection, wanted).rows]
        with monkeypatch.context() as patch:
            patch.setattr(review_list, "FEW", 1)
            assert [row["id"] for row in review_list.page(connection, wanted).rows] == few
        assert len(few) > 1


def test_a_report_is_found_by_its_accession_and_its_patient(connection: Connection, reports: list[int]) -> None:
    row = review_list.page(connection, Filter("default")).rows[0]
    for search in (row["accession"].lower(), row["patient_id"].lower()):
        [same] = review_list.page(connection, Filter("default", search=search)).rows
        assert same["id"] == row["id"]


def test_filters_join(connection: Connection, reports: list[int]) -> None:
    both = Filter("default", modality="CT", finding="pneumonia", priority=0)
    rows = review_list.page(connection, both).rows
    assert {(row["modality"], row["priority"]) for row in rows} == {("CT", 0)}
    assert review_list.page(connection, Filter("default", finding="lung_mass")).rows == []


def test_modalities_are_those_of_the_site(connection: Connection, reports: list[int]) -> None:
    seeding.put(connection, Exam(modality="MG", site="elsewhere"))
    seeding.put(connection, Exam(modality=""))
    assert list_beside.modalities(connection, "default") == ["CT", "DX"]


def test_going_on_without_signing_goes_down_the_list_and_begins_again_at_its_end(
    connection: Connection, reports: list[int], person: MakePerson
) -> None:
    ada = person()
    ordered = [number for page in forwards(connection, Filter("default")) for number in page]
    by_review = {row["id"]: row["report_id"] for row in review_list.export(connection, Filter("default"), 100)}
    for here, following in pairwise([*ordered, ordered[0]]):
        assert review_list.following(connection, Filter("default"), ada.id, here, True) == by_review[following]
