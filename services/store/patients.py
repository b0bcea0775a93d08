"""Queries on merged patients: which numbers stand for one person at a site."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from integration.canonical import Identifier, Report
from integration.merges import Merge
from services.store.clock import NOW
from services.store.tables import message, patient_alias, report

Number = tuple[str, str]
"""(authority, value)."""

# Every number that leads to one of the given or is led to by it; UNION ends where nothing new comes.
_ALIKE = text("""
    WITH RECURSIVE alike (authority, value) AS (
        SELECT CAST(:authority AS text), CAST(:value AS text)
        UNION
        SELECT step.authority, step.value FROM alike JOIN LATERAL (
            SELECT into_authority AS authority, into_value AS value FROM patient_alias
            WHERE site_id = :site AND authority = alike.authority AND value = alike.value AND ended_at IS NULL
            UNION ALL
            SELECT authority, value FROM patient_alias
            WHERE site_id = :site AND into_authority = alike.authority AND into_value = alike.value AND ended_at IS NULL
        ) AS step ON true
    )
    SELECT authority, value FROM alike
""")
_SURVIVOR = text("""
    WITH RECURSIVE led (authority, value, depth) AS (
        SELECT CAST(:authority AS text), CAST(:value AS text), 0
        UNION ALL
        SELECT into_authority, into_value, depth + 1 FROM led JOIN patient_alias
            ON site_id = :site AND patient_alias.authority = led.authority AND patient_alias.value = led.value
            AND ended_at IS NULL
        WHERE depth < 20
    )
    SELECT authority, value FROM led ORDER BY depth DESC LIMIT 1
""")


def lock(connection: Connection, site: str) -> None:
    """One merge of a site at a time, until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('merge ' || :site, 0))"), {"site": site})


def alike(connection: Connection, site: str, number: Number) -> set[Number]:
    """Every number of the same person, this one included."""
    values = {"site": site, "authority": number[0], "value": number[1]}
    return {(row[0], row[1]) for row in connection.execute(_ALIKE, values)}


def survivor(connection: Connection, site: str, number: Number) -> Number:
    """The number that stands for this one; itself where it was not merged."""
    values = {"site": site, "authority": number[0], "value": number[1]}
    row = connection.execute(_SURVIVOR, values).one()
    return row[0], row[1]


def contradicts(connection: Connection, site: str, prior: Identifier, surviving: Identifier) -> bool:
    """Whether a number stands for a third already, or the other one for it."""
    own = (prior.authority, prior.value)
    before, after = (survivor(connection, site, each) for each in (own, (surviving.authority, surviving.value)))
    return after == own or before not in (own, after)


def merge(connection: Connection, site: str, message_id: int, said: Merge) -> bool:
    """A number stands for another from now on; False where it did already, or where that was undone since."""
    pair = _pair(site, said)
    said_at = said.said_at or NOW
    undone = select(patient_alias.c.id).where(*_is(pair), patient_alias.c.undone_at > said_at).limit(1)
    if connection.execute(undone).first():
        return False
    # Said again: what undid it before then must not undo it now.
    newest = func.greatest(patient_alias.c.said_at, said_at)
    connection.execute(
        update(patient_alias).where(*_is(pair), patient_alias.c.ended_at.is_(None)).values(said_at=newest)
    )
    values = {**pair, "message_id": message_id, "said_at": said_at}
    statement = pg_insert(patient_alias).values(values).on_conflict_do_nothing().returning(patient_alias.c.id)
    return connection.scalar(statement) is not None


def end(connection: Connection, site: str, message_id: int, said: Merge) -> bool:
    """A merge is undone; False where there was none, or one that is newer. What is undone before it is heard of is
    remembered."""
    pair = _pair(site, said)
    said_at = said.said_at or NOW
    standing = [*_is(pair), patient_alias.c.ended_at.is_(None)]
    newer = connection.execute(select(patient_alias.c.id).where(*standing, patient_alias.c.said_at > said_at)).first()
    if newer:
        return False
    ended = connection.execute(update(patient_alias).where(*standing).values(ended_at=NOW, undone_at=said_at))
    if not ended.rowcount:
        row = {**pair, "message_id": message_id, "ended_at": NOW, "undone_at": said_at}
        connection.execute(insert(patient_alias).values(row))
    return ended.rowcount > 0


def told_by(connection: Connection, site: str, resource: str) -> list[tuple[Number, Number]]:
    """The merges that stand because a resource of a FHIR server said so."""
    query = select(
        patient_alias.c.authority, patient_alias.c.value, patient_alias.c.into_authority, patient_alias.c.into_value
    ).join(message, message.c.id == patient_alias.c.message_id)
    where = (patient_alias.c.site_id == site, message.c.resource == resource, patient_alias.c.ended_at.is_(None))
    return [((row[0], row[1]), (row[2], row[3])) for row in connection.execute(query.where(*where))]


def _pair(site: str, said: Merge) -> dict[str, str]:
    return {
        "site_id": site,
        "authority": said.prior.authority,
        "value": said.prior.value,
        "into_authority": said.surviving.authority,
        "into_value": said.surviving.value,
    }


def _is(pair: dict[str, str]) -> list[ColumnElement[bool]]:
    return [patient_alias.c[name] == value for name, value in pair.items()]


def reports_of(connection: Connection, site: str, numbers: set[Number]) -> Sequence[int]:
    """Reports that are listed under one of these numbers, in the order in which they are locked."""
    query = select(report.c.id, report.c.patient_authority, report.c.patient_id).where(
        report.c.site_id == site, report.c.patient_id.in_({value for _, value in numbers})
    )
    return [row[0] for row in connection.execute(query.order_by(report.c.id)) if (row[1], row[2]) in numbers]


def named(connection: Connection, record: Report) -> Report:
    """The record under the patient's surviving number, the one that it came with behind it."""
    known = record.patient.identifiers
    if not known:
        return record
    first = known[0]
    authority, value = survivor(connection, record.site, (first.authority, first.value))
    if (authority, value) == (first.authority, first.value):
        return record
    rest = tuple(each for each in known if (each.authority, each.value) != (authority, value))
    identifiers = (Identifier(value=value, authority=authority, type=first.type), *rest)
    return record.model_copy(update={"patient": record.patient.model_copy(update={"identifiers": identifiers})})
