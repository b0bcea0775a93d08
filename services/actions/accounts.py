"""Accounts and what their people set for themselves, by page, API or command: each with its audit row."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.domain.reports import Json
from services.store import audit, passwords, people
from services.workflow.refusal import Refused

COMMAND = "countersign admin"
"""The actor of rows that no account stands behind."""


def create(
    connection: Connection, site: str, login: str, *, name: str, roles: Sequence[str], practitioner: str, digest: str
) -> None:
    """Makes an account with a password, or gives one that is there new name, roles and password."""
    row = people.put_account(
        connection, site=site, issuer=passwords.ISSUER, subject=login, name=name, roles=roles,
        practitioner=practitioner,
    )  # fmt: skip
    passwords.put(connection, row.id, digest)
    detail = {"roles": list(roles), "practitioner": practitioner}
    _note(connection, site, COMMAND, AuditAction.ACCOUNT_CREATED, row.id, detail)


def set_password(connection: Connection, login: str, digest: str) -> None:
    """A new password; its person may try again at once. Raises Refused where there is no account of that name."""
    row = people.find_account(connection, passwords.ISSUER, login)
    if row is None:
        raise Refused("unknown", f"there is no account {login!r}: `countersign admin create` makes one")
    passwords.put(connection, row.id, digest)
    _note(connection, row.site_id, COMMAND, AuditAction.ACCOUNT_PASSWORD, row.id)


def set_active(connection: Connection, person: Person, account_id: int, active: bool) -> None:
    """Closes an account of the person's site, which ends its sessions, or opens it; never their own. Raises Refused."""
    row = people.get_account(connection, account_id)
    if row is None or row.site_id != person.site:
        raise Refused("unknown", "There is no such account.")
    if account_id == person.id:
        raise Refused("value", "You cannot close your own account.")
    people.set_active(connection, account_id, active)
    action = AuditAction.ACCOUNT_OPENED if active else AuditAction.ACCOUNT_CLOSED
    _note(connection, person.site, person.actor, action, account_id)


def set_preferences(connection: Connection, person: Person, preferences: Json) -> None:
    """Stores a person's theme and keys."""
    people.set_preferences(connection, person.id, preferences)
    _own(connection, person, AuditAction.PREFERENCES, preferences)


def save_view(connection: Connection, person: Person, name: str, query: str) -> None:
    """Saves a list's filter over one of the same name."""
    people.save_view(connection, person.id, name, query)
    _own(connection, person, AuditAction.VIEW_SAVED)


def drop_view(connection: Connection, person: Person, view_id: int) -> None:
    """Forgets a view of this person; one that is not there is no error."""
    people.drop_view(connection, person.id, view_id)
    _own(connection, person, AuditAction.VIEW_DROPPED)


def _own(connection: Connection, person: Person, action: AuditAction, detail: Json | None = None) -> None:
    audit.append(connection, site=person.site, actor=person.actor, action=action, detail=detail)


def _note(
    connection: Connection, site: str, actor: str, action: AuditAction, account_id: int,
    detail: Json | None = None,
) -> None:  # fmt: skip
    entity = f"account/{account_id}"
    audit.append(connection, site=site, actor=actor, action=action, entity=entity, detail=detail)
