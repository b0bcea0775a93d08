"""Login with a name and a password, for houses without an identity provider: `countersign admin create`."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.people import LocalAccount
from services.store import audit, passwords
from services.web.auth.login import Identity, enter, login_page, safe_return
from services.web.auth.rate import TooMany, address_of
from services.web.auth.security import same_origin
from services.web.auth.session import Forbidden, set_cookie
from services.web.context import of, transact

# Each try takes 32 MiB and a moment of one core: a crowd of them waits its turn.
FEW_AT_A_TIME = asyncio.Semaphore(2)

router = APIRouter()


@router.post("/login/local")
async def local(
    request: Request,
    login: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=500)],
    next: Annotated[str, Form()] = "/worklist",
) -> Response:
    """Logs an account in; whether name or password was wrong is not said."""
    context = of(request)
    if not context.settings.worklist.local_login:
        raise Forbidden("There is no login with a password here.")
    if not same_origin(request, context.public_url):
        raise Forbidden("This request came from another site.")
    address = address_of(request)
    if context.wrong_passwords.is_full(address):
        raise TooMany
    found = await transact(request, passwords.find, login.strip())
    if not await _is_right(found, password) or found is None:
        context.wrong_passwords.is_over(address)
        await transact(request, _refused, context.settings.site, found)
        return await login_page(request, next, wrong=True)
    token = await enter(request, await transact(request, _identity, found))
    answer = RedirectResponse(safe_return(next), 303)
    set_cookie(answer, context.public_url, token, context.settings.worklist)
    return answer


async def _is_right(found: LocalAccount | None, password: str) -> bool:
    """A locked account is not let in, whatever the password; neither that nor an unknown name is quicker to answer."""
    async with FEW_AT_A_TIME:
        kept = found.digest if found is not None else passwords.NOBODY
        right = await asyncio.to_thread(passwords.matches, password, kept)
    return found is not None and right and not found.locked


def _identity(connection: Connection, found: LocalAccount) -> Identity:
    passwords.succeeded(connection, found.id)
    return Identity(passwords.ISSUER, found.subject, found.name, tuple(found.roles), found.practitioner)


def _refused(connection: Connection, site: str, found: LocalAccount | None) -> None:
    """The row of a wrong password. A name nobody has is not written down: people type passwords into that field."""
    reason = "Name or password is wrong."
    if found is not None:
        passwords.failed(connection, found.id)
        reason = "This account must wait after wrong passwords." if found.locked else reason
    actor = found.person.actor if found is not None else "nobody"
    audit.append(connection, site=site, actor=actor, action=AuditAction.LOGIN_REFUSED, detail={"reason": reason})
