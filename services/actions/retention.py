"""What is old enough leaves, and the audit trail says what did."""

from __future__ import annotations

from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.store import audit, retention
from services.store.retention import Purge


def purge(connection: Connection, kind: Purge, days: int) -> int:
    """Purges at most a batch of one kind, with a row for each site that it was of; how many are gone.

    Each batch is a transaction of its own, so that nobody waits for long: call again until it is 0.
    """
    gone = retention.purge_some(connection, kind, days)
    for site, number in sorted(gone.items()):
        detail = {"days": {kind.name: days}, kind.name: number}
        audit.append(connection, site=site, actor="countersign purge", action=AuditAction.PURGED, detail=detail)
    return gone.total()
