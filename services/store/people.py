"""Queries on people: accounts, sessions, logins under way, saved views."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Interval, RowMapping, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.settings import Worklist
from services.store.jobs import NOW, ahead
from services.store.tables import account, login_attempt, login_session, saved_view

LOGIN_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts. `practitioner` is the FHIR reference a signature is made with; "" means they cannot sign."""

    id: int
    site: str
    name: str
    roles: frozenset[str]
    practitioner: str

    @property
    def actor(self) -> str:
        """How audit rows name them."""
        return f"account/{self.id}"

    def may(self, *roles: str) -> bool:
        """Whether they have one of these roles."""
        return bool(self.roles.intersection(roles))


def as_person(row: RowMapping) -> Person:
    """The person of an account row."""
    return Person(row["id"], row["site_id"], row["name"], frozenset(row["roles"]), row["practitioner"])


def digest(token: str) -> bytes:
    """What is kept of a cookie or a state value: its SHA-256 (32 bytes)."""
    return hashlib.sha256(token.encode()).digest()


def put_account(
    connection: Connection,
    *,
    site: str,
    issuer: str,
    subject: str,
    name: str,
    roles: Sequence[str],
    practitioner: str,
) -> RowMapping:
    """The account of an identity, made at the first login; name, roles and Practitioner follow the provider."""
    fresh = {"name": name, "roles": list(roles), "practitioner": practitioner}
    statement = pg_insert(account).values(site_id=site, issuer=issuer, subject=subject, **fresh)
    statement = statement.on_conflict_do_update(index_elements=["issuer", "subject"], set_=fresh)
    return connection.execute(statement.returning(*account.c)).mappings().one()


def get_account(connection: Connection, account_id: int) -> RowMapping | None:
    """One account."""
    return connection.execute(select(account).where(account.c.id == account_id)).mappings().one_or_none()


def find_account(connection: Connection, issuer: str, subject: str) -> RowMapping | None:
    """The account of an identity, None before its first login."""
    where = and_(account.c.issuer == issuer, account.c.subject == subject)
    return connection.execute(select(account).where(where)).mappings().one_or_none()


def accounts(connection: Connection, site: str) -> Sequence[RowMapping]:
    """The people of a site, by name."""
    query = select(account).where(account.c.site_id == site).order_by(account.c.name, account.c.id)
    return connection.execute(query).mappings().all()


def set_active(connection: Connection, account_id: int, active: bool) -> None:
    """Shuts an account out, or lets it in again; its sessions end with it."""
    connection.execute(update(account).where(account.c.id == account_id).values(active=active))
    if not active:
        mine = and_(login_session.c.account_id == account_id, login_session.c.ended_at.is_(None))
        connection.execute(update(login_session).where(mine).values(ended_at=NOW))


def set_preferences(connection: Connection, account_id: int, preferences: dict[str, Any]) -> None:
    """Replaces what a person chose: theme, keys."""
    connection.execute(update(account).where(account.c.id == account_id).values(preferences=preferences))


def start_session(connection: Connection, account_id: int) -> tuple[str, str]:
    """A new session; the cookie's value (never stored) and the token forms must send back."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    values = {"token_sha256": digest(token), "account_id": account_id, "csrf": csrf}
    connection.execute(insert(login_session).values(**values))
    return token, csrf


_LIVE = (
    select(
        *account.c,
        login_session.c.id.label("session_id"),
        login_session.c.csrf,
        func.extract("epoch", NOW - login_session.c.authenticated_at).label("authenticated_ago"),
        func.extract("epoch", NOW - login_session.c.seen_at).label("idle_for"),
        func.extract("epoch", NOW - login_session.c.created_at).label("open_for"),
    )
    .join_from(login_session, account)
    .where(
        login_session.c.token_sha256 == bindparam("digest"),
        login_session.c.ended_at.is_(None),
        login_session.c.seen_at > NOW - bindparam("idle", type_=Interval),
        login_session.c.created_at > NOW - bindparam("total", type_=Interval),
        account.c.active,
    )
)
_SEEN = update(login_session).where(login_session.c.id == bindparam("session")).values(seen_at=NOW)


def use_session(connection: Connection, token: str, limits: Worklist, touch: bool) -> RowMapping | None:
    """The live session of a cookie with its account, None where it ended, expired or the account is shut.

    `touch` counts as activity; a page that only listens must not keep a session alive.
    """
    idle, total = timedelta(seconds=limits.session_idle), timedelta(seconds=limits.session_total)
    row = connection.execute(_LIVE, {"digest": digest(token), "idle": idle, "total": total}).mappings().one_or_none()
    # Not at every request: a write a few times a minute is enough to tell that somebody is there.
    if row is not None and touch and float(row["idle_for"]) > min(15.0, limits.session_idle / 10):
        connection.execute(_SEEN, {"session": row["session_id"]})
    return row


def end_session(connection: Connection, session_id: int) -> None:
    """Logs out."""
    connection.execute(update(login_session).where(login_session.c.id == session_id).values(ended_at=NOW))


def start_login(connection: Connection, state: str, **values: str | float | None) -> None:
    """Remembers a login under way: issuer, nonce, verifier, return_to, max_age. Old ones are forgotten."""
    connection.execute(delete(login_attempt).where(login_attempt.c.created_at < ahead(-60 * LOGIN_MINUTES)))
    connection.execute(insert(login_attempt).values(state_sha256=digest(state), **values))


def finish_login(connection: Connection, state: str) -> RowMapping | None:
    """Takes the login a provider's answer belongs to; each can be used once."""
    fresh = and_(login_attempt.c.state_sha256 == digest(state), login_attempt.c.created_at > ahead(-60 * LOGIN_MINUTES))
    statement = delete(login_attempt).where(fresh).returning(*login_attempt.c)
    return connection.execute(statement).mappings().one_or_none()


# By name.
VIEWS = select(saved_view).where(saved_view.c.account_id == bindparam("account")).order_by(saved_view.c.name)


def views(connection: Connection, account_id: int) -> Sequence[RowMapping]:
    """A person's saved views."""
    return connection.execute(VIEWS, {"account": account_id}).mappings().all()


def save_view(connection: Connection, account_id: int, name: str, query: str) -> None:
    """Saves a list's query string under a name, over an older one of that name."""
    statement = pg_insert(saved_view).values(account_id=account_id, name=name, query=query)
    where = ["account_id", "name"]
    connection.execute(statement.on_conflict_do_update(index_elements=where, set_={"query": query}))


def drop_view(connection: Connection, account_id: int, view_id: int) -> None:
    """Forgets a saved view of a person."""
    mine = and_(saved_view.c.id == view_id, saved_view.c.account_id == account_id)
    connection.execute(delete(saved_view).where(mine))
