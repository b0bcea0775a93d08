"""Login and logout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.store import audit, people
from services.worklist.context import of, transact
from services.worklist.pages import page
from services.worklist.security import same_origin
from services.worklist.session import Forbidden, Visitor, cookie_name, set_cookie


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is and what they may do, as their identity provider says."""

    issuer: str
    subject: str
    name: str
    roles: tuple[str, ...]
    practitioner: str


DEMO = Identity(
    issuer="urn:countersign:demo",
    subject="demo-reviewer",
    name="Demo Reviewer",
    roles=("reviewer", "signer", "operator"),
    practitioner="Practitioner/demo-reviewer",
)

router = APIRouter()


def safe_return(target: str) -> str:
    """A path of ours to go to after the login; anything else becomes the worklist."""
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return target if ours else "/worklist"


@router.get("/login")
async def show(request: Request, next: Annotated[str, Query()] = "/worklist") -> Response:
    """Which logins there are."""
    oidc = bool(of(request).settings.worklist.oidc.issuer)
    return page(request, None, "login.html", oidc=oidc, next=safe_return(next))


@router.post("/login/demo")
async def demo(request: Request, next: Annotated[str, Form()] = "/worklist") -> Response:
    """Logs the fictional reviewer in; there is no such page unless the setting is on."""
    context = of(request)
    if not context.settings.worklist.demo_login:
        raise Forbidden("There is no demo login here.")
    if not same_origin(request, context.public_url):
        raise Forbidden("This request came from another site.")
    token = await enter(request, DEMO)
    answer = RedirectResponse(safe_return(next), 303)
    set_cookie(answer, context.public_url, token, context.settings.worklist)
    return answer


async def enter(request: Request, identity: Identity) -> str:
    """Logs somebody in; the cookie's value. Raises Forbidden, which leaves its row in the trail too."""
    site = of(request).settings.site
    try:
        return await transact(request, log_in, site, identity)
    except Forbidden as refusal:
        await transact(request, note_refused, site, str(refusal), identity)
        raise


def note_refused(connection: Connection, site: str, why: str, identity: Identity | None = None) -> None:
    """The row of a login that was not let in; `identity` where the provider said who it was."""
    known = {"issuer": identity.issuer, "subject": identity.subject} if identity else {}
    row = people.find_account(connection, identity.issuer, identity.subject) if identity else None
    actor = people.as_person(row).actor if row else "nobody"
    audit.append(connection, site=site, actor=actor, action="login.refused", detail={"reason": why, **known})


def log_in(connection: Connection, site: str, identity: Identity) -> str:
    """Makes the account follow the identity and starts a session; the cookie's value.

    Raises Forbidden for an account without any role, or that was shut out.
    """
    row = people.put_account(
        connection,
        site=site,
        issuer=identity.issuer,
        subject=identity.subject,
        name=identity.name,
        roles=identity.roles,
        practitioner=identity.practitioner,
    )
    if not identity.roles:
        raise Forbidden("Your account has no role here. Ask an administrator.")
    if not row["active"]:
        raise Forbidden("This account is closed. Ask an administrator.")
    person = people.as_person(row)
    token, _ = people.start_session(connection, person.id)
    detail = {"issuer": identity.issuer, "roles": sorted(person.roles), "practitioner": person.practitioner}
    audit.append(connection, site=site, actor=person.actor, action="login", detail=detail)
    return token


@router.post("/logout")
async def logout(request: Request, visit: Visitor) -> Response:
    """Ends the session here and in the database."""
    await transact(request, _log_out, visit.session_id, visit.person)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(of(request).public_url), path="/")
    return answer


def _log_out(connection: Connection, session_id: int, person: people.Person) -> None:
    people.end_session(connection, session_id)
    audit.append(connection, site=person.site, actor=person.actor, action="logout")
