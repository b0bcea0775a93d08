"""Giving a job up so that a person sees it."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping

from services.store import inbox, notices, reports
from services.telemetry.metrics import DEAD_LETTERS


def bury(connection: Connection, job: RowMapping, reason: str) -> None:
    """A dead letter is visible: its message is quarantined, or its report's people are told.

    Of a shadow reading only operators hear: to reviewers there is none.
    """
    DEAD_LETTERS.labels("shadow" if job["shadow"] else job["kind"]).inc()
    if job["shadow"]:
        return
    if job["message_id"]:
        inbox.set_state(connection, job["message_id"], "quarantined", reason)
        return
    report_id = reports.version(connection, job["version_id"])["report_id"]
    notices.add(connection, "dead letter", job["site_id"], report_id, f"job {job['id']}: {reason}")
