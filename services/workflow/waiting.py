"""Why a job is where it is, in words an operator can act on."""

from __future__ import annotations

from services.domain.messages import JobStanding


def why(row: JobStanding, slots: int, max_lost: int) -> str:
    """The reason for a row of `jobs.search`; `slots` are those of the workers alive, `max_lost` is Queue's."""
    if row.state == "leased":
        return f"worked on by {row.lease_owner}"
    if row.state == "dead":
        return f"dead letter: {row.reason}; `countersign jobs retry {row.id}` once the cause is gone"
    if row.state in ("done", "cancelled"):
        return str(row.reason)
    if row.circuit in ("open", "half_open"):
        return f"engine {row.engine} is away: its circuit is open until one reading succeeds"
    if row.wait > 0:
        return f"tried again in {row.wait:.0f} s: {row.reason or 'not due yet'}"
    if slots == 0:
        return "no worker is running"
    if row.published_at is not None:
        return "on its way to the next free slot"
    if row.lost >= max(1, max_lost - 1):
        return f"it has lost {row.lost} workers: such jobs run one at a time"
    if row.shadow:
        return "a reading in the shadow: everything else goes first, and half of the slots stay free of them"
    return "all slots are taken; more urgent jobs and the senders' turns go first"
