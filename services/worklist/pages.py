"""Templates: where they are, what they can call, how a page is answered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from sqlalchemy import RowMapping

from services.worklist.context import of
from services.worklist.deeds import deed
from services.worklist.keys import COMMANDS, keymap
from services.worklist.session import Visit

TEMPLATES = Path(__file__).parent / "templates"
PRIORITIES = ("STAT", "Urgent", "Routine")
STATUS_GLYPHS = {"present": "●", "absent": "○", "uncertain": "◐"}


class Pages(Environment):
    """Jinja's environment; `row.column` is looked for where it is, among the columns."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Jinja tries attributes first, and raising for every column costs more than the rest of a page."""
        if type(obj) is RowMapping:
            try:
                return obj[attribute]
            except KeyError:
                pass
        return super().getattr(obj, attribute)


def templates(static: Path, findings: Mapping[str, str]) -> Jinja2Templates:
    """The environment: autoescaped, and an unknown name is an error. `findings`: names by id."""
    environment = Pages(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in static.iterdir()}
    environment.globals["static"] = lambda name: f"/static/{name}?v={digests[name]}"
    environment.globals["PRIORITIES"] = PRIORITIES
    environment.globals["GLYPHS"] = STATUS_GLYPHS
    environment.globals["FINDINGS"] = findings
    # Made once: the catalogues do not change while a process runs.
    environment.globals["FINDING_OPTIONS"] = Markup("").join(
        Markup('<option value="{}">{}</option>').format(key, name)
        for key, name in sorted(findings.items(), key=lambda each: each[1].lower())
    )
    environment.filters.update(moment=moment, day=day, span=span, deed=deed)
    return Jinja2Templates(env=environment)


def page(request: Request, visit: Visit | None, template: str, status: int = 200, **values: Any) -> Response:
    """An answer made from a template; every page knows who is looking."""
    preferences = visit.preferences if visit else {}
    shared = {
        "visit": visit,
        "theme": preferences.get("theme", "dark"),
        "keys": keymap(preferences),
        "key_labels": [(command, label) for command, (_, label) in COMMANDS.items()],
        "demo": of(request).settings.worklist.demo_login,
        "training": of(request).settings.training,
        "path": request.url.path,
    }
    return of(request).templates.TemplateResponse(request, template, {**shared, **values}, status_code=status)


def moment(value: datetime | str | None) -> str | Markup:
    """Day and minute; a source's own offset is kept, our times are UTC."""
    if not value:
        return "–"
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    zone = "UTC" if at.utcoffset() == UTC.utcoffset(None) else at.strftime("%z")
    return Markup('<time datetime="{}">{} {}</time>').format(at.isoformat(), at.strftime("%d %b %H:%M"), zone)


def day(value: datetime | str | None) -> str:
    """The date, ISO."""
    if not value:
        return "–"
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.strftime("%Y-%m-%d")


def span(seconds: float) -> str:
    """Minutes; from an hour on hours and minutes, from two days on days and hours."""
    minutes = int(seconds) // 60
    hours = minutes // 60
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    if hours == 0:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60:02d}" if minutes % 60 else f"{hours} h"
