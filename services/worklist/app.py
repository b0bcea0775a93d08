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
from services.worklist import (
    api,
    audit_pages,
    bulk_pages,
    chart_pages,
    drifting,
    errors,
    evaluation_pages,
    events,
    exports,
    fhir_pages,
    list_pages,
    login,
    message_pages,
    oidc_pages,
    operator_pages,
    pages,
    preference_pages,
    rating_pages,
    review_pages,
    second_pages,
    session_pages,
    view_pages,
)
from services.worklist.context import Context
from services.worklist.events import Broadcast
from services.worklist.oidc_pages import Providers
from services.worklist.sealing import keep_sealed
from services.worklist.security import SecurityHeaders

STATIC = Path(__file__).parent / "static"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Looked through in this order for every request: what reviewers ask for all day comes first.
PAGES = (
    review_pages,
    list_pages,
    session_pages,
    login,
    oidc_pages,
    view_pages,
    exports,
    rating_pages,
    second_pages,
    preference_pages,
    chart_pages,
    evaluation_pages,
    audit_pages,
    bulk_pages,
    message_pages,
    operator_pages,
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
    app.state.context = Context(
        settings=settings,
        engine=connect_async(settings.database),
        library=catalogues,
        templates=pages.templates(STATIC, names),
    )
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for part in PAGES:
        app.include_router(part.router)
    if not settings.training:
        # What is decided in an exercise must not be read by anybody's record system.
        fhir_pages.mount(app, app.state.context)
    api.mount(app)
    errors.install(app)
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
    if not (STATIC / "htmx.min.js").exists():
        raise WorklistError("htmx.min.js is missing: install the package (pip install -e .) so that its build runs")


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    app.state.providers = Providers(context.settings)
    app.state.broadcast = Broadcast(context.engine)
    tasks = [asyncio.create_task(app.state.broadcast.run()), asyncio.create_task(keep_sealed(context.engine))]
    tasks.append(asyncio.create_task(drifting.watch(context.engine)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app.state.providers.http.aclose()
        await context.engine.dispose()
