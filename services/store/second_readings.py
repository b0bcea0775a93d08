"""Queries on double reading: which reports wait, who has one open, what was answered, and how it compares."""

from __future__ import annotations

from sqlalchemy import Connection, and_, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.domain.figures import ReadTwice
from services.domain.reviews import SecondAnswer, SecondReading
from services.store.clock import NOW, ahead
from services.store.rows import every, one_or_none
from services.store.tables import account, audit, report, report_version, review, second_answer, second_reading

DAY = 86400
OFFERED = 50
"""Most readings that a person is offered at a time."""
# Nothing has replaced what was signed: a reading of anything else would compare two texts.
_STANDS = and_(review.c.state == "signed", review.c.version_id == second_reading.c.version_id)
_TABLES = (
    second_reading.join(review, review.c.id == second_reading.c.review_id)
    .join(report, report.c.id == second_reading.c.report_id)
    .join(report_version, report_version.c.id == second_reading.c.version_id)
    .outerjoin(account, account.c.id == second_reading.c.claimed_by)
)
_COLUMNS = (
    *second_reading.c,
    review.c.signed_by,
    _STANDS.label("stands"),
    report.c.patient_name,
    report.c.patient_id,
    report.c.accession,
    report.c.procedure,
    report.c.modality,
    report.c.observed_at,
    report_version.c.text,
    report_version.c.record,
    account.c.name.label("claimer"),
    and_(second_reading.c.claimed_by.is_not(None), second_reading.c.claimed_until > NOW).label("claim_live"),
)


def add(connection: Connection, **values: object) -> None:
    """Puts a version into the queue; one that is there already stays as it is."""
    connection.execute(pg_insert(second_reading).values(**values).on_conflict_do_nothing())


def locked(connection: Connection, site: str, reading_id: int) -> SecondReading | None:
    """A second reading with its report's text, locked until the transaction ends. Nothing in it tells the first."""
    where = and_(second_reading.c.id == reading_id, second_reading.c.site_id == site)
    query = select(*_COLUMNS).select_from(_TABLES).where(where).with_for_update(of=second_reading)
    return one_or_none(SecondReading, connection.execute(query))


def has_seen(connection: Connection, report_id: int, actor: str) -> bool:
    """Whether a person ever looked at the report otherwise: the trail knows of every view, print and export."""
    seen = exists().where(
        audit.c.report_id == report_id, audit.c.actor == actor, ~audit.c.action.startswith("second_reading.")
    )
    return bool(connection.scalar(select(seen)))


def waiting(connection: Connection, site: str, account_id: int, limit: int = OFFERED) -> list[SecondReading]:
    """What a person could read blind, oldest first: not theirs, never seen by them, open by nobody else."""
    free = or_(
        second_reading.c.claimed_by.is_(None),
        second_reading.c.claimed_until < NOW,
        second_reading.c.claimed_by == account_id,
    )
    seen = exists().where(
        audit.c.report_id == second_reading.c.report_id,
        audit.c.actor == f"account/{account_id}",
        ~audit.c.action.startswith("second_reading."),
    )
    where = and_(second_reading.c.site_id == site, second_reading.c.state != "done", _STANDS, free, ~seen)
    where = and_(where, review.c.signed_by != account_id)
    query = select(*_COLUMNS).select_from(_TABLES).where(where).order_by(second_reading.c.id).limit(limit)
    return every(SecondReading, connection.execute(query))


def claim(connection: Connection, reading_id: int, account_id: int, seconds: float) -> None:
    """Gives a second reading to a person for some seconds; another's unfinished answers go."""
    mine = select(second_reading.c.claimed_by).where(second_reading.c.id == reading_id).scalar_subquery()
    others = and_(second_answer.c.second_reading_id == reading_id, mine.is_distinct_from(account_id))
    connection.execute(second_answer.delete().where(others))
    values = {
        "state": "claimed",
        "claimed_by": account_id,
        "claimed_until": ahead(seconds),
        "opened_at": func.coalesce(second_reading.c.opened_at, NOW),
    }
    connection.execute(update(second_reading).where(second_reading.c.id == reading_id).values(**values))


def answers(connection: Connection, reading_id: int) -> dict[str, SecondAnswer]:
    """What was answered so far, by finding id."""
    query = select(second_answer).where(second_answer.c.second_reading_id == reading_id).order_by(second_answer.c.id)
    return {row.finding_id: row for row in every(SecondAnswer, connection.execute(query))}


def put_answer(connection: Connection, **values: object) -> None:
    """Stores an answer over an earlier one on the same finding."""
    statement = pg_insert(second_answer).values(**values)
    fresh = {"status": statement.excluded.status, "side": statement.excluded.side, "answered_at": NOW}
    where = ["second_reading_id", "finding_id"]
    connection.execute(statement.on_conflict_do_update(index_elements=where, set_=fresh))


def finish(connection: Connection, reading_id: int, account_id: int) -> None:
    """Closes a second reading."""
    values = {"state": "done", "finished_at": NOW, "account_id": account_id, "claimed_by": None, "claimed_until": None}
    connection.execute(update(second_reading).where(second_reading.c.id == reading_id).values(**values))


# What was signed for a finding the engine had suggested, in the second reader's terms. A suggestion on two sides is
# one finding: present where either is. `replaced` (another side or finding was signed) is what the person said instead.
_PAIRS = text("""
    WITH signed AS (
        SELECT version_id, finding_id, max(finding ->> 'name') AS name, max(confidence) AS confidence,
            bool_or(origin = 'ai') AS suggested,
            bool_or(state IN ('approved', 'edited') AND status = 'present') AS present,
            bool_or(state IN ('approved', 'edited') AND status = 'uncertain') AS uncertain,
            bool_or(state IN ('approved', 'edited') AND status = 'absent' OR state = 'rejected' AND reason = 'negated')
                AS absent
        FROM suggestion
        WHERE version_id IN (SELECT version_id FROM second_reading
            WHERE site_id = :site AND finished_at >= now() - make_interval(days => :days))
            AND state IN ('approved', 'edited', 'rejected')
        GROUP BY version_id, finding_id
    )
    SELECT reading.report_id, reading.version_id, answer.finding_id, signed.name, signed.confidence,
        CASE WHEN signed.present THEN 'present' WHEN signed.uncertain THEN 'uncertain'
            WHEN signed.absent THEN 'absent' ELSE 'not_mentioned' END AS first,
        answer.status AS second, review.signed_by AS first_account, reading.account_id AS second_account,
        reading.finished_at
    FROM second_reading AS reading
    JOIN second_answer AS answer ON answer.second_reading_id = reading.id
    JOIN review ON review.id = reading.review_id
    JOIN signed ON signed.version_id = reading.version_id AND signed.finding_id = answer.finding_id
    WHERE reading.site_id = :site AND reading.state = 'done' AND signed.suggested
        AND reading.finished_at >= now() - make_interval(days => :days)
    ORDER BY reading.id, answer.finding_id
""")


def pairs(connection: Connection, site: str, days: int = 365) -> list[ReadTwice]:
    """Both readers' words on every suggested finding of the reports read twice."""
    return every(ReadTwice, connection.execute(_PAIRS, {"site": site, "days": days}))
