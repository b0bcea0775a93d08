"""People at the JSON API without a browser: the access token of their identity provider instead of a session."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.people import Account
from services.store import audit, people
from services.web.auth.login import Identity
from services.web.auth.oidc_login import identity_of
from services.web.auth.session import Forbidden, LoginNeeded, TokenLogin, Visit
from services.web.context import of, transact
from services.web.fhir.bearer import NotAllowed, Tokens


def token_login(tokens: Tokens) -> TokenLogin:
    """How the API knows people by their tokens."""

    async def visit(request: Request, token: str) -> Visit:
        settings = of(request).settings
        # Without an audience a token given to any other program would sign reports here.
        if not settings.worklist.api_audience:
            raise LoginNeeded
        try:
            claims = await tokens.claims(token)
        except NotAllowed:
            raise LoginNeeded from None
        if not isinstance(claims.get("sub"), str):
            raise LoginNeeded
        identity = identity_of(claims, settings.worklist.api_issuer, settings)
        row = await transact(request, account_of, settings.site, identity)
        if not row.active or not identity.roles:
            raise Forbidden("This account is closed or has no role here.")
        return _visit(row, claims)

    return visit


def _visit(row: Account, claims: Mapping[str, Any]) -> Visit:
    """Times in seconds; a token that does not say when its person logged in counts as long ago."""
    now, logged_in = time.time(), claims.get("auth_time")
    ago = now - logged_in if isinstance(logged_in, int | float) else math.inf
    return Visit(row.person, 0, "", row.preferences, ago, float(claims["exp"]) - now, row.issuer)


def account_of(connection: Connection, site: str, identity: Identity) -> Account:
    """The account of a token's person, the same as at the pages; written and audited only where something is new."""
    said: dict[str, Any] = {
        "name": identity.name,
        "roles": list(identity.roles),
        "practitioner": identity.practitioner,
    }
    row = people.find_account(connection, identity.issuer, identity.subject)
    if row is not None and {name: getattr(row, name) for name in said} == said:
        return row
    row = people.put_account(connection, site=site, issuer=identity.issuer, subject=identity.subject, **said)
    detail = {"issuer": identity.issuer, "by": "token", **{name: said[name] for name in ("roles", "practitioner")}}
    audit.append(connection, site=site, actor=row.person.actor, action=AuditAction.LOGIN, detail=detail)
    return row
