"""The API's description for people: one page, nothing of it from elsewhere."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from services.web.auth.session import Visitor
from services.web.context import of

router = APIRouter()


@router.get("/docs", include_in_schema=False)
async def docs(request: Request, visit: Visitor) -> Response:
    """Every operation with its parameters and answers; openapi.json has the same for programs."""
    described: dict[str, Any] = request.app.openapi()
    template = of(request).templates
    values = {"visit": None, "theme": visit.preferences.get("theme", "dark"), "keys": {}, "path": "/api/v1/docs"}
    shared = {"key_labels": [], "demo": False, "training": of(request).settings.training}
    return template.TemplateResponse(request, "api_docs.html", {**values, **shared, "api": described})
