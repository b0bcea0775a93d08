"""The audit trail: appended in the transaction of the change, hash-chained afterwards by one sealer."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.types import BigInteger

from integration.canonical import sha256
from services.domain.audit_actions import AuditAction
from services.domain.audit_rows import AuditRow
from services.domain.reports import Json
from services.store.rows import every, record
from services.store.tables import account, audit, report

SEALER_LOCK = 0x5EA1  # advisory lock key: one sealer at a time
START = "0" * 64
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where the chain does not hold."""

    audit_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verified:
    """Rows whose chain was recomputed, rows not sealed yet, and the first break if there is one."""

    sealed: int
    unsealed: int
    broken: Broken | None


_APPEND = insert(audit).inline()


def append(
    connection: Connection,
    *,
    site: str,
    actor: str,
    action: AuditAction,
    entity: str = "",
    report_id: int | None = None,
    detail: Json | None = None,
) -> None:
    """Adds a row within the caller's transaction. `detail` holds no text of a report and no patient's name."""
    values = {"site_id": site, "actor": actor, "action": action.value, "entity": entity, "report_id": report_id}
    connection.execute(_APPEND, {**values, "detail": detail or {}})


def append_each(
    connection: Connection, report_ids: Sequence[int], *, site: str, actor: str, action: AuditAction
) -> None:
    """Adds the same row for each of these reports, in one go."""
    same = {"site_id": site, "actor": actor, "action": action.value}
    if report_ids:
        connection.execute(insert(audit), [{**same, "report_id": report_id} for report_id in report_ids])


def content_hash(previous: str, row: AuditRow) -> str:
    """SHA-256 (hex) over the previous row's hash and all a row says; times in UTC, microseconds."""
    return sha256(
        previous,
        str(row.id),
        row.site_id,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        row.actor,
        row.action,
        row.entity,
        str(row.report_id or ""),
        json.dumps(row.detail, sort_keys=True, ensure_ascii=False),
    )


_SEAL = (
    update(audit)
    .where(audit.c.id == bindparam("row"))
    .values(
        sequence=bindparam("place"), previous_hash=bindparam("before"), hash=bindparam("digest"), sealed_at=func.now()
    )
)


def seal(connection: Connection, limit: int = BATCH) -> int:
    """Chains rows that are committed and not sealed yet; how many. Nothing where another sealer is at work.

    A row's place in the chain is the order of sealing, so a transaction that commits late still finds a place.
    """
    if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": SEALER_LOCK}):
        return 0
    last = select(audit.c.sequence, audit.c.hash).where(audit.c.sequence.is_not(None))
    tip = connection.execute(last.order_by(audit.c.sequence.desc()).limit(1)).one_or_none()
    sequence, previous = tip or (0, START)
    unsealed = select(audit).where(audit.c.hash.is_(None)).order_by(audit.c.id).limit(limit)
    rows = every(AuditRow, connection.execute(unsealed))
    sealed: list[dict[str, Any]] = []
    for row in rows:
        sequence += 1
        digest = content_hash(previous, row)
        sealed.append({"row": row.id, "place": sequence, "before": previous, "digest": digest})
        previous = digest
    if sealed:
        connection.execute(_SEAL, sealed)
    return len(rows)


def verify(connection: Connection) -> Verified:
    """Recomputes the whole chain: a changed, removed or reordered row shows."""
    sealed, previous = 0, START
    query = select(audit).where(audit.c.sequence.is_not(None)).order_by(audit.c.sequence)
    unsealed = connection.scalar(select(func.count()).where(audit.c.hash.is_(None))) or 0
    for row in connection.execute(query.execution_options(yield_per=BATCH)).mappings():
        entry = record(AuditRow, row)
        broken = _broken(entry, sealed + 1, previous)
        if broken:
            return Verified(sealed, unsealed, broken)
        sealed, previous = sealed + 1, entry.hash or ""
    return Verified(sealed, unsealed, None)


def _broken(row: AuditRow, sequence: int, previous: str) -> Broken | None:
    if row.sequence != sequence:
        return Broken(row.id, f"row {sequence} of the chain is missing")
    if row.previous_hash != previous:
        return Broken(row.id, "does not follow the row before it")
    if row.hash != content_hash(previous, row):
        return Broken(row.id, "was changed after it was sealed")
    return None


# The name behind "account/7"; other actors (a process) are shown as they are.
_ACCOUNT_ID = case(
    (audit.c.actor.like("account/%"), cast(func.nullif(func.substr(audit.c.actor, 9), ""), BigInteger)),
    else_=None,
)
_NAMED = (
    select(*audit.c, func.coalesce(account.c.name, audit.c.actor).label("name"))
    .select_from(audit.outerjoin(account, account.c.id == _ACCOUNT_ID))
    .order_by(audit.c.id.desc())
)


def history_of(report_id: ColumnElement[int], most: int = 200) -> Select[tuple[object, ...]]:
    """The question what happened to a report, newest first."""
    return _NAMED.where(audit.c.report_id == report_id).limit(most)


_OF_REPORT = history_of(bindparam("report"))


def of_report(connection: Connection, report_id: int) -> list[AuditRow]:
    """What happened to a report, newest first."""
    return every(AuditRow, connection.execute(_OF_REPORT, {"report": report_id}))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. `actor` is part of a name, `action` the start of one; `before` pages by id."""

    actor: str = ""
    action: str = ""
    report_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def search(connection: Connection, site: str, wanted: Wanted = Wanted(), limit: int = 100) -> list[AuditRow]:
    """Rows of a site, newest first."""
    named = func.coalesce(account.c.name, audit.c.actor).icontains(wanted.actor, autoescape=True)
    conditions = [
        audit.c.site_id == site,
        named if wanted.actor else None,
        audit.c.action.startswith(wanted.action, autoescape=True) if wanted.action else None,
        audit.c.report_id == wanted.report_id if wanted.report_id is not None else None,
        audit.c.at >= wanted.since if wanted.since else None,
        audit.c.at < wanted.until if wanted.until else None,
        audit.c.id < wanted.before if wanted.before else None,
    ]
    where = and_(*[condition for condition in conditions if condition is not None])
    return every(AuditRow, connection.execute(_NAMED.where(where).limit(limit)))


def patients(connection: Connection, report_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Whose these reports are: identifier and assigning authority, by report."""
    query = select(report.c.id, report.c.patient_id, report.c.patient_authority).where(report.c.id.in_(report_ids))
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}
