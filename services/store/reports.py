"""Queries on reports, their sources and versions, and what readers said of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from integration.canonical import Report, sha256
from services.store.tables import (
    analysis,
    report,
    report_source,
    report_version,
    review,
    suggestion,
)

CURRENT = ("current", "superseding")


def lock(connection: Connection, record: Report, key: str) -> RowMapping:
    """The report's row, made if need be, locked until the transaction ends: one change of a report at a time."""
    values = {"site_id": record.site, "key": key, **_shown(record)}
    statement = pg_insert(report).values(values)
    connection.execute(statement.on_conflict_do_nothing(index_elements=["site_id", "key"]))
    where = and_(report.c.site_id == record.site, report.c.key == key)
    return connection.execute(select(report).where(where).with_for_update()).mappings().one()


def by_id(connection: Connection, report_id: int) -> RowMapping:
    """A report's row. Raises NoResultFound."""
    return connection.execute(select(report).where(report.c.id == report_id)).mappings().one()


def lock_by_id(connection: Connection, report_id: int) -> RowMapping:
    """A known report's row, locked until the transaction ends."""
    return connection.execute(select(report).where(report.c.id == report_id).with_for_update()).mappings().one()


def key_of(record: Report) -> str | None:
    """The report key (sha256 hex), None where patient or order are not known."""
    return sha256(*record.key_parts) if record.key_parts else None


def _shown(record: Report) -> dict[str, Any]:
    patient, order = record.patient, record.order
    first = patient.identifiers[0] if patient.identifiers else None
    return {
        "patient_id": first.value if first else "",
        "patient_authority": first.authority if first else "",
        "patient_name": ", ".join(part for part in (patient.family, patient.given) if part),
        "accession": order.accession.value if order.accession else "",
        "filler": order.filler.value if order.filler else "",
        "procedure": order.procedure.display or order.procedure.code,
        "modality": order.modality,
        "body_site": order.body_site,
        "priority": int(order.priority),
        "observed_at": record.observed,
    }


def show(connection: Connection, report_id: int, record: Report) -> None:
    """Updates what lists show of a report from its current record."""
    connection.execute(update(report).where(report.c.id == report_id).values(**_shown(record)))


def other_patients(connection: Connection, report_id: int, record: Report) -> Sequence[int]:
    """Reports of the same order that name another patient."""
    order = record.order
    same_order = [
        column == value.value
        for column, value in ((report.c.accession, order.accession), (report.c.filler, order.filler))
        if value
    ][:1]
    query = select(report.c.id).where(report.c.site_id == record.site, report.c.id != report_id, *same_order)
    return list(connection.execute(query.where(report.c.held == "")).scalars())


def hold(connection: Connection, report_id: int, reason: str) -> None:
    """A person must decide before this report goes on."""
    connection.execute(update(report).where(report.c.id == report_id).values(held=reason))


def is_of_site(connection: Connection, report_id: int, site: str) -> bool:
    """Whether a site has a report of that number."""
    return connection.scalar(select(report.c.site_id).where(report.c.id == report_id)) == site


def add_source(connection: Connection, report_id: int, message_id: int, record: Report) -> None:
    """Keeps what one message said of a report."""
    values = {
        "site_id": record.site,
        "report_id": report_id,
        "message_id": message_id,
        "door": record.source.door.value,
        "reference": record.source.reference,
        "reference_version": record.source.version,
        "record": record.model_dump(mode="json"),
    }
    connection.execute(insert(report_source).values(**values))


def attach_sources(connection: Connection, report_id: int, version_id: int) -> None:
    """Sources not yet attached belong to this version."""
    where = and_(report_source.c.report_id == report_id, report_source.c.version_id.is_(None))
    connection.execute(update(report_source).where(where).values(version_id=version_id))


def sources(connection: Connection, report_id: int) -> Sequence[RowMapping]:
    """Which messages spoke of a report, in order of arrival, without what they said."""
    columns = [column for column in report_source.c if column.name != "record"]
    query = select(*columns).where(report_source.c.report_id == report_id).order_by(report_source.c.id)
    return connection.execute(query).mappings().all()


def records(connection: Connection, report_id: int) -> list[Report]:
    """Everything its sources said of a report."""
    query = select(report_source.c.record).where(report_source.c.report_id == report_id)
    return [Report.model_validate(record) for record in connection.execute(query).scalars()]


def last_source(connection: Connection, site: str, endpoint: str, reference: str) -> RowMapping | None:
    """What a resource of a FHIR endpoint said last of its report; None where it never became one."""
    where = and_(
        report_source.c.site_id == site,
        report_source.c.reference == reference,
        report_source.c.record["source"]["application"].astext == endpoint,
    )
    query = select(report_source).where(where).order_by(report_source.c.id.desc()).limit(1)
    return connection.execute(query).mappings().one_or_none()


def current_version(connection: Connection, report_id: int) -> RowMapping | None:
    """The version that counts, None before the first and after a retraction."""
    where = and_(report_version.c.report_id == report_id, report_version.c.state.in_(CURRENT))
    return connection.execute(select(report_version).where(where)).mappings().one_or_none()


def version(connection: Connection, version_id: int) -> RowMapping:
    """One version. Raises NoResultFound."""
    return connection.execute(select(report_version).where(report_version.c.id == version_id)).mappings().one()


def set_version_state(connection: Connection, version_id: int, state: str) -> None:
    """Moves a version to a state."""
    connection.execute(update(report_version).where(report_version.c.id == version_id).values(state=state))


def put_version(connection: Connection, report_id: int, record: Report, state: str) -> RowMapping:
    """The version with this record's content, made or brought up to date, in `state`.

    Content is compared with white space folded, so a known version keeps the text its quotes point into.
    """
    number = select(func.count() + 1).where(report_version.c.report_id == report_id).scalar_subquery()
    fresh = {"state": state, "status": record.status.value, "issued_at": record.issued}
    said = {"record": record.model_dump(mode="json"), "text": record.text}
    statement = pg_insert(report_version).values(
        site_id=record.site, report_id=report_id, content_hash=record.content_hash, number=number, **fresh, **said
    )
    kept = func.jsonb_build_object(
        "text", report_version.c.record["text"], "sections", report_version.c.record["sections"]
    )
    statement = statement.on_conflict_do_update(
        index_elements=["report_id", "content_hash"],
        set_={**fresh, "record": statement.excluded.record.op("||")(kept)},
    )
    return connection.execute(statement.returning(*report_version.c)).mappings().one()


def add_analysis(connection: Connection, **values: Any) -> int:
    """Stores a reading; its id."""
    return int(connection.execute(insert(analysis).values(**values).returning(analysis.c.id)).scalar_one())


def has_analysis(connection: Connection, version_id: int) -> bool:
    """Whether a version was read for reviewers."""
    where = and_(analysis.c.version_id == version_id, analysis.c.shadow.is_(False))
    return connection.scalar(select(func.count()).where(where)) != 0


def has_suggestions(connection: Connection, report_id: int) -> bool:
    """Whether undecided suggestions of any version of the report are on show."""
    where = and_(suggestion.c.report_id == report_id, suggestion.c.state == "proposed")
    return connection.scalar(select(func.count()).where(where)) != 0


_LATEST_ANALYSIS = (
    select(analysis)
    .where(analysis.c.version_id == bindparam("version"), analysis.c.shadow.is_(False))
    .order_by(analysis.c.id.desc())
    .limit(1)
)


def latest_analysis(connection: Connection, version_id: int) -> RowMapping | None:
    """The newest reading of a version that reviewers see."""
    return connection.execute(_LATEST_ANALYSIS, {"version": version_id}).mappings().one_or_none()


def put_suggestions(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Stores suggestions. One read again keeps its identity; what a person decided is left alone."""
    if not rows:
        return
    statement = pg_insert(suggestion)
    fresh = {name: statement.excluded[name] for name in rows[0] if name not in ("version_id", "identifier")}
    statement = statement.on_conflict_do_update(
        index_elements=["version_id", "identifier"],
        set_={**fresh, "state": "proposed", "reason": ""},
        # No IN: its list cannot be expanded for several rows at once.
        where=or_(suggestion.c.state == "proposed", suggestion.c.state == "withdrawn"),
    )
    connection.execute(statement, list(rows))


def suggestions(connection: Connection, version_id: int) -> Sequence[RowMapping]:
    """The suggestions of a version, in catalogue order."""
    query = select(suggestion).where(suggestion.c.version_id == version_id)
    return connection.execute(query.order_by(suggestion.c.position, suggestion.c.id)).mappings().all()


def withdraw_suggestions(connection: Connection, version_id: int, reason: str) -> int:
    """Takes back what nobody has decided; how many. Signed findings are not touched."""
    where = and_(suggestion.c.version_id == version_id, suggestion.c.state == "proposed")
    return connection.execute(update(suggestion).where(where).values(state="withdrawn", reason=reason)).rowcount


def older_versions_showing(connection: Connection, report_id: int, version_id: int) -> Sequence[int]:
    """Versions other than this one that still have undecided suggestions."""
    query = (
        select(suggestion.c.version_id)
        .where(
            suggestion.c.report_id == report_id,
            suggestion.c.version_id != version_id,
            suggestion.c.state == "proposed",
        )
        .distinct()
    )
    return list(connection.execute(query).scalars())


def review_of(connection: Connection, report_id: int) -> RowMapping | None:
    """The review of a report."""
    return connection.execute(select(review).where(review.c.report_id == report_id)).mappings().one_or_none()


def open_review(connection: Connection, version_row: RowMapping, priority: int) -> None:
    """A review for a version whose reading is stored; one already signed is reopened, a claim is kept."""
    statement = text(
        "INSERT INTO review (site_id, report_id, version_id, priority) VALUES (:site, :report, :version, :priority) "
        "ON CONFLICT (report_id) DO UPDATE SET version_id = excluded.version_id, revision = review.revision + 1, "
        "state = CASE WHEN review.version_id = excluded.version_id THEN review.state "
        "WHEN review.state = 'signed' THEN 'reopened' WHEN review.state = 'cancelled' THEN 'open' "
        "ELSE review.state END"
    )
    values = {"site": version_row["site_id"], "report": version_row["report_id"], "version": version_row["id"]}
    connection.execute(statement, {**values, "priority": priority})


def set_review_state(connection: Connection, report_id: int, state: str, note: str = "") -> None:
    """Moves the review of a report, if it has one; the revision grows, so that open screens become stale."""
    values = {"state": state, "note": note, "revision": review.c.revision + 1}
    connection.execute(update(review).where(review.c.report_id == report_id).values(**values))


def bump_review(connection: Connection, report_id: int, note: str) -> None:
    """Makes open screens of a report's review stale."""
    values = {"note": note, "revision": review.c.revision + 1}
    connection.execute(update(review).where(review.c.report_id == report_id).values(**values))


def move_drafts(connection: Connection, report_id: int, version_id: int) -> None:
    """Drafts survive a correction: each moves to the new suggestion that says the same as its old one."""
    connection.execute(
        text(
            "UPDATE draft SET suggestion_id = fresh.id FROM suggestion old, suggestion fresh "
            "WHERE draft.suggestion_id = old.id AND old.report_id = :report AND old.version_id <> :version "
            "AND fresh.version_id = :version AND fresh.finding_id = old.finding_id AND fresh.status = old.status "
            "AND fresh.side IS NOT DISTINCT FROM old.side"
        ),
        {"report": report_id, "version": version_id},
    )
