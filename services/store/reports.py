"""Queries on reports, their sources and versions, and what readers said of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert

from integration.canonical import Identifier, Report, sha256
from services.domain.reports import Source, StoredReport, Suggestion, Version
from services.domain.reviews import Review
from services.domain.words import VERSION_COUNTS
from services.store.rows import Values, every, one, one_or_none
from services.store.tables import (
    report,
    report_alias,
    report_source,
    report_version,
    review,
    suggestion,
)

_STORED = [column for column in report.c if column.computed is None]
_GIVEN = [column for column in _STORED if column.name not in ("id", "held", "created_at")]
_MADE = (
    pg_insert(report)
    .values({column.name: bindparam(f"new_{column.name}", type_=column.type) for column in _GIVEN})
    .on_conflict_do_nothing(index_elements=["site_id", "key"])
    .returning(*_STORED)
    .cte("made")
)


def is_of_order(
    other: FromClause, order: str, number: ColumnElement[str], filler: ColumnElement[str]
) -> ColumnElement[bool]:
    """Whether a report is of the same order: by the accession number; by the filler's where one of both has no other.

    Without its authority, which the two doors name differently.
    """
    named = other.c[order] == number
    return named if order == "filler" else or_(named, and_(other.c.accession == "", other.c.filler == filler))


def _make(order: str) -> Select[tuple[object, ...]]:
    """Beside the row made: `order_known`, whether another one that is not held has the same number of an order."""
    other = report.alias("other")
    same = and_(
        other.c.site_id == bindparam("of_site"),
        is_of_order(other, order, bindparam("order"), bindparam("new_filler")),
        other.c.held == "",
        other.c.processing == bindparam("new_processing"),
    )
    alias_of = select(report_alias.c.report_id).where(
        report_alias.c.site_id == bindparam("of_site"), report_alias.c.key == bindparam("new_key")
    )
    known = select(other.c.id).where(same).exists().label("order_known")
    return select(_MADE, known, alias_of.scalar_subquery().label("alias_of"))


_MAKE = {order: _make(order) for order in ("accession", "filler")}
_LOCK = (
    select(*_STORED).where(report.c.site_id == bindparam("site"), report.c.key == bindparam("key")).with_for_update()
)
_LOCK_BY_ID = select(*_STORED).where(report.c.id == bindparam("report")).with_for_update()


def make(connection: Connection, record: Report, key: str) -> StoredReport | None:
    """The row of a report nobody knew, ours until the transaction ends; None where it is known.

    Beside its columns: order_known, whether another report that is not held has its order; alias_of, the report that
    its key is a further key of.
    """
    values = {"site_id": record.site, "key": key, **_shown(record)}
    order = "accession" if values["accession"] else "filler"
    new = {f"new_{name}": value for name, value in values.items()}
    asked = {**new, "of_site": record.site, "order": values[order]}
    return one_or_none(StoredReport, connection.execute(_MAKE[order], asked))


def lock(connection: Connection, record: Report, key: str) -> StoredReport:
    """The report's row, made if need be, locked until the transaction ends: one change of a report at a time."""
    known = {"site": record.site, "key": key}
    return make(connection, record, key) or one(StoredReport, connection.execute(_LOCK, known))


def by_id(connection: Connection, report_id: int) -> StoredReport:
    """A report's row. Raises NoResultFound."""
    return one(StoredReport, connection.execute(select(*_STORED).where(report.c.id == report_id)))


def lock_by_id(connection: Connection, report_id: int) -> StoredReport:
    """A known report's row, locked until the transaction ends."""
    return one(StoredReport, connection.execute(_LOCK_BY_ID, {"report": report_id}))


def key_of(record: Report) -> str | None:
    """The report key (sha256 hex), None where patient or order are not known."""
    return sha256(*record.key_parts) if record.key_parts else None


def _shown(record: Report) -> Values:
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
        "processing": record.processing.value,
    }


def show(connection: Connection, report_id: int, record: Report) -> StoredReport:
    """Updates what lists show of a report from its current record; how it stands then."""
    statement = update(report).where(report.c.id == report_id).values(**_shown(record)).returning(*_STORED)
    return one(StoredReport, connection.execute(statement))


def move_sources(connection: Connection, from_report: int, to_report: int) -> None:
    """What was said of one report was said of another."""
    statement = update(report_source).where(report_source.c.report_id == from_report)
    connection.execute(statement.values(report_id=to_report, version_id=None))


def forget(connection: Connection, report_id: int) -> None:
    """Drops the row of a report that was just made, and is another after all."""
    connection.execute(report.delete().where(report.c.id == report_id))


def add_aliases(connection: Connection, report_id: int, record: Report) -> None:
    """Further keys of a report, where no report has them yet."""
    rows = [{"site_id": record.site, "key": sha256(*parts), "report_id": report_id} for parts in record.other_keys]
    if rows:
        connection.execute(pg_insert(report_alias).on_conflict_do_nothing(), rows)


def lock_orders(connection: Connection, records: Sequence[Report]) -> None:
    """One transaction at a time decides whose an order is, whichever message or door names it first.

    Advisory locks until the transaction ends, on a site's accession and filler order numbers; taken in one order for
    all reports of a message, so that two messages cannot wait for each other.
    """
    names = {
        f"{record.site}\x1f{kind}\x1f{number.value}"
        for record in records
        for order in (record.order, *record.exams)
        for kind, number in (("accession", order.accession), ("filler", order.filler))
        if number and number.value
    }
    if names:
        connection.execute(_LOCK_ORDERS, {"names": sorted(names)})


def number_of(number: Identifier | None) -> str:
    return number.value if number else ""


_LOCK_ORDERS = text("""
    SELECT pg_advisory_xact_lock(number)
    FROM (SELECT DISTINCT hashtextextended(name, 0) AS number FROM unnest(CAST(:names AS text[])) AS name
        ORDER BY number OFFSET 0) AS orders
""")


def hold(connection: Connection, report_id: int, reason: str) -> None:
    """A person must decide before this report goes on."""
    connection.execute(update(report).where(report.c.id == report_id).values(held=reason))


_ADD_SOURCE = insert(report_source)


def add_source(connection: Connection, report_id: int, message_id: int, record: Report) -> None:
    """Keeps what one message said of a report."""
    connection.execute(_ADD_SOURCE, source_values(report_id, message_id, record))


def source_values(report_id: int, message_id: int, record: Report) -> Values:
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


def last_source(connection: Connection, site: str, endpoint: str, reference: str) -> Source | None:
    """What a resource of a FHIR endpoint said last of its report; None where it never became one."""
    where = and_(
        report_source.c.site_id == site,
        report_source.c.reference == reference,
        report_source.c.record["source"]["application"].astext == endpoint,
    )
    query = select(report_source).where(where).order_by(report_source.c.id.desc()).limit(1)
    return one_or_none(Source, connection.execute(query))


def current_version(connection: Connection, report_id: int) -> Version | None:
    """The version that counts, None before the first and after a retraction."""
    where = and_(report_version.c.report_id == report_id, report_version.c.state.in_(VERSION_COUNTS))
    return one_or_none(Version, connection.execute(select(report_version).where(where)))


_VERSION = select(report_version).where(report_version.c.id == bindparam("version"))
_SET_VERSION_STATE = (
    update(report_version).where(report_version.c.id == bindparam("version")).values(state=bindparam("moved"))
)


def version(connection: Connection, version_id: int) -> Version:
    """One version. Raises NoResultFound."""
    return one(Version, connection.execute(_VERSION, {"version": version_id}))


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


def put_version(connection: Connection, report_id: int, record: Report, state: str) -> Version:
    """The version with this record's content, made or brought up to date, in `state`.

    Content is compared with white space folded, so a known version keeps the text its quotes point into.
    """
    values = {**version_values(report_id, record), "state": state, "of_report": report_id}
    return one(Version, connection.execute(_PUT_VERSION, values))


def version_values(report_id: int, record: Report) -> Values:
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


_BEGIN = text("""
    WITH version AS (
        INSERT INTO report_version (site_id, report_id, content_hash, state, status, text, record, issued_at)
        VALUES (:site_id, :report_id, :content_hash, 'current', :status, :text, :stands, :issued_at)
        RETURNING *
    ), source AS (
        INSERT INTO report_source
            (site_id, report_id, version_id, message_id, door, reference, reference_version, record)
        SELECT site_id, report_id, id, :message_id, :door, :reference, :reference_version, :record FROM version
    )
    SELECT * FROM version
""").bindparams(bindparam("stands", type_=JSONB), bindparam("record", type_=JSONB))


def first_version(connection: Connection, report_id: int, message_id: int, record: Report, stands: Report) -> Version:
    """A new report's first version, `stands`, and its first source: what a message said, `record`."""
    version, source = version_values(report_id, stands), source_values(report_id, message_id, record)
    values = {**source, **version, "stands": version["record"], "record": source["record"]}
    return one(Version, connection.execute(_BEGIN, values))


def has_suggestions(connection: Connection, report_id: int) -> bool:
    """Whether undecided suggestions of any version of the report are on show."""
    where = and_(suggestion.c.report_id == report_id, suggestion.c.state == "proposed")
    return connection.scalar(select(func.count()).where(where)) != 0


def suggestions(connection: Connection, version_id: int) -> list[Suggestion]:
    """The suggestions of a version, in catalogue order."""
    query = select(suggestion).where(suggestion.c.version_id == version_id)
    return every(Suggestion, connection.execute(query.order_by(suggestion.c.position, suggestion.c.id)))


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


def review_of(connection: Connection, report_id: int) -> Review | None:
    """The review of a report."""
    return one_or_none(Review, connection.execute(select(review).where(review.c.report_id == report_id)))


def open_review(connection: Connection, of: Version, priority: int) -> None:
    """A review for a version; one there is already is left as it is."""
    values = {"site_id": of.site_id, "report_id": of.report_id, "version_id": of.id, "priority": priority}
    connection.execute(pg_insert(review).values(**values).on_conflict_do_nothing(index_elements=["report_id"]))


def open_review_unread(connection: Connection, of: Version) -> None:
    """The same for a version nobody could read: the report waits for a person all the same."""
    open_review(connection, of, by_id(connection, of.report_id).priority)


def set_review_state(connection: Connection, report_id: int, state: str, note: str = "") -> None:
    """Moves the review of a report, if it has one; the revision grows, so that open screens become stale."""
    values = {"state": state, "note": note, "revision": review.c.revision + 1}
    connection.execute(update(review).where(review.c.report_id == report_id).values(**values))


def bump_review(connection: Connection, report_id: int, note: str) -> None:
    """Makes open screens of a report's review stale."""
    values = {"note": note, "revision": review.c.revision + 1}
    connection.execute(update(review).where(review.c.report_id == report_id).values(**values))
