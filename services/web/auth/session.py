"""Who is asking: the session behind a cookie, and what its roles allow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from services.domain.people import Person
from services.settings import Settings, Worklist
from services.store import people
from services.web.auth.security import SAFE_METHODS, same_origin, token_matches
from services.web.context import ask, of
from services.workflow.refusal import Refused

REAUTHENTICATION_SECONDS = 120


class LoginNeeded(Exception):
    """No session, or it has ended."""


class Forbidden(Exception):
    """The role is missing, or the request did not come from our own page. The message is shown."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request's session. Times in seconds."""

    person: Person
    session_id: int
    csrf: str
    preferences: dict[str, Any]
    authenticated_ago: float
    ends_in: float
    issuer: str


def cookie_name(context_url: str) -> str:
    """`__Host-` binds the cookie to this host; browsers take it over https only."""
    return "__Host-countersign" if context_url.startswith("https:") else "countersign"


def set_cookie(response: Response, url: str, token: str, limits: Worklist) -> None:
    """The session's cookie: out of reach for scripts and other sites."""
    response.set_cookie(
        cookie_name(url),
        token,
        max_age=int(limits.session_total),
        httponly=True,
        samesite="lax",
        secure=url.startswith("https:"),
        path="/",
    )


def _binding_name(url: str, state: str) -> str:
    return f"{cookie_name(url)}-login-{state[:12]}"


def bind(response: Response, url: str, state: str) -> None:
    """Ties a login under way to this browser: its answer is taken from nobody else (RFC 9700 §2.1)."""
    response.set_cookie(
        _binding_name(url, state),
        state,
        max_age=60 * people.LOGIN_MINUTES,
        httponly=True,
        samesite="lax",
        secure=url.startswith("https:"),
        path="/",
    )


def is_bound(request: Request, url: str, state: str) -> bool:
    """Whether this browser began the login of that state."""
    return bool(state) and token_matches(request.cookies.get(_binding_name(url, state)), state)


def unbind(response: Response, url: str, state: str) -> None:
    """The login is over."""
    response.delete_cookie(_binding_name(url, state), path="/")


async def load(request: Request, touch: bool = True) -> Visit | None:
    """The session of a request, None where there is none."""
    context = of(request)
    token = request.cookies.get(cookie_name(context.public_url))
    if not token:
        return None
    limits = context.settings.worklist
    row = await ask(request, people.use_session, token, limits, touch)
    if row is None:
        return None
    idle_left = limits.session_idle - (0 if touch else float(row.idle_for))
    ends_in = min(idle_left, limits.session_total - float(row.open_for))
    person = row.person
    visit = (row.session_id, row.csrf, row.preferences, float(row.authenticated_ago), ends_in)
    return Visit(person, *visit, issuer=row.issuer)


async def why_ended(request: Request) -> str:
    """Of a request without a live session: "ended" where it had one, "closed" where its account was shut, else ""."""
    context = of(request)
    token = request.cookies.get(cookie_name(context.public_url))
    if not token:
        return ""
    active = await ask(request, people.was_of_active_account, token)
    return "closed" if active is False else "ended"


TokenLogin = Callable[[Request, str], Awaitable[Visit]]


async def visit(request: Request) -> Visit:
    """The session; for changes also that they come from our own page. Raises LoginNeeded, Forbidden.

    At the API a bearer token does as well: no page of another site can send one.
    """
    by_token: TokenLogin | None = getattr(request.app.state, "token_login", None)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if by_token is not None and scheme.lower() == "bearer":
        return await by_token(request, token.strip())
    found = await load(request)
    if found is None:
        raise LoginNeeded
    if request.method not in SAFE_METHODS:
        await _check_origin(request, found)
    return found


async def _check_origin(request: Request, found: Visit) -> None:
    if not same_origin(request, of(request).public_url):
        raise Forbidden("This request came from another site.")
    sent = request.headers.get("x-csrf-token")
    if sent is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        value = (await request.form()).get("csrf")
        sent = value if isinstance(value, str) else None
    if not token_matches(sent, found.csrf):
        raise Forbidden("The page is out of date: reload it and try again.")


Visitor = Annotated[Visit, Depends(visit)]


def having(*roles: str) -> Callable[..., Awaitable[Visit]]:
    """A dependency: the session, where its person has one of these roles. Raises Forbidden."""

    async def check(found: Visitor) -> Visit:
        if not found.person.may(*roles):
            raise Forbidden(f"This page is for the role {' or '.join(roles)}.")
        return found

    return check


Reader = Annotated[Visit, Depends(having("reviewer", "signer", "auditor", "administrator"))]
Reviewer = Annotated[Visit, Depends(having("reviewer", "signer"))]
Operator = Annotated[Visit, Depends(having("operator", "administrator"))]
Auditor = Annotated[Visit, Depends(having("auditor", "administrator"))]
Administrator = Annotated[Visit, Depends(having("administrator"))]


def needs_reauthentication(settings: Settings, found: Visit) -> None:
    """Raises Refused where the site asks signers to say again who they are, and they have not just now."""
    if settings.worklist.reauthenticate and found.authenticated_ago > REAUTHENTICATION_SECONDS:
        raise Refused("reauthenticate", "Confirm who you are to sign. Your drafts are kept.")
