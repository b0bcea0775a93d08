"""FHIR R4 read and search over what we hold, and the JWKS our SMART client is verified with."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.exceptions import HTTPException

from integration.fhir.smart import signing_key
from integration.fhir.systems import FHIR_JSON, Json
from services.domain.audit_actions import AuditAction
from services.setting_groups import BY_KEY
from services.settings import Settings
from services.store import audit
from services.web.fhir import search as searching
from services.web.fhir.bearer import Asker, NotAllowed, Tokens
from services.web.fhir.parameters import PARAMETERS, BadParameter, Search, cursor, parse
from services.web.fhir.statement import capability_statement
from services.workflow.context import systems
from services.workflow.smart import smart_key

MOST_FORM = 64 * 1024
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# Who is asking by a session of their own, None without one.
Visitor = Callable[[Request], Awaitable[Asker | None]]


class FhirResponse(JSONResponse):
    """JSON as FHIR names it."""

    media_type = FHIR_JSON


class Api:
    """The handlers, with what they share."""

    def __init__(self, settings: Settings, engine: AsyncEngine, base_url: str, visitor: Visitor) -> None:
        self._settings = settings
        self._systems = systems(settings)
        self._engine = engine
        self._base = f"{base_url.rstrip('/')}/fhir"
        self._visitor = visitor
        self._tokens = Tokens(settings.worklist, settings.site)

    async def metadata(self) -> Response:
        """The one page that needs no access."""
        return FhirResponse(capability_statement(self._base, version("countersign")))

    async def search(self, request: Request, kind: str) -> Response:
        """GET [type]?… or POST [type]/_search, whose parameters no proxy keeps in a log (R4 http.html#search)."""
        if kind not in PARAMETERS:
            return _outcome(404, "not-supported", f"only {', '.join(PARAMETERS)} are served")
        try:
            who = await self._who(request, kind, "s")
            strict = "handling=strict" in request.headers.get("prefer", "")
            given = await _parameters(request)
            wanted = parse(kind, given, who.site, self._systems, strict=strict)
        except NotAllowed as refused:
            return _refused(refused)
        except BadParameter as bad:
            return _outcome(400, "invalid", str(bad))
        async with self._engine.begin() as connection:
            found = await connection.run_sync(self._find, kind, wanted, who)
        return FhirResponse(self._bundle(kind, given, wanted, found))

    async def read(self, request: Request, kind: str, identity: str) -> Response:
        """GET [type]/[id]"""
        if kind not in PARAMETERS:
            return _outcome(404, "not-supported", f"only {', '.join(PARAMETERS)} are served")
        try:
            who = await self._who(request, kind, "r")
        except NotAllowed as refused:
            return _refused(refused)
        if not _ID.fullmatch(identity):
            return _outcome(404, "not-found", "there is no such resource")
        async with self._engine.begin() as connection:
            found = await connection.run_sync(self._read, kind, identity, who)
        return FhirResponse(found) if found else _outcome(404, "not-found", "there is no such resource")

    def _find(self, connection: Connection, kind: str, wanted: Search, who: Asker) -> searching.Found:
        found = searching.find(connection, kind, wanted, self._settings, self._systems)
        detail = {"type": kind, "count": len(found.resources)}
        audit.append(
            connection, site=who.site, actor=who.name, action=AuditAction.API_SEARCH, entity=kind, detail=detail
        )
        return found

    def _read(self, connection: Connection, kind: str, identity: str, who: Asker) -> Json | None:
        found = searching.read(connection, kind, identity, who.site, self._settings, self._systems)
        if found:
            entity = f"{kind}/{identity}"
            audit.append(connection, site=who.site, actor=who.name, action=AuditAction.API_READ, entity=entity)
        return found

    async def _who(self, request: Request, kind: str, permission: str) -> Asker:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return await self._tokens.allowed(token.strip(), kind, permission)
        # A page of another site can post in a session's name; it cannot hold a token.
        person = await self._visitor(request) if request.method == "GET" else None
        if person is None:
            raise NotAllowed(401, "a session or a bearer token is needed")
        return person

    def _bundle(self, kind: str, given: list[tuple[str, str]], wanted: Search, found: searching.Found) -> Json:
        used = [item for item in given if item[0] not in wanted.ignored]
        links = [{"relation": "self", "url": self._url(kind, used)}]
        if found.last is not None:
            further = [item for item in used if item[0] != "_cursor"]
            links.append({"relation": "next", "url": self._url(kind, [*further, ("_cursor", cursor(found.last))])})
        entries = [
            {"fullUrl": f"{self._base}/{kind}/{each['id']}", "resource": each, "search": {"mode": "match"}}
            for each in found.resources
        ]
        bundle: Json = {"resourceType": "Bundle", "type": "searchset", "link": links}
        return bundle | ({"entry": entries} if entries else {})

    def _url(self, kind: str, items: list[tuple[str, str]]) -> str:
        return f"{self._base}/{kind}" + (f"?{urlencode(items)}" if items else "")


def create_api(settings: Settings, engine: AsyncEngine, base_url: str, visitor: Visitor) -> FastAPI:
    """The application, to be mounted at /fhir. `base_url` is the public URL it is mounted under."""
    api = Api(settings, engine, base_url, visitor)
    app = FastAPI(title="Countersign FHIR", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_api_route("/metadata", api.metadata, methods=["GET"], response_model=None)
    app.add_api_route("/{kind}", api.search, methods=["GET"], response_model=None)
    app.add_api_route("/{kind}/_search", api.search, methods=["POST"], response_model=None)
    app.add_api_route("/{kind}/{identity}", api.read, methods=["GET"], response_model=None)
    return app


async def _parameters(request: Request) -> list[tuple[str, str]]:
    """Those of the URL, and of a form behind it. Raises BadParameter."""
    given = request.query_params.multi_items()
    form = bytearray()
    async for chunk in request.stream():
        form += chunk
        if len(form) > MOST_FORM:
            raise BadParameter(f"the search is longer than {MOST_FORM} bytes")
    return given + parse_qsl(form.decode(errors="replace"))


def published_keys(settings: Settings) -> Json:
    """The JWKS for /.well-known/jwks.json: of a SMART client, and of logins proved by a key. Raises SmartKeyError."""
    logins = settings.worklist.oidc, settings.worklist.smart
    proved = (each.client_secret.get_secret_value() for each in logins if each.client_authentication == BY_KEY)
    signing = [signing_key(pem, "") for pem in proved]
    signing += [smart_key(settings.fhir)] if settings.fhir.smart.client_id else []
    return {"keys": list({each.key_id: each.public_jwks()["keys"][0] for each in signing}.values())}


def _refused(refused: NotAllowed) -> Response:
    answer = _outcome(refused.status, "login" if refused.status == 401 else "forbidden", refused.reason)
    if refused.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="countersign"'
    return answer


async def _database_away(_: Request, __: Exception) -> Response:
    return _outcome(503, "transient", "the database cannot be reached: try again")


async def _unstorable(_: Request, __: Exception) -> Response:
    return _outcome(400, "invalid", "a parameter holds a value that no record of ours can hold")


async def _http_error(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _outcome(status, "not-supported", "read and search only: see /fhir/metadata")


def _outcome(status: int, code: str, words: str) -> Response:
    issue = {"severity": "error", "code": code, "diagnostics": words}
    return FhirResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status_code=status)
