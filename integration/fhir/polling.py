"""Finding changed DiagnosticReports without notifications, by whatever search the server has."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from integration.fhir.capability import Capabilities
from integration.fhir.errors import Refused
from integration.fhir.exchange import Exchange, Page, search
from integration.fhir.lenient import element, moment, text, version_of
from integration.fhir.notification import Hint, hint_of
from integration.fhir.systems import Json

_TYPE = "DiagnosticReport"


class Way(StrEnum):
    """How changes are looked for, best first. ISSUED and DATE see no change that leaves the date alone."""

    LAST_UPDATED = "_lastUpdated"
    HISTORY = "_history"
    ISSUED = "issued"
    DATE = "date"
    NONE = "none"


DATED = (Way.ISSUED, Way.DATE)


def ways(capabilities: Capabilities) -> tuple[Way, ...]:
    """All ways this server names, the best first; NONE alone where there is none."""
    found = [Way.LAST_UPDATED] if capabilities.can_search(_TYPE, "_lastUpdated") else []
    found += [Way.HISTORY] if capabilities.can(_TYPE, "history-type") else []
    found += [each for each in DATED if capabilities.can_search(_TYPE, each)]
    return tuple(found) or (Way.NONE,)


def way(capabilities: Capabilities) -> Way:
    """The best way this server names."""
    return ways(capabilities)[0]


def changed_since(chosen: Way, since: datetime, *, count: int = 100) -> Exchange[Page]:
    """The first page of what changed at or after `since` (aware); follow with `next_page`."""
    moment = _instant(since)
    size = ("_count", str(count))
    if chosen is Way.LAST_UPDATED:
        return (yield from search(_TYPE, [("_lastUpdated", f"ge{moment}"), ("_sort", "_lastUpdated"), size]))
    if chosen is Way.HISTORY:
        return (yield from history_since(since, count=count))
    if chosen is Way.NONE:
        raise Refused("the server offers no way to find changed DiagnosticReports", 501)
    return (yield from search(_TYPE, [(str(chosen), f"ge{moment}"), size]))


def shows_deletions(capabilities: Capabilities, chosen: Way) -> bool:
    """Whether a history tells what the chosen search cannot: which reports were deleted."""
    return chosen is not Way.HISTORY and capabilities.can(_TYPE, "history-type")


def history_since(since: datetime, *, count: int = 100) -> Exchange[Page]:
    """The first page of the history of all reports since then (aware); its `deleted` is what a search leaves out."""
    return (yield from search(f"{_TYPE}/_history", [("_since", _instant(since)), ("_count", str(count))]))


def hints(page: Page) -> tuple[Hint, ...]:
    """What to take in from a page, each with its version; what was deleted has none."""
    found = [_hint(resource) for resource in page.resources if resource.get("resourceType") == _TYPE]
    found += [hint_of(reference.split("/_history")[0]) for reference in page.deleted]
    return tuple(hint for hint in found if hint is not None and hint.type == _TYPE)


def newest(page: Page, chosen: Way) -> datetime | None:
    """The latest change on a page by the clock its `Way` goes by; None when no resource says.

    What is stamped later than now says nothing: a report dated in the future, or a broken clock, must not hide those
    that change before then.
    """
    moments, now = (moment(_stamp(resource, chosen)) for resource in page.resources), datetime.now(UTC)
    return max((each for each in moments if each is not None and each <= now), default=None)


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _stamp(resource: Json, chosen: Way) -> str:
    if chosen is Way.ISSUED:
        return text(resource, "issued")
    if chosen is Way.DATE:
        return text(resource, "effectiveDateTime") or text(element(resource, "effectivePeriod"), "start")
    return text(element(resource, "meta"), "lastUpdated")


def _hint(resource: Json) -> Hint | None:
    named = hint_of(f"{_TYPE}/{resource.get('id', '')}")
    return Hint(named.type, named.id, version_of(resource)) if named else None
