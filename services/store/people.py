"""Queries on people: accounts, sessions, logins under way, saved views."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, Interval, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.domain.people import Account, LiveSession, LoginAttempt, SavedView
from services.domain.reports import Json
from services.settings import Worklist
from services.store.clock import NOW, ahead
from services.store.rows import every, one, one_or_none
from services.store.tables import account, login_attempt, login_session, saved_view

LOGIN_MINUTES = 10


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
) -> Account:
    """The account of an identity, made at the first login; name, roles and Practitioner follow the provider."""
    fresh = {"name": name, "roles": list(roles), "practitioner": practitioner}
    statement = pg_insert(account).values(site_id=site, issuer=issuer, subject=subject, **fresh)
    statement = statement.on_conflict_do_update(index_elements=["issuer", "subject"], set_=fresh)
    return one(Account, connection.execute(statement.returning(*account.c)))


def get_account(connection: Connection, account_id: int) -> Account | None:
    """One account."""
    return one_or_none(Account, connection.execute(select(account).where(account.c.id == account_id)))


def find_account(connection: Connection, issuer: str, subject: str) -> Account | None:
    """The account of an identity, None before its first login."""
    where = and_(account.c.issuer == issuer, account.c.subject == subject)
    return one_or_none(Account, connection.execute(select(account).where(where)))


def accounts(connection: Connection, site: str) -> list[Account]:
    """The people of a site, by name."""
    query = select(account).where(account.c.site_id == site).order_by(account.c.name, account.c.id)
    return every(Account, connection.execute(query))


def set_active(connection: Connection, account_id: int, active: bool) -> None:
    """Shuts an account out, or lets it in again; its sessions end with it."""
    connection.execute(update(account).where(account.c.id == account_id).values(active=active))
    if not active:
        mine = and_(login_session.c.account_id == account_id, login_session.c.ended_at.is_(None))
        connection.execute(update(login_session).where(mine).values(ended_at=NOW))


def set_preferences(connection: Connection, account_id: int, preferences: Json) -> None:
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


def use_session(connection: Connection, token: str, limits: Worklist, touch: bool) -> LiveSession | None:
    """The live session of a cookie with its account, None where it ended, expired or the account is shut.

    `touch` counts as activity; a page that only listens must not keep a session alive.
    """
    idle, total = timedelta(seconds=limits.session_idle), timedelta(seconds=limits.session_total)
    row = one_or_none(LiveSession, connection.execute(_LIVE, {"digest": digest(token), "idle": idle, "total": total}))
    # Not at every request: a write a few times a minute is enough to tell that somebody is there.
    if row is not None and touch and float(row.idle_for) > min(15.0, limits.session_idle / 10):
        connection.execute(_SEEN, {"session": row.session_id})
    return row


_OWNER = select(account.c.active).join_from(login_session, account)
_OWNER = _OWNER.where(login_session.c.token_sha256 == bindparam("digest"))


def was_of_active_account(connection: Connection, token: str) -> bool | None:
    """Whether the account of a cookie is open, its session over or not; None for a cookie nobody knows."""
    active: bool | None = connection.scalar(_OWNER, {"digest": digest(token)})
    return active


def end_session(connection: Connection, session_id: int) -> None:
    """Logs out."""
    connection.execute(update(login_session).where(login_session.c.id == session_id).values(ended_at=NOW))


def start_login(connection: Connection, state: str, **values: str | float | None) -> None:
    """Remembers a login under way: issuer, nonce, verifier, return_to, max_age. Old ones are forgotten."""
    connection.execute(delete(login_attempt).where(login_attempt.c.created_at < ahead(-60 * LOGIN_MINUTES)))
    connection.execute(insert(login_attempt).values(state_sha256=digest(state), **values))


def finish_login(connection: Connection, state: str) -> LoginAttempt | None:
    """Takes the login a provider's answer belongs to; each can be used once."""
    fresh = and_(login_attempt.c.state_sha256 == digest(state), login_attempt.c.created_at > ahead(-60 * LOGIN_MINUTES))
    statement = delete(login_attempt).where(fresh).returning(*login_attempt.c)
    return one_or_none(LoginAttempt, connection.execute(statement))


# By name.
VIEWS = select(saved_view).where(saved_view.c.account_id == bindparam("account")).order_by(saved_view.c.name)


def views(connection: Connection, account_id: int) -> list[SavedView]:
    """A person's saved views."""
    return every(SavedView, connection.execute(VIEWS, {"account": account_id}))


def save_view(connection: Connection, account_id: int, name: str, query: str) -> None:
    """Saves a list's query string under a name, over an older one of that name."""
    statement = pg_insert(saved_view).values(account_id=account_id, name=name, query=query)
    where = ["account_id", "name"]
    connection.execute(statement.on_conflict_do_update(index_elements=where, set_={"query": query}))


def drop_view(connection: Connection, account_id: int, view_id: int) -> None:
    """Forgets a saved view of a person."""
    mine = and_(saved_view.c.id == view_id, saved_view.c.account_id == account_id)
    connection.execute(delete(saved_view).where(mine))
