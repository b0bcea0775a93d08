"""One report read by one engine, kept as what an evaluation needs of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, NamedTuple

from pydantic import Field

from integration.canonical import Record, Status, Verdict
from services.evaluation.batch import asked, candidates_of
from services.evaluation.dataset import Labelled
from services.reading.catalogue import Library
from services.reading.reader import Candidate, Failing, Question, Reader, Reading, ReadingError, Usage

Failure = Failing | Literal["unread"]
"""Why there is no answer; "unread": the reader says that it cannot read the report, its language say."""


class Said(Record):
    """What was said of one candidate; `unsupported`: no passage of the report carries it."""

    status: Status
    quotes: tuple[str, ...] = ()
    unsupported: bool = False


class Answered(Record):
    """An engine's answer to one report, or why there is none. `said` by candidate, as the data set names it.

    `visible_words`: what a reviewer would read: the line under each finding and each advisory.
    Seconds are in `usage`; `at`: when it was asked (UTC).
    """

    said: dict[str, Said] = Field(default_factory=dict)
    failure: Failure | None = None
    reason: str = ""
    usage: Usage = Usage()
    visible_words: int = 0
    reasoning_words: int = 0
    at: datetime


class Asked(NamedTuple):
    """What is asked about a report, and the candidate each name of the data set stands for."""

    question: Question
    candidates: dict[str, Candidate]


def question_for(item: Labelled, library: Library) -> Asked:
    """The question of a labelled report, in the context of its exam."""
    catalogue = library.catalogues.get(item.catalogue) or library.choose(
        modality=item.modality, body_part=item.body_part
    )
    library = library.preferring(catalogue)
    names = {candidate: item.names.get(candidate, candidate) for candidate in item.candidates}
    by_name = candidates_of(names.values(), library)
    candidates = {candidate: by_name[name] for candidate, name in names.items() if name in by_name}
    return Asked(asked(item.asked(), candidates.values(), library), candidates)


def ask(item: Labelled, to: Asked, reader: Reader) -> Answered:
    """The engine's answer; a ReadingError becomes a failure with its kind."""
    now = datetime.now(UTC)
    try:
        reading = reader.read(to.question)
    except ReadingError as error:
        return Answered(failure=error.failing, reason=str(error), usage=error.usage, at=now)
    if reading.unread:
        return Answered(failure="unread", reason=reading.unread, usage=reading.usage, at=now)
    return _answered(item, reading, to.candidates, now)


def _answered(item: Labelled, reading: Reading, candidates: dict[str, Candidate], now: datetime) -> Answered:
    by_id = {verdict.finding.id: verdict for verdict in reading.verdicts}
    verdicts = {name: by_id[candidate.finding.id] for name, candidate in candidates.items()}
    lines = [each.rationale for each in verdicts.values() if each.status is not Status.NOT_MENTIONED]
    lines += [advisory.message for advisory in reading.advisories]
    return Answered(
        said={name: _said(verdicts.get(name), item.text) for name in item.candidates},
        usage=reading.usage,
        visible_words=sum(len(line.split()) for line in lines),
        reasoning_words=len(reading.reasoning.split()),
        at=now,
    )


def _said(verdict: Verdict | None, text: str) -> Said:
    """A quote that is no slice of the report supports nothing, whoever gave it."""
    if verdict is None:
        return Said(status=Status.NOT_MENTIONED)
    quotes = tuple(quote.text for quote in verdict.quotes)
    inexact = any(quote not in text for quote in quotes)
    return Said(status=verdict.status, quotes=quotes, unsupported=verdict.unsupported or inexact)
