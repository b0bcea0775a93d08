"""A message that came in parts is held until it is whole, then read as one; what waits too long is quarantined.

Parts may come in any order, over several connections, and late: one that comes after the others were given up joins
them all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from integration.hl7v2.continuation import Tie
from services.domain.messages import ClaimedJob, Message
from services.domain.words import MessageState
from services.store import fragments, jobs

_WAITING = "waits for the rest of its message: {}"
_JOINED = "read with the other parts of its message, as message {}"
_GIVEN_UP = "{}; nothing came within {:g} s (COUNTERSIGN_MLLP__REST_TIMEOUT)"


def parts_of(connection: Connection, row: ClaimedJob, tie: Tie) -> list[Message] | None:
    """All parts in order once they are here, this one too; None while some are missing, [] once they were read."""
    fragments.lock(connection, row)
    own = fragments.tie(connection, row.intake_of, tie.continues, tie.goes_on)
    if own.state == MessageState.DONE:
        return []
    found = [each for each in fragments.others(connection, row) if each.id != own.id]
    chain = [*_before(own, found), own, *_after(own, found)]
    return None if chain[0].continues or chain[-1].goes_on else chain


def _before(part: Message, found: Sequence[Message]) -> list[Message]:
    chain: list[Message] = []
    while part.continues:
        before = next((each for each in found if each.goes_on == part.continues and each not in chain), None)
        if before is None:
            break
        chain.insert(0, before)
        part = before
    return chain


def _after(part: Message, found: Sequence[Message]) -> list[Message]:
    chain: list[Message] = []
    while part.goes_on:
        after = next((each for each in found if each.continues == part.goes_on and each not in chain), None)
        if after is None:
            break
        chain.append(after)
        part = after
    return chain


def await_rest(connection: Connection, row: ClaimedJob, missing: str, timeout: float) -> str:
    """Puts the job aside until the rest comes; the reason for quarantine once it has waited long enough, else ""."""
    left = timeout - fragments.waited(connection, row)
    if left <= 0:
        return _GIVEN_UP.format(missing, timeout)
    jobs.wait(connection, row, _WAITING.format(missing), left)
    return ""


def joined(connection: Connection, row: ClaimedJob, parts: Sequence[Message]) -> None:
    """The other parts are done with this one."""
    fragments.join(connection, [each.id for each in parts if each.id != row.message_id], _JOINED.format(row.message_id))
