"""From any id to the whole chain: frame, parts, versions, readings, decisions, deliveries, resources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from integration.canonical import EventKind
from services.domain.audit_actions import AuditAction
from services.domain.traces import Lane, Match, Step, Trace

MOST_REPORTS = 20
MAX_ID = 2**63 - 1
_REF = re.compile(r"(message|report|review|version|job|delivery)/(\d{1,19})", re.IGNORECASE)
_FHIR = re.compile(r"(?:^|/)([A-Z][A-Za-z]{2,40})/([A-Za-z0-9.-]{1,64})(?:/_history/[^/]+)?$")
_OUTBOUND = re.compile(r"CS(\d{1,18})")

_DECIDED = [action.value for action in AuditAction if action.kind is EventKind.CHANGE]

_NAMED = {
    "message": "SELECT id FROM message WHERE id = :value AND site_id = ANY(:sites)",
    "report": "SELECT id FROM report WHERE id = :value AND site_id = ANY(:sites)",
    "review": "SELECT id FROM review WHERE id = :value AND site_id = ANY(:sites)",
    "version": "SELECT id FROM report_version WHERE id = :value AND site_id = ANY(:sites)",
    "job": "SELECT id FROM job WHERE id = :value AND site_id = ANY(:sites)",
    "delivery": "SELECT id FROM delivery WHERE id = :value AND site_id = ANY(:sites)",
}
# Newest first, so that a patient's or a reused number leads to what people ask about.
_WORDS = (
    ("message", "control id", "SELECT id FROM message WHERE control_id = :value AND site_id = ANY(:sites)"),
    ("report", "accession number", "SELECT id FROM report WHERE accession = :value AND site_id = ANY(:sites)"),
    ("report", "filler order number", "SELECT id FROM report WHERE filler = :value AND site_id = ANY(:sites)"),
    ("report", "patient identifier", "SELECT id FROM report WHERE patient_id = :value AND site_id = ANY(:sites)"),
    (
        "report",
        "id on a FHIR server",
        "SELECT DISTINCT report_id FROM fhir_resource WHERE resource_id = :value AND report_id IS NOT NULL"
        " AND site_id = ANY(:sites)",
    ),
)
_RESOURCE = """
    SELECT report_id FROM fhir_resource
    WHERE resource_id = :id AND resource_type = :type AND report_id IS NOT NULL AND site_id = ANY(:sites)
    UNION SELECT report_id FROM report_source
    WHERE reference <> '' AND reference = :type || '/' || :id AND site_id = ANY(:sites)
"""
_HELD_RESOURCE = """
    SELECT id FROM message WHERE door = 'fhir' AND resource = :type || '/' || :id AND site_id = ANY(:sites)
"""
_SITES = text("SELECT DISTINCT site_id FROM message UNION SELECT DISTINCT site_id FROM report")


def sites(connection: Connection) -> list[str]:
    """Every site something came in for: those a command at the machine sees."""
    return list(connection.execute(_SITES).scalars())


def meanings(connection: Connection, sites: Sequence[str], asked: str) -> list[list[Match]]:
    """What an id may mean: the likeliest kind first, within each the newest first. Empty where it means nothing."""
    asked = asked.strip()
    known = [*_as_ref(connection, sites, asked), *_as_resource(connection, sites, asked)]
    known += [group for group in _as_words(connection, sites, asked) if group]
    known += [group for group in _as_number(connection, sites, asked) if group]
    return known


def _as_ref(connection: Connection, sites: Sequence[str], asked: str) -> Iterable[list[Match]]:
    if match := _REF.fullmatch(asked):
        yield from _named(connection, sites, match[1].lower(), int(match[2]), "its number here")
    elif match := _OUTBOUND.fullmatch(asked):
        yield from _named(connection, sites, "delivery", int(match[1]), "the control id we sent it under")


def _as_resource(connection: Connection, sites: Sequence[str], asked: str) -> Iterable[list[Match]]:
    match = _FHIR.search(asked)
    if not match:
        return
    values = {"type": match[1], "id": match[2], "sites": list(sites)}
    for noun, sql in (("report", _RESOURCE), ("message", _HELD_RESOURCE)):
        if ids := sorted(connection.execute(text(sql), values).scalars(), reverse=True):
            yield [Match(f"{noun}/{number}", "its FHIR resource") for number in ids]


def _as_words(connection: Connection, sites: Sequence[str], asked: str) -> Iterable[list[Match]]:
    for noun, why, sql in _WORDS if asked else ():
        ids = connection.execute(text(sql), {"value": asked, "sites": list(sites)}).scalars()
        yield [Match(f"{noun}/{number}", f"its {why}") for number in sorted(ids, reverse=True)]


def _as_number(connection: Connection, sites: Sequence[str], asked: str) -> Iterable[list[Match]]:
    if asked.isascii() and asked.isdigit() and int(asked) <= MAX_ID:
        for noun in ("report", "message", "job", "delivery"):
            yield from _named(connection, sites, noun, int(asked), "its number here")


def _named(connection: Connection, sites: Sequence[str], noun: str, value: int, why: str) -> Iterable[list[Match]]:
    if value > MAX_ID:
        return
    found = connection.scalar(text(_NAMED[noun]), {"value": value, "sites": list(sites)})
    if found is not None:
        yield [Match(f"{noun}/{found}", why)]


# From what was asked to the messages and reports it leads to. A frame leads to its parts, a part to its frame alone,
# a repeat to what it repeats.
_ABOUT = text(
    """
    WITH begun AS (
        SELECT id FROM message WHERE id = ANY(:message)
        UNION SELECT message_id FROM job WHERE id = ANY(:job) AND message_id IS NOT NULL
    ), known AS (
        SELECT id FROM begun
        UNION SELECT part.id FROM message part JOIN begun ON part.parent_id = begun.id
        UNION SELECT message.duplicate_of FROM message JOIN begun USING (id) WHERE duplicate_of IS NOT NULL
    ), about AS (
        SELECT unnest(CAST(:report AS bigint[])) AS report_id
        UNION SELECT report_id FROM report_source WHERE message_id IN (SELECT id FROM known)
        UNION SELECT report_id FROM review WHERE id = ANY(:review)
        UNION SELECT report_id FROM report_version WHERE id = ANY(:version)
        UNION SELECT version.report_id FROM job JOIN report_version version ON version.id = job.version_id
            WHERE job.id = ANY(:job)
        UNION SELECT report_id FROM delivery WHERE id = ANY(:delivery)
    )
    SELECT 'message' AS noun, id FROM message WHERE id IN (SELECT id FROM known) AND site_id = ANY(:sites)
    UNION ALL SELECT 'report', id FROM report WHERE id IN (SELECT report_id FROM about) AND site_id = ANY(:sites)
    """
)
_SOURCES = text(
    """
    WITH told AS (
        SELECT message_id AS id FROM report_source WHERE report_id = ANY(:reports)
        UNION SELECT unnest(CAST(:messages AS bigint[]))
    )
    SELECT id FROM message WHERE site_id = ANY(:sites) AND id IN (
        SELECT id FROM told
        UNION SELECT message.parent_id FROM message JOIN told USING (id) WHERE parent_id IS NOT NULL
        UNION SELECT again.id FROM message again JOIN told ON again.duplicate_of = told.id
    )
    """
)
_STEPS = text(
    """
    SELECT 'message' AS lane, 'message/' || id AS ref, received_at AS at, NULL::timestamptz AS started,
           NULL::timestamptz AS until, 0 AS retries, state,
           concat_ws(' ', message_type, nullif(resource, ''), 'from', nullif(concat_ws('^', nullif(application, ''),
               nullif(facility, '')), ''), 'by', door,
               CASE WHEN part IS NOT NULL THEN 'part ' || part || ' of message ' || parent_id END,
               CASE WHEN duplicate_of IS NOT NULL THEN 'repeats message ' || duplicate_of END,
               'control id ' || control_id, bytes || ' bytes', 'answered ' || ack_code, nullif(reason, '')) AS says,
           '/messages/' || id AS link, '' AS text
    FROM message WHERE id = ANY(:messages)
    UNION ALL
    SELECT 'job', 'job/' || job.id, job.created_at, job.leased_at, job.finished_at, job.lost + job.failed, job.state,
           concat_ws(' ', job.kind, 'of', 'message ' || job.message_id, 'version ' || job.version_id,
               'by ' || nullif(job.engine, ''), CASE WHEN job.shadow THEN 'in the shadow' END,
               CASE WHEN job.lost > 0 THEN 'lost ' || job.lost END,
               CASE WHEN job.failed > 0 THEN 'failed ' || job.failed END, nullif(job.reason, '')),
           '/jobs?job=' || job.id, ''
    FROM job WHERE job.id IN (
        SELECT id FROM job WHERE message_id = ANY(:messages)
        UNION SELECT job.id FROM job JOIN report_version version ON version.id = job.version_id
            WHERE version.report_id = ANY(:reports)
    )
    UNION ALL
    SELECT 'report', 'version/' || version.id, version.created_at, NULL, NULL, 0, version.state,
           concat_ws(' ', 'version', version.number, 'of report', version.report_id, version.status,
               'reading', version.reading_state, 'held: ' || nullif(report.held, '')),
           '/reports/' || version.report_id,
           concat_ws(' ', report.patient_name, report.patient_id, 'accession ' || nullif(report.accession, ''),
               'filler ' || nullif(report.filler, ''), report.procedure, E'\n' || version.text)
    FROM report_version version JOIN report ON report.id = version.report_id WHERE report.id = ANY(:reports)
    UNION ALL
    SELECT 'reading', 'analysis/' || analysis.id, analysis.created_at, NULL, NULL, analysis.failed,
           CASE WHEN analysis.unread = '' THEN 'read' ELSE 'unread' END,
           concat_ws(' ', 'version', analysis.version_id, 'by', analysis.engine ->> 'name',
               nullif(analysis.engine ->> 'version', ''), CASE WHEN analysis.shadow THEN 'in the shadow' END,
               jsonb_array_length(analysis.verdicts) || ' verdicts', nullif(analysis.unread, '')),
           '/reports/' || version.report_id, ''
    FROM analysis JOIN report_version version ON version.id = analysis.version_id
    WHERE version.report_id = ANY(:reports)
    UNION ALL
    SELECT 'reading', 'suggestions/' || version_id, min(created_at), NULL, NULL, 0, 'suggested',
           count(*) || ' suggestions of version ' || version_id || ': ' ||
               string_agg(DISTINCT state, ', '),
           '/reports/' || report_id,
           string_agg(concat_ws(' ', finding ->> 'name', side, status, state), E'\n' ORDER BY position, id)
    FROM suggestion WHERE report_id = ANY(:reports) GROUP BY report_id, version_id
    UNION ALL
    SELECT 'review', 'audit/' || audit.id, audit.at, NULL, NULL, 0, audit.action,
           concat_ws(' ', 'report', audit.report_id, 'by', coalesce(account.name, audit.actor)),
           '/reports/' || audit.report_id, ''
    FROM audit LEFT JOIN account ON audit.actor = 'account/' || account.id
    WHERE audit.report_id = ANY(:reports) AND audit.action = ANY(:decided)
    UNION ALL
    SELECT 'delivery', 'delivery/' || id, created_at,
           CASE WHEN attempts <= 1 THEN greatest(created_at, least(not_before, sent_at)) END, sent_at,
           greatest(attempts - 1, 0), state,
           concat_ws(' ', kind, detail ->> 'event', 'of version', version_id, 'to', destination,
               CASE WHEN kind = 'oru' THEN 'control id CS' || id END, nullif(reason, '')),
           '/jobs?delivery=' || id, ''
    FROM delivery WHERE report_id = ANY(:reports)
    UNION ALL
    SELECT 'resource', resource_type || '/' || resource_id, written_at, NULL, NULL, 0,
           CASE WHEN digest = '' THEN 'found' ELSE 'written' END,
           concat_ws(' ', 'report', report_id, 'at', endpoint, 'version ' || nullif(version, '')), '', ''
    FROM fhir_resource WHERE report_id = ANY(:reports)
    """
)


def follow(
    connection: Connection, sites: Sequence[str], asked: str, groups: Sequence[Sequence[Match]], *, texts: bool
) -> Trace:
    """The chain of the first meaning of an id, with patients' `texts` if they are wanted; the others named."""
    found, others = list(groups[0]), [each for group in groups[1:] for each in group]
    nouns = ("message", "report", "review", "version", "job", "delivery")
    chosen: dict[str, list[int]] = {noun: [] for noun in nouns}
    for match in found:
        noun, _, number = match.ref.partition("/")
        chosen[noun].append(int(number))
    led = connection.execute(_ABOUT, {**chosen, "sites": list(sites)}).all()
    reports = sorted({number for noun, number in led if noun == "report"}, reverse=True)
    followed = reports[:MOST_REPORTS]
    messages = [number for noun, number in led if noun == "message"][: 10 * MOST_REPORTS]
    return Trace(
        asked=asked.strip(),
        found=found[:MOST_REPORTS],
        others=others[:MOST_REPORTS],
        left_out=len(reports) - len(followed),
        steps=_steps(connection, sites, messages, followed, texts=texts),
    )


def _steps(
    connection: Connection, sites: Sequence[str], messages: list[int], reports: list[int], *, texts: bool
) -> list[Step]:
    about = {"messages": messages, "reports": reports, "sites": list(sites)}
    known = list(connection.execute(_SOURCES, about).scalars())
    rows = connection.execute(_STEPS, {"messages": known, "reports": reports, "decided": _DECIDED}).mappings()
    steps = [_step(row, texts=texts) for row in rows]
    order = list(Lane)
    return sorted(steps, key=lambda step: (step.at, order.index(step.lane), step.ref))


def _step(row: RowMapping, *, texts: bool) -> Step:
    began, until = row["started"] or row["at"], row["until"]
    values = {**row, "lane": Lane(row["lane"]), "text": row["text"] if texts else ""}
    return Step(
        **values,
        waited_ms=_ms(row["at"], row["started"]),
        took_ms=_ms(began, until),
    )


def _ms(since: datetime | None, until: datetime | None) -> int | None:
    return max(0, round((until - since).total_seconds() * 1000)) if since and until else None
