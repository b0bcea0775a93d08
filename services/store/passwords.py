"""Passwords of accounts that no identity provider knows: kept as scrypt digests, guessing slowed down.

A digest is `scrypt$n$r$p$salt$key` (salt and key in base64), with OWASP's parameters for 32 MiB a try.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.domain.people import LocalAccount
from services.store.clock import NOW, ahead
from services.store.rows import one_or_none
from services.store.tables import account, local_password

ISSUER = "urn:countersign:local"
N, R, P = 2**15, 8, 3
# Tries that are free; after them each failure doubles the wait, up to a quarter of an hour.
FREE_TRIES = 5
LONGEST_WAIT_SECONDS = 900


def digest_of(password: str) -> str:
    """What is kept of a password."""
    salt = secrets.token_bytes(16)
    return f"scrypt${N}${R}${P}${_text(salt)}${_text(_key(password, salt, N, R, P))}"


def matches(password: str, kept: str) -> bool:
    """Whether a password is the one a digest was made from, compared in constant time."""
    _, n, r, p, salt, key = kept.split("$")
    return hmac.compare_digest(_key(password, base64.b64decode(salt), int(n), int(r), int(p)), base64.b64decode(key))


# Compared with where there is no such account, so that an answer takes as long.
NOBODY = f"scrypt${N}${R}${P}${base64.b64encode(bytes(16)).decode()}${base64.b64encode(bytes(32)).decode()}"


def put(connection: Connection, account_id: int, digest: str) -> None:
    """Sets an account's password; what was failed before is forgotten."""
    fresh = {"digest": digest, "failures": 0, "locked_until": None}
    statement = pg_insert(local_password).values(account_id=account_id, **fresh)
    connection.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_={**fresh, "set_at": NOW}))


def find(connection: Connection, login: str) -> LocalAccount | None:
    """The account of a login name, None where there is none."""
    query = (
        select(
            *account.c,
            local_password.c.digest,
            (func.coalesce(local_password.c.locked_until, NOW) > NOW).label("locked"),
        )
        .join_from(local_password, account)
        .where(account.c.issuer == ISSUER, account.c.subject == login)
    )
    return one_or_none(LocalAccount, connection.execute(query))


def exist(connection: Connection) -> bool:
    """Whether anybody can log in with a password."""
    return connection.execute(select(local_password.c.account_id).limit(1)).first() is not None


def failed(connection: Connection, account_id: int) -> None:
    """Notes a wrong password."""
    mine = local_password.c.account_id == account_id
    statement = update(local_password).where(mine).values(failures=local_password.c.failures + 1)
    failures = connection.execute(statement.returning(local_password.c.failures)).scalar_one()
    if failures >= FREE_TRIES:
        wait = min(LONGEST_WAIT_SECONDS, 2 ** min(failures - FREE_TRIES, 20) * 5)
        connection.execute(update(local_password).where(mine).values(locked_until=ahead(wait)))


def succeeded(connection: Connection, account_id: int) -> None:
    """Forgets wrong passwords."""
    mine = local_password.c.account_id == account_id
    connection.execute(update(local_password).where(mine).values(failures=0, locked_until=None))


def _key(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=64 * 1024 * 1024, dklen=32)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
