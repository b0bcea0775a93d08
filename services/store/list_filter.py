"""What is chosen of the worklist: a filter, what its search finds, and the WHERE of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from sqlalchemy import BigInteger, Connection, Text, and_, bindparam, exists, func, literal_column, or_, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement, TextClause

from services.domain.words import NOT_READ, ReadingState
from services.store.clock import NOW
from services.store.list_search import FEW, MOST_WORDS, SITE, escaped, find, lengths, named
from services.store.rows import Values
from services.store.tables import advisory, report, report_version, review, suggestion
from services.store.tables.advisory import UNTOLD
from services.store.tables.report import ONE_SILENT
from services.store.tables.review import IS_OPEN

Show = Literal["todo", "mine", "recent", "signed", "all"]
Sort = Literal["urgent", "oldest", "newest", "patient", "disagreement"]
Flag = Literal["critical", "conflict", "unsupported", "reopened", "pending", "unread", "none", "untold", "silent"]
MANY = "many"
# Written out, not bound: PostgreSQL uses an index on part of a table where it sees that the query asks for no more.
TO_DO = text(f"review.{IS_OPEN} AND review.signature_at IS NULL")
SIGNED = text("review.state = 'signed'")
CLAIMED = text("review.state = 'claimed' AND review.signature_at IS NULL")
Condition = ColumnElement[bool] | TextClause


@dataclass(frozen=True, slots=True)
class Filter:
    """What of a site's worklist is shown. Empty strings and None do not filter.

    `search`: words that are all somewhere in names and numbers, or all begin words of the report's text.

    `patient` is an identifier with its assigning authority.
    """

    site: str
    show: Show = "todo"
    sort: Sort = "urgent"
    search: str = ""
    modality: str = ""
    priority: int | None = None
    flag: Flag | None = None
    finding: str = ""
    patient: tuple[str, str] | None = None
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter with what its search finds. `shape` is what makes another statement; `values` are its parameters."""

    shape: Filter
    values: Values

    @property
    def is_of_many(self) -> bool:
        """Whether the search finds more than FEW, so that nobody has counted what the filter leaves of them."""
        return self.shape.search.startswith(MANY)


def ask(connection: Connection, wanted: Filter) -> Asked:
    """What a filter's search finds is looked for once, however much is then asked about it."""
    words = wanted.search.split()[:MOST_WORDS]
    values: Values = {
        "site": wanted.site,
        **{f"word_{at}": escaped(word) for at, word in enumerate(words)},
        "modality": wanted.modality,
        "priority": wanted.priority,
        "finding": wanted.finding,
        "patient": wanted.patient and wanted.patient[0],
        "authority": wanted.patient and wanted.patient[1],
        "account": wanted.account_id,
    }
    found = find(connection, words, values) if words else []
    shape = replace(
        wanted,
        site="",
        search=f"{MANY if len(found) > FEW else 'few'} {lengths(words)}" if words else "",
        modality=wanted.modality and "some",
        priority=None if wanted.priority is None else 0,
        finding=wanted.finding and "some",
        patient=wanted.patient and ("some", "some"),
        account_id=None,
    )
    return Asked(shape, {**values, "found": found[:FEW]})


def conditions(shape: Filter) -> list[Condition]:
    """The WHERE of all filters of a shape."""
    chosen: list[Condition] = [review.c.site_id == SITE, report.c.site_id == SITE, *_shown(shape)]
    if shape.search:
        few = report.c.id == func.any(bindparam("found", type_=ARRAY(BigInteger)))
        how, _, words = shape.search.partition(" ")
        chosen.append(named(words) if how == MANY else few)
    if shape.patient is not None:
        chosen += [report.c.patient_id == bindparam("patient"), report.c.patient_authority == bindparam("authority")]
    if shape.modality:
        chosen.append(report.c.modality == bindparam("modality"))
    if shape.priority is not None:
        chosen.append(review.c.priority == bindparam("priority"))
    if shape.flag:
        chosen.append(_flagged(shape.flag))
    if shape.finding:
        chosen.append(_suggested())
    return chosen


def _shown(shape: Filter) -> list[Condition]:
    mine: list[Condition] = [CLAIMED, review.c.claimed_by == bindparam("account"), review.c.claimed_until > NOW]
    shown: dict[Show, list[Condition]] = {
        "todo": [TO_DO],
        "mine": mine,
        "recent": [_signed_lately()],
        "signed": [SIGNED],
        "all": [],
    }
    return shown[shape.show]


def _signed_lately() -> ColumnElement[bool]:
    """By this person, within a day; also what they can still take back."""
    mine: ColumnElement[int] = bindparam("account", type_=BigInteger)
    pending = and_(review.c.signature_at.is_not(None), review.c.signature_by == mine)
    return or_(pending, and_(SIGNED, review.c.signed_by == mine, review.c.signed_at > NOW - timedelta(days=1)))


def _read_to(*states: ReadingState) -> ColumnElement[bool]:
    """How far the reading of the version under review came."""
    of = report_version.alias("of_review")
    # Written out, as above.
    named = [literal_column(f"'{state}'", Text) for state in states]
    return exists().where(of.c.id == review.c.version_id, of.c.reading_state.in_(named))


def _flagged(flag: Flag) -> ColumnElement[bool]:
    tests: dict[str, ColumnElement[bool]] = {
        "critical": review.c.critical > 0,
        "conflict": review.c.conflicts > 0,
        "unsupported": review.c.unsupported > 0,
        "reopened": and_(review.c.signed_at.is_not(None), review.c.state != "signed"),
        "pending": _read_to(ReadingState.PENDING),
        "unread": _read_to(*NOT_READ),
        "untold": exists().where(advisory.c.report_id == review.c.report_id, text(UNTOLD)),
        "silent": _one_reader_silent(),
        "none": and_(review.c.suggestions == 0, _read_to(ReadingState.NOTHING_FOUND)),
    }
    return tests[flag]


_SILENT = text(ONE_SILENT)


def _one_reader_silent() -> ColumnElement[bool]:
    """One of rules and model asserts a finding of which the other says nothing."""
    return exists().where(suggestion.c.version_id == review.c.version_id, _SILENT)


def _suggested() -> ColumnElement[bool]:
    return exists().where(
        suggestion.c.version_id == review.c.version_id,
        suggestion.c.finding_id == bindparam("finding"),
        suggestion.c.state != "withdrawn",
    )
