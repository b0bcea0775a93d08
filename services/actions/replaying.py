"""Messages read again together: tried first, then done, and taken back while nobody has read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from integration.canonical import Door, Report
from integration.content import HTML
from integration.hl7v2.layout import lay_out
from services.actions import operating
from services.actions.operating import Operator
from services.domain.audit_actions import AuditAction
from services.domain.messages import Message
from services.domain.quarantine import Group, Outcome, Replay
from services.domain.words import MessageState
from services.store import audit, quarantine
from services.workflow.context import Site
from services.workflow.intake import opened
from services.workflow.refusal import Refused
from services.workflow.states import NO_KEY

_OPENED_HERE = ("text/plain", HTML)
NOT_TRIED = "it holds a document, which the worker alone opens: it will be read when it is replayed"


def groups(connection: Connection, by: Operator) -> list[Group]:
    """What is held at the operator's site, by sender and reason, with the row of this look."""
    audit.append(connection, site=_site(by), actor=by.actor, action=AuditAction.QUARANTINE_VIEW)
    return quarantine.groups(connection, _site(by))


def to_try(connection: Connection, by: Operator, ids: Sequence[int]) -> list[Message]:
    """The chosen messages of the operator's site with their bytes, with the row of this look. Raises Refused."""
    rows = quarantine.bodies(connection, _site(by), _checked(ids))
    detail = {"messages": len(rows)}
    audit.append(connection, site=_site(by), actor=by.actor, action=AuditAction.REPLAY_TRY, detail=detail)
    return rows


def would_become(rows: Iterable[Message], site: Site) -> list[Outcome]:
    """What each would become under the maps in use, without the database and without opening documents."""
    return [_would_become(row, site) for row in rows]


def replay(connection: Connection, by: Operator, ids: Sequence[int]) -> int:
    """Has the chosen messages read again; the number of the replay. Raises Refused where none can be."""
    rows = quarantine.bodies(connection, _site(by), _checked(ids))
    begun = [row for row in rows if operating.replay_message(connection, by, row.id)]
    if not begun:
        raise Refused("stale", "None of these can be read again: they were meanwhile, or are not here any more.")
    return quarantine.remember(connection, _site(by), by.actor, begun)


def progress(connection: Connection, by: Operator, number: int) -> Replay:
    """Where the messages of a replay are now. Raises Refused."""
    found = quarantine.replayed(connection, _site(by), number)
    if found is None:
        raise Refused("unknown", "There is no such replay.")
    return found


def take_back(connection: Connection, by: Operator, number: int) -> int:
    """Puts back what nobody has read yet; how many. Raises Refused where everything was read."""
    progress(connection, by, number)
    back = quarantine.take_back(connection, _site(by), number)
    if not back:
        raise Refused("stale", "All of these were read meanwhile: nothing can be taken back.")
    entity, detail = f"replay/{number}", {"messages": back}
    audit.append(
        connection, site=_site(by), actor=by.actor, action=AuditAction.REPLAY_UNDO, entity=entity, detail=detail
    )
    return back


def _would_become(row: Message, site: Site) -> Outcome:
    if row.body is None:
        return Outcome(row.id, MessageState.QUARANTINED, "its bytes were purged")
    if _has_document(row):
        return Outcome(row.id, "", NOT_TRIED)
    understood = opened(_Arrived(row), site).understood
    if understood is None:
        return Outcome(row.id, MessageState.DONE, "a batch: each of its messages is read by itself")
    if understood.ignored:
        return Outcome(row.id, MessageState.IGNORED, understood.ignored)
    if understood.quarantined or not understood.reports:
        return Outcome(row.id, MessageState.QUARANTINED, understood.quarantined)
    if any(report.key_parts is None for report in understood.reports):
        return Outcome(row.id, MessageState.QUARANTINED, NO_KEY)
    return Outcome(row.id, MessageState.DONE, "; ".join(map(_said, understood.reports)))


def _said(report: Report) -> str:
    """Nothing that names a patient."""
    return f"a {report.status.value} report of {len(report.text):,} characters"


def _has_document(row: Message) -> bool:
    if row.door != Door.HL7.value:
        return True
    found = (each.document.partition(",")[0] for each in lay_out(row.body or b"") if each.document)
    return any(kind not in _OPENED_HERE for kind in found)


class _Arrived:
    """A message as the first step of its way sees it."""

    def __init__(self, row: Message) -> None:
        self.door, self.peer, self.site_id, self.part = row.door, row.peer, row.site_id, row.part
        self.application, self.facility, self.body = row.application, row.facility, row.body or b""


def _checked(ids: Sequence[int]) -> list[int]:
    chosen = sorted(set(ids))
    if not chosen or len(chosen) > quarantine.MOST:
        raise Refused("value", f"Choose 1 to {quarantine.MOST} messages.")
    return chosen


def _site(by: Operator) -> str:
    return by.site or "default"
