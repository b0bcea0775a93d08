"""The worklist as an application: pages, live updates, JSON. `create_app` is the one place that wires it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from services.reading.catalogue import library
from services.settings import Settings
from services.store.engine import connect_async
from services.web import drift_metrics, errors, feed_metrics
from services.web.api import reviewing
from services.web.auth import local_login, login, oidc_login
from services.web.auth.oidc_login import Providers
from services.web.auth.security import KnownHosts, SecurityHeaders, known_names
from services.web.context import Context
from services.web.fhir import mounted
from services.web.pages import (
    audit,
    bulk,
    charts,
    evaluation,
    events,
    exports,
    feeds,
    messages,
    operating,
    preferences,
    quarantine,
    rating,
    rendering,
    report_list,
    review,
    saved_views,
    second_readings,
    session_check,
    tracing,
)
from services.web.pages.events import Broadcast
from services.web.releasing import keep_released
from services.web.sealing import keep_sealed
from services.web.views import links
from services.web.views.dates import Dates, UnknownZone
from services.workflow import contradictions

STATIC = Path(__file__).parent / "static"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Looked through in this order for every request: what reviewers ask for all day comes first.
PAGES = (
    review,
    report_list,
    session_check,
    login,
    local_login,
    oidc_login,
    saved_views,
    exports,
    rating,
    second_readings,
    preferences,
    charts,
    evaluation,
    audit,
    bulk,
    messages,
    quarantine,
    feeds,
    tracing,
    operating,
    events,
)


class WorklistError(Exception):
    """The worklist cannot start as it is set up; the message says what to change."""


def create_app(settings: Settings) -> FastAPI:
    """The application. Raises WorklistError where a demo login would be reachable from elsewhere."""
    _check(settings)
    app = FastAPI(title="Countersign", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    catalogues = library.load(settings.config_dir / "catalogue" if settings.config_dir else None)
    names = {each.finding.id: each.finding.name for each in catalogues.candidates()}
    sided = frozenset(each.finding.id for each in catalogues.candidates() if each.sides)
    app.state.context = Context(
        settings=settings,
        engine=connect_async(settings.database),
        library=catalogues,
        templates=rendering.templates(STATIC, names, sided, Dates.of(settings.worklist.timezone)),
        parents=contradictions.parents_of(catalogues),
    )
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for part in PAGES:
        app.include_router(part.router)
    if not settings.training:
        # What is decided in an exercise must not be read by anybody's record system.
        mounted.mount(app, app.state.context)
    reviewing.mount(app)
    errors.install(app)
    app.add_middleware(KnownHosts, names=known_names(settings.worklist))
    app.add_middleware(SecurityHeaders, frame_ancestors=settings.worklist.frame_ancestors)
    return app


def warm(app: FastAPI) -> None:
    """Makes beforehand what the first requests would wait for: dependencies of routes, compiled templates."""
    scope = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}
    for route in app.routes:
        route.matches(dict(scope))
    templates = app.state.context.templates.env
    for name in templates.list_templates():
        templates.get_template(name)


def _check(settings: Settings) -> None:
    worklist = settings.worklist
    if worklist.demo_login and worklist.host not in LOOPBACK:
        raise WorklistError(
            f"COUNTERSIGN_WORKLIST__DEMO_LOGIN: only with COUNTERSIGN_WORKLIST__HOST on loopback, not {worklist.host}"
        )
    try:
        Dates.of(worklist.timezone)
    except UnknownZone as error:
        name = "COUNTERSIGN_WORKLIST__TIMEZONE"
        raise WorklistError(f"{name}: {error} is no IANA time zone; write it as Europe/Berlin") from None
    for label, url in worklist.links.items():
        _check_link(label, url)
    if not (STATIC / "htmx.min.js").exists():
        raise WorklistError("htmx.min.js is missing: install the package (pip install -e .) so that its build runs")


def _check_link(label: str, url: str) -> None:
    known = ("accession", "patient", "study", "report")
    try:
        wrong = sorted(links.names(url) - set(known))
    except ValueError:
        wrong = ["{"]
    if wrong or not url.startswith(("https://", "http://")):
        asked = ", ".join(f"{{{name}}}" for name in known)
        raise WorklistError(f"COUNTERSIGN_WORKLIST__LINKS: {label}: an http or https URL with any of {asked}")


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    app.state.providers = Providers(context.settings)
    app.state.broadcast = Broadcast(context.engine)
    tasks = [asyncio.create_task(app.state.broadcast.run()), asyncio.create_task(keep_sealed(context.engine))]
    measures = (drift_metrics.MEASURE, feed_metrics.MEASURE)
    tasks += [asyncio.create_task(each.watch(context.engine)) for each in measures]
    tasks.append(asyncio.create_task(keep_released(context)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app.state.providers.http.aclose()
        await context.engine.dispose()
