"""Queries on reports, their sources and versions, and what readers said of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Executable,
    RowMapping,
    Select,
    SmallInteger,
    Text,
    and_,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
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


_GIVEN = [column for column in report.c if column.name not in ("id", "held", "created_at")]
_MADE = (
    pg_insert(report)
    .values({column.name: bindparam(f"new_{column.name}", type_=column.type) for column in _GIVEN})
    .on_conflict_do_nothing(index_elements=["site_id", "key"])
    .returning(*report.c)
    .cte("made")
)


def _make(order: str) -> Select[Any]:
    """Beside the row made: `order_known`, whether another one that is not held has the same number of an order."""
    other = report.alias("other")
    same = and_(other.c.site_id == bindparam("of_site"), other.c[order] == bindparam("order"), other.c.held == "")
    return select(_MADE, select(other.c.id).where(same).exists().label("order_known"))


_MAKE = {order: _make(order) for order in ("accession", "filler")}
_LOCK = select(report).where(report.c.site_id == bindparam("site"), report.c.key == bindparam("key")).with_for_update()
_LOCK_BY_ID = select(report).where(report.c.id == bindparam("report")).with_for_update()


def make(connection: Connection, record: Report, key: str) -> RowMapping | None:
    """The row of a report nobody knew, ours until the transaction ends; None where it is known.

    Beside its columns: order_known, whether another report that is not held has its order.
    """
    values = {"site_id": record.site, "key": key, **_shown(record)}
    order = "accession" if values["accession"] else "filler"
    new = {f"new_{name}": value for name, value in values.items()}
    asked = {**new, "of_site": record.site, "order": values[order]}
    return connection.execute(_MAKE[order], asked).mappings().one_or_none()


def lock(connection: Connection, record: Report, key: str) -> RowMapping:
    """The report's row, made if need be, locked until the transaction ends: one change of a report at a time."""
    known = {"site": record.site, "key": key}
    return make(connection, record, key) or connection.execute(_LOCK, known).mappings().one()


def by_id(connection: Connection, report_id: int) -> RowMapping:
    """A report's row. Raises NoResultFound."""
    return connection.execute(select(report).where(report.c.id == report_id)).mappings().one()


def lock_by_id(connection: Connection, report_id: int) -> RowMapping:
    """A known report's row, locked until the transaction ends."""
    return connection.execute(_LOCK_BY_ID, {"report": report_id}).mappings().one()


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


_ADD_SOURCE = insert(report_source)


def add_source(connection: Connection, report_id: int, message_id: int, record: Report) -> None:
    """Keeps what one message said of a report."""
    connection.execute(_ADD_SOURCE, source_values(report_id, message_id, record))


def source_values(report_id: int, message_id: int, record: Report) -> dict[str, Any]:
    """A source's columns, but for its version."""
    return {
        "site_id": record.site,
        "report_id": report_id,
        "message_id": message_id,
        "door": record.source.door.value,
        "reference": record.source.reference,
        "reference_version": record.source.version,
        "record": record.model_dump(mode="json"),
    }


def attach_sources(connection: Connection, report_id: int, version_id: int) -> None:
    """Sources not yet attached belong to this version."""
    where = and_(report_source.c.report_id == report_id, report_source.c.version_id.is_(None))
    connection.execute(update(report_source).where(where).values(version_id=version_id))


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


_VERSION = select(report_version).where(report_version.c.id == bindparam("version"))
_SET_VERSION_STATE = (
    update(report_version).where(report_version.c.id == bindparam("version")).values(state=bindparam("moved"))
)


def version(connection: Connection, version_id: int) -> RowMapping:
    """One version. Raises NoResultFound."""
    return connection.execute(_VERSION, {"version": version_id}).mappings().one()


def set_version_state(connection: Connection, version_id: int, state: str) -> None:
    """Moves a version to a state."""
    connection.execute(_SET_VERSION_STATE, {"version": version_id, "moved": state})


def _put_version() -> Executable:
    statement = pg_insert(report_version)
    of_report = report_version.c.report_id == bindparam("of_report", type_=BigInteger)
    statement = statement.values(number=select(func.count() + 1).where(of_report).scalar_subquery())
    known = report_version.c.record
    kept = func.jsonb_build_object("text", known["text"], "sections", known["sections"])
    fresh = {name: statement.excluded[name] for name in ("state", "status", "issued_at")}
    record = statement.excluded.record.op("||")(kept)
    return statement.on_conflict_do_update(
        index_elements=["report_id", "content_hash"], set_={**fresh, "record": record}
    ).returning(*report_version.c)


_PUT_VERSION = _put_version()


def put_version(connection: Connection, report_id: int, record: Report, state: str) -> RowMapping:
    """The version with this record's content, made or brought up to date, in `state`.

    Content is compared with white space folded, so a known version keeps the text its quotes point into.
    """
    values = {**version_values(report_id, record), "state": state, "of_report": report_id}
    return connection.execute(_PUT_VERSION, values).mappings().one()


def version_values(report_id: int, record: Report) -> dict[str, Any]:
    """A version's columns, but for its state."""
    return {
        "site_id": record.site,
        "report_id": report_id,
        "content_hash": record.content_hash,
        "status": record.status.value,
        "issued_at": record.issued,
        "record": record.model_dump(mode="json"),
        "text": record.text,
    }


_ADD_ANALYSIS = insert(analysis).returning(analysis.c.id)


def add_analysis(connection: Connection, **values: Any) -> int:
    """Stores a reading; its id."""
    return int(connection.execute(_ADD_ANALYSIS, values).scalar_one())


def has_suggestions(connection: Connection, report_id: int) -> bool:
    """Whether undecided suggestions of any version of the report are on show."""
    where = and_(suggestion.c.report_id == report_id, suggestion.c.state == "proposed")
    return connection.scalar(select(func.count()).where(where)) != 0


# What a reader says of a suggestion; the rest is what people make of it.
_OF_PEOPLE = ("id", "created_at", "decided_at", "decided_by", "suggested_status", "origin", "state", "reason")
SUGGESTED = [column.name for column in suggestion.c if column.name not in _OF_PEOPLE]
_PUT_SUGGESTIONS = text(f"""
    INSERT INTO suggestion ({", ".join(SUGGESTED)})
    SELECT {", ".join(SUGGESTED)} FROM jsonb_populate_recordset(CAST(NULL AS suggestion), :rows)
    ON CONFLICT (version_id, identifier) DO UPDATE SET state = 'proposed', reason = '',
        {", ".join(f"{name} = excluded.{name}" for name in SUGGESTED if name not in ("version_id", "identifier"))}
    WHERE suggestion.state IN ('proposed', 'withdrawn')
""").bindparams(bindparam("rows", type_=JSONB))  # noqa: S608


def put_suggestions(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Stores suggestions. One read again keeps its identity; what a person decided is left alone."""
    if rows:
        connection.execute(_PUT_SUGGESTIONS, {"rows": list(rows)})


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


_OPEN_REVIEW = text("""
    INSERT INTO review (site_id, report_id, version_id, priority, suggestions, critical, conflicts, unsupported)
    SELECT :site, :report, :version, :priority, count(*), count(*) FILTER (WHERE critical AND status = 'present'),
        count(*) FILTER (WHERE conflict), count(*) FILTER (WHERE unsupported)
    FROM suggestion WHERE version_id = :version AND state <> 'withdrawn'
    ON CONFLICT (report_id) DO UPDATE SET version_id = excluded.version_id, revision = review.revision + 1,
        suggestions = excluded.suggestions, critical = excluded.critical,
        conflicts = excluded.conflicts, unsupported = excluded.unsupported,
        state = CASE WHEN review.version_id = excluded.version_id THEN review.state
            WHEN review.state = 'signed' THEN 'reopened' WHEN review.state = 'cancelled' THEN 'open'
            ELSE review.state END
""").bindparams(
    bindparam("site", type_=Text),
    bindparam("report", type_=BigInteger),
    bindparam("version", type_=BigInteger),
    bindparam("priority", type_=SmallInteger),
)


def open_review(connection: Connection, version_row: RowMapping, priority: int) -> None:
    """A review for a version whose suggestions are stored; one already signed is reopened, a claim is kept."""
    values = {"site": version_row["site_id"], "report": version_row["report_id"], "version": version_row["id"]}
    connection.execute(_OPEN_REVIEW, {**values, "priority": priority})


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
