"""Templates: where they are, what they can call, how a page is answered."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context as JinjaContext
from markupsafe import Markup
from sqlalchemy import RowMapping

from services.web.auth.session import Visit
from services.web.context import of
from services.web.views.audit_labels import deed
from services.web.views.dates import Dates, UnknownZone
from services.web.views.keys import COMMANDS, keymap
from services.web.views.reading_words import READING_WORDS

TEMPLATES = Path(__file__).parent.parent / "templates"
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


def templates(static: Path, findings: Mapping[str, str], sided: Collection[str], dates: Dates) -> Jinja2Templates:
    """The environment: autoescaped, unknown names are errors. `findings`: names by id; `sided`: ids with a side."""
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
    environment.globals["READING_WORDS"] = READING_WORDS
    environment.globals["GLYPHS"] = STATUS_GLYPHS
    environment.globals["FINDINGS"] = findings
    environment.globals["SIDED"] = sided
    # Made once: the catalogues do not change while a process runs.
    environment.globals["FINDING_OPTIONS"] = Markup("").join(
        Markup('<option value="{}">{}</option>').format(key, name)
        for key, name in sorted(findings.items(), key=lambda each: each[1].lower())
    )
    environment.globals["dates"] = dates
    environment.filters.update(
        moment=_moment, instant=_instant, millis=_millis, day=_day, span=span, brief=brief, deed=deed
    )
    return Jinja2Templates(env=environment)


@pass_context
def _moment(context: JinjaContext, value: datetime | str | None) -> str:
    return dates_in(context).moment(value)


@pass_context
def _instant(context: JinjaContext, value: datetime | str | None) -> str:
    return dates_in(context).instant(value)


@pass_context
def _millis(context: JinjaContext, value: datetime | str | None) -> str:
    return dates_in(context).millis(value)


@pass_context
def _day(context: JinjaContext, value: datetime | str | None) -> str:
    return dates_in(context).day(value)


def dates_in(context: JinjaContext) -> Dates:
    """The reader's dates in a page, the site's where nobody is logged in."""
    dates: Dates = context["dates"]
    return dates


def dates_of(request: Request, visit: Visit) -> Dates:
    """Dates as this reader wants them: in a zone of their own, else in the site's."""
    site = of(request).settings.worklist.timezone
    try:
        return Dates.of(visit.preferences.get("timezone") or site)
    except UnknownZone:  # one that a newer time zone database has no more
        return Dates.of(site)


def page(request: Request, visit: Visit | None, template: str, status: int = 200, **values: Any) -> Response:
    """An answer made from a template; every page knows who is looking."""
    preferences = visit.preferences if visit else {}
    shared = {
        "visit": visit,
        "theme": preferences.get("theme", "dark"),
        "keys": keymap(preferences),
        "sound": bool(preferences.get("sound")),
        "key_labels": [(command, label) for command, (_, label) in COMMANDS.items()],
        "demo": of(request).settings.worklist.demo_login,
        "training": of(request).settings.training,
        "path": request.url.path,
    }
    if visit and preferences.get("timezone"):
        shared["dates"] = dates_of(request, visit)
    return of(request).templates.TemplateResponse(request, template, {**shared, **values}, status_code=status)


def brief(seconds: float) -> str:
    """Milliseconds, from a second on seconds."""
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"


def span(seconds: float) -> str:
    """Minutes; from an hour on hours and minutes, from two days on days and hours."""
    minutes = int(seconds) // 60
    hours = minutes // 60
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    if hours == 0:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60:02d}" if minutes % 60 else f"{hours} h"
