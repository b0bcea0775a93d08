"""FHIR REST interactions without any input or output of their own.

Each is a generator that yields a Call and is sent the Answer, so one implementation serves the synchronous
workers and the asynchronous subscriber: `client.run(read("Patient/1"))`. Specification: FHIR R4 http.html.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from integration.fhir.deletion import deleted_references
from integration.fhir.errors import Conflict, NotFound, Refused, Unreachable, outcome_codes
from integration.fhir.lenient import version_of
from integration.fhir.systems import Json

T = TypeVar("T")

RETRYABLE = frozenset({401, 408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Call:
    """One request. `path` is relative to the FHIR base, or an absolute URL of a `next` link."""

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None

    @property
    def name(self) -> str:
        """Method and resource type: what may be logged, for the rest can hold identifiers."""
        kind = re.split(r"[/?]", self.path, maxsplit=1)[0]
        return f"{self.method} {kind if kind.isalpha() else '(page)' if ':' in self.path else '(base)'}"


@dataclass(frozen=True)
class Answer:
    """One response; header names in lower case, `body` None when there is no JSON object in it."""

    status: int
    headers: Mapping[str, str]
    body: Json | None

    @property
    def version(self) -> str:
        """The version id of the ETag, "" without one."""
        return etag_version(self.headers.get("etag", ""))


Exchange = Generator[Call, Answer, T]


@dataclass(frozen=True)
class Written:
    """A resource on the server: "Observation/12" and its version id ("" where the server gives none)."""

    reference: str
    version: str
    created: bool = False


@dataclass(frozen=True)
class Page:
    """One page of a search or history: resources in order, and where the next page is ("" at the end).

    `deleted`: references of what a history says was deleted.
    """

    resources: tuple[Json, ...]
    next: str
    total: int | None = None
    deleted: tuple[str, ...] = ()


def etag_version(etag: str) -> str:
    """`W/"3"` → `3` (FHIR R4 http.html §2.21.0.2)."""
    return etag.strip().removeprefix("W/").strip('"')


def if_match(version: str) -> dict[str, str]:
    """The header that makes an update fail rather than overwrite somebody's change."""
    return {"If-Match": f'W/"{version}"'} if version else {}


def call(request: Call) -> Exchange[Answer]:
    """Send one request; raise what its status means."""
    answer = yield request
    if answer.status < 300:
        return answer
    raise failure(request.name, answer)


def failure(name: str, answer: Answer) -> Exception:
    """The exception an error status stands for; `name` says which request, without identifiers."""
    codes = outcome_codes(answer.body)
    message = f"{name} was answered {answer.status}"
    if answer.status in RETRYABLE:
        return Unreachable(message, _wait(answer.headers))
    if answer.status in (404, 410):
        return NotFound(message, answer.status, codes)
    if answer.status in (409, 412):
        return Conflict(message, answer.status, codes)
    return Refused(message, answer.status, codes)


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks us to wait; Azure says milliseconds in a header of its own."""
    own = _seconds(headers.get("x-ms-retry-after-ms", ""))
    asked = _seconds(headers.get("retry-after", ""))
    return asked if asked is not None else own / 1000 if own is not None else None


def _seconds(retry_after: str) -> float | None:
    """Only delta-seconds; an HTTP date counts as not said, for its clock is not ours."""
    return float(retry_after) if retry_after.strip().isdecimal() else None


def _resource(name: str, answer: Answer) -> Json:
    if answer.body is None or "resourceType" not in answer.body:
        raise Unreachable(f"{name} was answered {answer.status} without a FHIR resource")
    return answer.body


def read(reference: str, base_url: str = "") -> Exchange[Json]:
    """GET [type]/[id], or [type]/[id]/_history/[vid]. Raises NotFound.

    With `base_url` a redirect to another resource of the type there is followed, once: Epic answers so for a Patient
    that was merged.
    """
    request = Call("GET", reference)
    answer = yield request
    moved = _moved_to(reference, answer, base_url)
    if moved:
        return _resource(request.name, (yield from call(Call("GET", moved))))
    if answer.status >= 300:
        raise failure(request.name, answer)
    return _resource(request.name, answer)


def _moved_to(reference: str, answer: Answer, base_url: str) -> str:
    """The resource a redirect leads to, "" where it leads to another server, another type or nowhere."""
    if not base_url or answer.status not in _REDIRECTS:
        return ""
    target = answer.headers.get("location", "").removeprefix(f"{base_url.rstrip('/')}/")
    same_type = re.fullmatch(rf"{reference.partition('/')[0]}/[A-Za-z0-9\-.]{{1,64}}", target)
    return target if same_type and target != reference else ""


_REDIRECTS = (301, 302, 303, 307, 308)


def search(resource_type: str, params: Sequence[tuple[str, str]]) -> Exchange[Page]:
    """The first page of a search, or of a type's history for a type such as "DiagnosticReport/_history"."""
    request = Call("GET", resource_type, params)
    return _page(_resource(request.name, (yield from call(request))))


def search_together(searches: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> Exchange[list[Page]]:
    """The first pages of several searches (type, parameters) in one batch, in their order (R4 http.html §2.21.0.17)."""
    asked = [{"request": {"method": "GET", "url": f"{kind}?{urlencode(params)}"}} for kind, params in searches]
    request = Call("POST", "", body={"resourceType": "Bundle", "type": "batch", "entry": asked})
    answers = yield from _posted(request, len(asked))
    return [_searched(kind, answer) for (kind, _), answer in zip(searches, answers, strict=True)]


def _searched(kind: str, entry: Json) -> Page:
    response = entry.get("response") or {}
    said = str(response.get("status", ""))[:3]
    status = int(said) if said.isascii() and said.isdecimal() else 0
    bundle = entry.get("resource")
    if status >= 400:
        raise failure(f"GET {kind}", Answer(status, {}, response.get("outcome")))
    if not isinstance(bundle, dict):
        raise Unreachable(f"GET {kind} was answered {status} without a FHIR resource")
    return _page(bundle)


def next_page(page: Page) -> Exchange[Page]:
    """The page a `next` link leads to."""
    request = Call("GET", page.next)
    return _page(_resource(request.name, (yield from call(request))))


def search_all(
    resource_type: str, params: Sequence[tuple[str, str]], *, pages: int = 100
) -> Exchange[tuple[Json, ...]]:
    """Every match of a search, following `next` for at most `pages` pages."""
    page = yield from search(resource_type, params)
    found = list(page.resources)
    for _ in range(pages - 1):
        if not page.next:
            break
        page = yield from next_page(page)
        found.extend(page.resources)
    return tuple(found)


def _page(bundle: Json) -> Page:
    """Matches only: included resources and outcomes are told apart by search.mode (R4 search.html)."""
    entries = [entry for entry in bundle.get("entry") or [] if isinstance(entry, dict)]
    matches = [entry for entry in entries if (entry.get("search") or {}).get("mode", "match") == "match"]
    resources = tuple(entry["resource"] for entry in matches if isinstance(entry.get("resource"), dict))
    links = {link.get("relation"): link.get("url", "") for link in bundle.get("link") or []}
    total = bundle.get("total")
    counted = total if isinstance(total, int) else None
    return Page(resources, links.get("next", ""), counted, deleted_references(bundle))


def create(resource: Json, if_none_exist: str = "") -> Exchange[Written]:
    """POST [type], conditional when `if_none_exist` is a search string. 200 means it was there already."""
    headers = {"If-None-Exist": if_none_exist} if if_none_exist else {}
    request = Call("POST", resource["resourceType"], headers=headers, body=_without_id(resource))
    answer = yield from call(request)
    return written_of(request.name, resource["resourceType"], answer, created=answer.status == 201)


def update(resource: Json, version: str = "") -> Exchange[Written]:
    """PUT [type]/[id] with If-Match when the version is known. Raises Conflict when it has moved on."""
    request = Call("PUT", f"{resource['resourceType']}/{resource['id']}", (), if_match(version), resource)
    answer = yield from call(request)
    reference = f"{resource['resourceType']}/{resource['id']}"
    return Written(reference, answer.version or version_of(answer.body), answer.status == 201)


def delete(reference: str) -> Exchange[None]:
    """DELETE [type]/[id]; gone already is fine."""
    answer = yield Call("DELETE", reference)
    if answer.status >= 400 and answer.status not in (404, 410):
        raise failure(f"DELETE {reference.partition('/')[0]}", answer)


def transaction(entries: Sequence[Json]) -> Exchange[list[Json]]:
    """POST a transaction Bundle; the response entries in the order of the request's."""
    bundle: Json = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
    return (yield from _posted(Call("POST", "", body=bundle), len(entries)))


def _posted(request: Call, entries: int) -> Exchange[list[Json]]:
    answered = _resource(request.name, (yield from call(request))).get("entry") or []
    if len(answered) != entries:
        raise Unreachable(f"a Bundle of {entries} entries was answered with {len(answered)}")
    return [entry if isinstance(entry, dict) else {} for entry in answered]


def operation(path: str, params: Sequence[tuple[str, str]] = ()) -> Exchange[Json]:
    """GET an operation that has no side effects, such as Subscription/1/$status."""
    request = Call("GET", path, params)
    return _resource(request.name, (yield from call(request)))


def _without_id(resource: Json) -> Json:
    return {key: value for key, value in resource.items() if key != "id"}


def written_of(name: str, resource_type: str, answer: Answer, *, created: bool) -> Written:
    """Where a write landed: from Location or Content-Location, else from the body the server returned."""
    headers = answer.headers
    found = written_at(headers.get("location") or headers.get("content-location") or "", resource_type)
    body: Mapping[str, Any] = answer.body or {}
    reference = found[0] if found else f"{resource_type}/{body['id']}" if body.get("id") else ""
    if not reference:
        raise Unreachable(f"{name} was answered {answer.status} without saying where the resource is")
    return Written(reference, answer.version or (found[1] if found else "") or version_of(body), created)


def written_at(location: str, resource_type: str) -> tuple[str, str] | None:
    """("Observation/12", "3") from a Location such as https://host/fhir/Observation/12/_history/3."""
    match = re.search(rf"(?:^|/)({resource_type}/[A-Za-z0-9\-.]{{1,64}})(?:/_history/([^/?#]+))?$", location)
    return (match[1], match[2] or "") if match else None
