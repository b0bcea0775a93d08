"""Login and logout at the hospital's identity provider, and the SMART App Launch from an EHR (in its own window)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import httpx2
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.domain.people import LoginAttempt
from services.domain.words import Role
from services.settings import Settings
from services.store import people
from services.web.auth.discovery import Discovery, OidcError
from services.web.auth.login import Identity, enter, log_out, note_refused, safe_return
from services.web.auth.oidc import Finished, Provider, Registration, Started, claim, practitioner
from services.web.auth.rate import TooMany, address_of
from services.web.auth.session import (
    REAUTHENTICATION_SECONDS,
    Forbidden,
    Visitor,
    bind,
    cookie_name,
    is_bound,
    set_cookie,
    unbind,
)
from services.web.auth.smart_launch import UNKNOWN, Ehr, address, opened
from services.web.context import of, transact
from services.web.pages.rendering import page
from services.workflow.context import systems

LOGIN_SCOPE = "openid profile"

router = APIRouter()


class Providers:
    """The providers people come from, by issuer or FHIR base URL, each read once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.http = httpx2.AsyncClient(follow_redirects=False)
        self.known: dict[str, Provider] = {}

    def at(self, issuer: str) -> Provider:
        """The provider of an issuer; of a FHIR base URL that may launch us, its authorization server."""
        if issuer not in self.known:
            smart = self.is_smart(issuer)
            address = f"{issuer.rstrip('/')}/.well-known/{'smart' if smart else 'openid'}-configuration"
            # An EHR's FHIR base URL is not the name of its authorization server.
            self.known[issuer] = Provider(Discovery(address, self.http, "" if smart else issuer))
        return self.known[issuer]

    def is_smart(self, issuer: str) -> bool:
        """Whether this is an EHR's FHIR base URL."""
        return issuer in self.settings.worklist.smart.issuers


def registration(request: Request, issuer: str) -> Registration:
    """How we are registered with a provider."""
    context = of(request)
    oidc, smart = context.settings.worklist.oidc, context.settings.worklist.smart
    redirect = f"{context.public_url}/login/callback"
    if issuer in smart.issuers:
        return Registration(
            smart.issuers[issuer], smart.client_secret, redirect, smart.scope, smart.client_authentication
        )
    return Registration(oidc.client_id, oidc.client_secret, redirect, LOGIN_SCOPE, oidc.client_authentication)


@router.get("/login/oidc")
async def begin(request: Request, next: Annotated[str, Query()] = "/worklist") -> Response:
    """Off to the identity provider."""
    return await _begin(request, of(request).settings.worklist.oidc.issuer, next)


@router.get("/login/again")
async def again(request: Request, visit: Visitor, next: Annotated[str, Query()] = "/worklist") -> Response:
    """Confirm who you are, at the provider you came from; demo and local accounts do so at the login page."""
    if visit.issuer != of(request).settings.worklist.oidc.issuer:
        return RedirectResponse(f"/login?next={quote(safe_return(next), safe='')}", 303)
    return await _begin(request, visit.issuer, next, again=True)


@router.get("/launch")
async def launch(
    request: Request, iss: Annotated[str, Query(max_length=500)], launch: Annotated[str, Query(max_length=2000)]
) -> Response:
    """SMART App Launch 2.2, EHR launch: only from the FHIR servers that the settings name."""
    issuer = iss.rstrip("/")
    if issuer not in of(request).settings.worklist.smart.issuers:
        raise Forbidden("This EHR is not set up to launch Countersign.")
    return await _begin(request, issuer, "/worklist", aud=issuer, launch=launch)


async def _begin(request: Request, issuer: str, target: str, again: bool = False, **more: str) -> Response:
    """`again`: the provider is to ask the person themselves, whatever session it keeps of them."""
    if not issuer:
        raise Forbidden("There is no login by an identity provider here.")
    if of(request).logins.is_over(address_of(request)):
        raise TooMany
    providers: Providers = request.app.state.providers
    more |= {"prompt": "login", "max_age": "0"} if again else {}
    try:
        started = await providers.at(issuer).start(registration(request, issuer), **more)
    except OidcError as error:
        return page(request, None, "error.html", status=502, code="login", message=str(error))
    max_age = REAUTHENTICATION_SECONDS if again else None
    await transact(request, _remember, started, issuer, safe_return(target), max_age)
    answer = RedirectResponse(started.url, 303)
    bind(answer, of(request).public_url, started.state)
    return answer


def _remember(connection: Connection, started: Started, issuer: str, target: str, max_age: float | None) -> None:
    people.start_login(
        connection, started.state, issuer=issuer, nonce=started.nonce, verifier=started.verifier, return_to=target,
        max_age=max_age,
    )  # fmt: skip


@router.get("/login/callback")
async def callback(
    request: Request,
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    iss: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Back from the provider. Each answer can be used once, within ten minutes."""
    # A login that another browser began is not taken up: whoever sent the link would choose who is logged in here.
    own = is_bound(request, of(request).public_url, state)
    attempt = await transact(request, people.finish_login, state) if own else None
    if attempt is None or not code:
        if of(request).failures.is_over(address_of(request)):
            raise TooMany
        words = "This login was not finished. Start it again."
        # Whoever knows the address can open it: only what was begun here leaves a row.
        return _told(request, words) if attempt is None else await _failed(request, words)
    try:
        finished = await _finish(request, attempt, code, iss)
    except OidcError as error:
        return await _failed(request, str(error))
    context = of(request)
    token = await enter(request, identity_of(finished.claims, attempt.issuer, context.settings))
    answer = RedirectResponse(await _destination(request, attempt, finished.token), 303)
    set_cookie(answer, context.public_url, token, context.settings.worklist)
    unbind(answer, context.public_url, state)
    return answer


async def _failed(request: Request, message: str) -> Response:
    await transact(request, note_refused, of(request).settings.site, message)
    return _told(request, message)


def _told(request: Request, message: str) -> Response:
    return page(request, None, "error.html", status=403, code="login", message=message)


async def _destination(request: Request, attempt: LoginAttempt, token: Mapping[str, Any]) -> str:
    """Where the login was asked for; of a launch, what the EHR had open."""
    providers: Providers = request.app.state.providers
    settings, base = of(request).settings, attempt.issuer
    context = opened(token, base)
    if not providers.is_smart(base) or not context.anything:
        return str(attempt.return_to)
    named = await Ehr(providers.http, base, str(token.get("access_token", ""))).named(context)
    return await transact(request, address, settings.site, named, systems(settings))


@router.post("/logout")
async def logout(request: Request, visit: Visitor) -> Response:
    """Ends the session here and in the database, and where the settings say so at the provider it came from."""
    await transact(request, log_out, visit.session_id, visit.person)
    oidc = of(request).settings.worklist.oidc
    answer = await _onward(request) if oidc.logout and visit.issuer == oidc.issuer else RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(of(request).public_url), path="/")
    return answer


async def _onward(request: Request) -> Response:
    """A page that goes on to the provider: a redirect of a form would be held back by our own `form-action 'self'`."""
    context, providers = of(request), request.app.state.providers
    issuer = context.settings.worklist.oidc.issuer
    try:
        there = await providers.at(issuer).end(registration(request, issuer), f"{context.public_url}/login")
    except OidcError as error:
        return page(request, None, "logged_out.html", status=502, there="", why=str(error))
    answer = page(request, None, "logged_out.html", there=there, why="")
    answer.headers["Refresh"] = f"0; url={there}"
    return answer


@router.get(UNKNOWN)
async def unknown(request: Request, visit: Visitor) -> Response:
    """The EHR launched us for somebody who has no report here: said so, and nobody else's is opened."""
    return page(request, visit, "unknown.html")


async def _finish(request: Request, attempt: LoginAttempt, code: str, iss: str) -> Finished:
    providers: Providers = request.app.state.providers
    issuer = attempt.issuer
    provider = providers.at(issuer)
    if iss and iss != (await provider.discovery.document())["issuer"]:
        raise OidcError("The answer came from another identity provider.")
    return await provider.finish(registration(request, issuer), code, attempt.verifier, attempt.nonce, attempt.max_age)


def identity_of(claims: Mapping[str, Any], issuer: str, settings: Settings) -> Identity:
    """Name, roles and Practitioner from the claims; roles we do not know are left out."""
    oidc, smart = settings.worklist.oidc, settings.worklist.smart
    doctor = practitioner(claim(claims, oidc.practitioner_claim), str(settings.fhir.url or ""))
    said = claim(claims, oidc.roles_claim)
    listed: Sequence[Any] = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
    if issuer in smart.issuers and not listed and doctor:
        listed = smart.roles
    roles = tuple(role for role in Role if role in listed)
    name = str(claims.get("name") or claims.get("preferred_username") or claims["sub"])
    return Identity(issuer, str(claims["sub"]), name, roles, doctor)
