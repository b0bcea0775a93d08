"""Who somebody is, and what a login and a logout are here, whoever said who they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.store import audit, passwords, people
from services.web.auth.rate import TooMany, address_of
from services.web.auth.security import same_origin
from services.web.auth.session import Forbidden, load, set_cookie
from services.web.context import ask, of, transact
from services.web.pages.rendering import page


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is and what they may do, as their identity provider says."""

    issuer: str
    subject: str
    name: str
    roles: tuple[str, ...]
    practitioner: str


REVIEWER = Identity(
    issuer="urn:countersign:demo",
    subject="demo-reviewer",
    name="Demo Reviewer",
    roles=("reviewer", "signer", "operator"),
    practitioner="Practitioner/demo-reviewer",
)


def _demo(who: str, name: str, *roles: str, practitioner: str = "") -> Identity:
    return Identity(issuer=REVIEWER.issuer, subject=who, name=name, roles=roles, practitioner=practitioner)


# Four fictional people, so that claims, second readings, roles and the audit trail can be tried on one computer.
DEMO = {
    "demo-reviewer": REVIEWER,
    "demo-second": _demo(
        "demo-second", "Demo Second Reader", "reviewer", "signer", practitioner="Practitioner/demo-second"
    ),
    "demo-operator": _demo("demo-operator", "Demo Operator", "operator"),
    "demo-auditor": _demo("demo-auditor", "Demo Auditor", "auditor", "administrator"),
}
ENDED = {
    "ended": "Your session has ended. Your drafts are kept.",
    "closed": "Your account was closed while you were logged in. Your drafts are kept; ask an administrator.",
}

router = APIRouter()


def safe_return(target: str) -> str:
    """A path of ours to go to after the login; anything else becomes the worklist."""
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return target if ours else "/worklist"


@router.get("/login")
async def show(
    request: Request, next: Annotated[str, Query()] = "/", why: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """Which logins there are; `why`: what became of the session before."""
    return await login_page(request, next, ended=ENDED.get(why, ""))


async def login_page(request: Request, target: str, *, wrong: bool = False, ended: str = "") -> Response:
    """The logins there are; `wrong`: name or password just now; `ended`: what became of the session before."""
    worklist = of(request).settings.worklist
    local = worklist.local_login and await ask(request, passwords.exist)
    shown = {"oidc": bool(worklist.oidc.issuer), "local": local, "wrong": wrong, "next": safe_return(target)}
    shown |= {"ended": ended, "people": DEMO}
    return page(request, None, "login.html", status=403 if wrong else 200, **shown)


@router.post("/login/demo")
async def demo(
    request: Request, next: Annotated[str, Form()] = "/worklist", who: Annotated[str, Form()] = "demo-reviewer"
) -> Response:
    """Logs a fictional person in; there is no such page unless the setting is on."""
    context = of(request)
    if not context.settings.worklist.demo_login:
        raise Forbidden("There is no demo login here.")
    if not same_origin(request, context.public_url):
        raise Forbidden("This request came from another site.")
    if context.logins.is_over(address_of(request)):
        raise TooMany
    if who not in DEMO:
        raise Forbidden(f"The demo knows {', '.join(each.name for each in DEMO.values())}.")
    token = await enter(request, DEMO[who])
    answer = RedirectResponse(safe_return(next), 303)
    set_cookie(answer, context.public_url, token, context.settings.worklist)
    return answer


async def enter(request: Request, identity: Identity) -> str:
    """Logs somebody in; the cookie's value. Raises Forbidden, which leaves its row in the trail too."""
    site = of(request).settings.site
    earlier = await load(request, touch=False)
    try:
        token = await transact(request, log_in, site, identity)
        if earlier is not None:
            await transact(request, people.end_session, earlier.session_id)
        return token
    except Forbidden as refusal:
        await transact(request, note_refused, site, str(refusal), identity)
        raise


def note_refused(connection: Connection, site: str, why: str, identity: Identity | None = None) -> None:
    """The row of a login that was not let in; `identity` where the provider said who it was."""
    known = {"issuer": identity.issuer, "subject": identity.subject} if identity else {}
    row = people.find_account(connection, identity.issuer, identity.subject) if identity else None
    actor = row.person.actor if row else "nobody"
    audit.append(connection, site=site, actor=actor, action=AuditAction.LOGIN_REFUSED, detail={"reason": why, **known})


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
    if not row.active:
        raise Forbidden("This account is closed. Ask an administrator.")
    person = row.person
    token, _ = people.start_session(connection, person.id)
    detail = {"issuer": identity.issuer, "roles": sorted(person.roles), "practitioner": person.practitioner}
    audit.append(connection, site=site, actor=person.actor, action=AuditAction.LOGIN, detail=detail)
    return token


def log_out(connection: Connection, session_id: int, person: Person) -> None:
    """Ends the session, with its row in the trail."""
    people.end_session(connection, session_id)
    audit.append(connection, site=person.site, actor=person.actor, action=AuditAction.LOGOUT)
