"""A second reading as its reader sees it, on the page and over the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from services.actions import reviewing
from services.actions.looks import listed
from services.domain.people import Person
from services.domain.reviews import SecondAnswer, SecondReading
from services.store import second_readings
from services.web.views import evidence
from services.workflow.refusal import Refused


@dataclass(frozen=True, slots=True)
class Reading:
    """One second reading on the screen. `current` is the finding asked about now, "" when all are answered."""

    row: SecondReading
    answers: Mapping[str, SecondAnswer]
    pieces: list[evidence.Piece]
    current: str

    @property
    def complete(self) -> bool:
        """Whether every finding has its answer."""
        return all(each["id"] in self.answers for each in self.row.findings)


def offered(connection: Connection, person: Person) -> Sequence[SecondReading]:
    """What waits for a second reading of theirs, with the row of their look at it."""
    rows = second_readings.waiting(connection, person.site, person.id)
    listed(connection, person, "second readings", len(rows))
    return rows


def opened(connection: Connection, person: Person, reading_id: int, claim: float, current: str = "") -> Reading:
    """Claims a second reading and shows it. Raises Refused."""
    return _shown(connection, reviewing.open_second(connection, person, reading_id, claim), current)


def standing(connection: Connection, person: Person, reading_id: int, current: str = "") -> Reading | None:
    """A second reading that the person opened and nobody took over, else None. Claims nothing. Raises Refused."""
    row = second_readings.locked(connection, person.site, reading_id)
    if row is None:
        raise Refused("unknown", "There is no such second reading.")
    if row.claimed_by != person.id or row.state == "done" or not row.stands:
        return None
    return _shown(connection, row, current)


def _shown(connection: Connection, row: SecondReading, current: str) -> Reading:
    answers = second_readings.answers(connection, row.id)
    ids = [each["id"] for each in row.findings]
    unanswered = next((each for each in ids if each not in answers), "")
    text, sections = row.text, row.record.get("sections", ())
    named = {each["start"]: each["kind"].capitalize() for each in sections}
    pieces = evidence.pieces(text, evidence.spans(text, (), ()), named)
    return Reading(row, answers, pieces, current if current in ids else unanswered)
