"""The FHIR read API and our SMART keys, served beside the pages."""

from __future__ import annotations

from fastapi import FastAPI, Request

from integration.fhir.systems import Json
from services.web.auth import session
from services.web.context import Context
from services.web.fhir.app import create_api, published_keys
from services.web.fhir.bearer import Asker

ROLES = ("reviewer", "signer", "auditor", "administrator")


def mount(app: FastAPI, context: Context) -> None:
    """Adds /fhir and /.well-known/jwks.json. Raises SmartKeyError."""
    api = create_api(context.settings, context.engine, context.public_url, _visitor)
    # A mounted application has a state of its own; sessions look there.
    api.state.context = context
    app.mount("/fhir", api)
    keys = published_keys(context.settings)

    def jwks() -> Json:
        return keys

    app.add_api_route("/.well-known/jwks.json", jwks, methods=["GET"])


async def _visitor(request: Request) -> Asker | None:
    found = await session.load(request)
    return Asker(found.person.actor, found.person.site) if found and found.person.may(*ROLES) else None
