"""What scripts ask of a session, and the page a login in a second window ends on."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.web.auth.session import Visitor
from services.web.pages.rendering import page

router = APIRouter()


@router.get("/session")
async def show(visit: Visitor) -> dict[str, str | int]:
    """The token to send back, and the seconds left; asking for it counts as activity."""
    return {"csrf": visit.csrf, "ends_in": int(visit.ends_in)}


@router.get("/login/done")
async def done(request: Request, visit: Visitor) -> Response:
    """After a login in a second window: back to the first."""
    return page(request, visit, "done.html")
