"""What an operator can do, by page, API or command: each one transaction with its audit row, under the site it is of.

Each says whether it was done: not where there is none of that number at the operator's site, or it has changed
meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, cast

from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.settings import Settings
from services.store import audit, deliveries, inbox, jobs, notices, operating
from services.store.operating import Noun
from services.workflow import placement

P = ParamSpec("P")

GIVEN_UP = "given up by an operator"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts, as audit rows name them; `site` None: at the machine itself, for every site."""

    actor: str
    site: str | None = None

    @classmethod
    def of(cls, person: Person) -> Operator:
        """Somebody at the worklist, for their own site."""
        return cls(person.actor, person.site)


def retry_job(connection: Connection, by: Operator, number: int) -> bool:
    """Sends a dead, waiting or cancelled job on its way again."""
    return _done(connection, by, AuditAction.JOB_RETRY, number, jobs.retry)


def cancel_job(connection: Connection, by: Operator, number: int, reason: str = GIVEN_UP) -> bool:
    """Gives a job up that is not being worked on."""
    return _done(connection, by, AuditAction.JOB_CANCEL, number, jobs.cancel, reason)


def retry_delivery(connection: Connection, by: Operator, number: int) -> bool:
    """Sends a dead or blocked delivery on its way again."""
    return _done(connection, by, AuditAction.DELIVERY_RETRY, number, deliveries.retry)


def dismiss_delivery(connection: Connection, by: Operator, number: int, reason: str = GIVEN_UP) -> bool:
    """Lets a refused delivery go; later ones to its destination go on."""
    return _done(connection, by, AuditAction.DELIVERY_DISMISS, number, deliveries.dismiss, reason)


def replay_message(connection: Connection, by: Operator, number: int) -> bool:
    """Reads a message again, as if it had just come in."""
    return _done(connection, by, AuditAction.MESSAGE_REPLAY, number, inbox.requeue)


def clear_notice(connection: Connection, by: Operator, number: int) -> bool:
    """Says that a notice was seen to."""
    return _done(connection, by, AuditAction.NOTICE_CLEAR, number, notices.clear, by.actor)


def release_report(connection: Connection, by: Operator, number: int, settings: Settings) -> bool:
    """Lets a held report go on."""
    return _done(connection, by, AuditAction.REPORT_RELEASE, number, placement.release, settings)


def retract_report(connection: Connection, by: Operator, number: int, settings: Settings) -> bool:
    """Decides that a held report does not count."""
    return _done(connection, by, AuditAction.REPORT_RETRACT, number, placement.retract_held, settings)


def _done(
    connection: Connection, by: Operator, action: AuditAction, number: int,
    change: Callable[Concatenate[Connection, int, P], bool], *args: P.args, **kwargs: P.kwargs,
) -> bool:  # fmt: skip
    noun = cast(Noun, action.partition(".")[0])
    site = operating.site_of(connection, noun, number)
    if site is None or by.site not in (None, site) or not change(connection, number, *args, **kwargs):
        return False
    report_id = number if noun == "report" else None
    entity = f"{noun}/{number}"
    audit.append(connection, site=site, actor=by.actor, action=action, entity=entity, report_id=report_id)
    return True
