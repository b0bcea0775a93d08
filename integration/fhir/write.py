"""Writing so that a lost answer, a retry or a second worker never makes a second resource.

The ladder, best rung first: one transaction with ifNoneExist; create with If-None-Exist; PUT under an id of
our choosing; search by identifier, then create. Every update carries If-Match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from integration.fhir.capability import Capabilities, Rung
from integration.fhir.errors import Conflict, NotFound, Refused, Unreachable
from integration.fhir.exchange import (
    Exchange,
    Page,
    Written,
    create,
    etag_version,
    read,
    search,
    search_together,
    transaction,
    update,
    written_at,
)
from integration.fhir.lenient import version_of
from integration.fhir.systems import Json, local_id
from integration.fhir.wanted import Entry, Ledger, Wanted, covers, escaped, named, people, resolve

# References point from the later to the earlier, so this is an order in which they can be written one by one.
ORDER = (
    "Patient",
    "ServiceRequest",
    "DiagnosticReport",
    "Device",
    "Observation",
    "Flag",
    "Provenance",
    "Task",
    "AuditEvent",
)


@dataclass
class Outcome:
    """`written`: key → where it is. `kept`: key → why this server does not have it; our own API serves it."""

    written: dict[str, Written] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)


def write(
    capabilities: Capabilities, wanted: Sequence[Wanted], ledger: Ledger, *, overwrite: bool = False
) -> Exchange[Outcome]:
    """Bring the server to what is wanted.

    `overwrite`: a person has seen that somebody else changed our resources, and decided that ours count.
    Run again after Unreachable: nothing is written twice. The deliveries of one report run one at a time.
    Raises Conflict with the reference and version found when a resource
    of ours was changed by others, Refused when an Observation or what it needs is not accepted.
    """
    return (yield from _Writer(capabilities, ledger, overwrite).run(sorted(wanted, key=_position)))


def _position(item: Wanted) -> int:
    """A proposal names the report and the findings it rests on, as a Flag does."""
    return ORDER.index("Flag" if item.is_proposal else item.type)


class _Writer:
    """One run over one list of wanted resources."""

    def __init__(self, capabilities: Capabilities, ledger: Ledger, overwrite: bool) -> None:
        self._overwrite = overwrite
        self._capabilities = capabilities
        self._ledger = ledger
        self._known: dict[str, Json] = {}
        self._searched: dict[tuple[str, str], Page] = {}
        self._outcome = Outcome()

    def run(self, wanted: list[Wanted]) -> Exchange[Outcome]:
        yield from self._search_ahead(wanted)
        for item in wanted:
            yield from self._look(item)
        pending = [item for item in wanted if item.key not in self._outcome.kept and self._is_due(item)]
        yield from self._look_for_people(pending)
        if len(pending) > 1 and self._fits_transaction(pending):
            pending = yield from self._together(pending)
        for item in pending:
            yield from self._alone(item)
        return self._outcome

    def _look(self, item: Wanted) -> Exchange[None]:
        """Find out, before writing, where the resource is or that this server will not take it."""
        entry = self._ledger.lookup(item.key)
        if entry is not None:
            self._note(item, Written(entry.reference, entry.version))
            if self._is_due(item) and not self._capabilities.can(item.type, "update"):
                self._keep(item, "the server does not update this type")
            return
        if (theirs := (yield from self._theirs(item))) is not None:
            self._record(item, _where(theirs), owned=False)
            return
        if item.taken_back and not (yield from self._is_there(item)):
            self._keep(item, "never written here")
            return
        if self._capabilities.rung(item.type, item.parameter) is Rung.NONE:
            self._keep(item, "the server does not create this type")

    def _look_for_people(self, pending: list[Wanted]) -> Exchange[None]:
        """A signer whom the server does not have is named to it, not pointed at: HAPI takes no dangling reference."""
        for reference in sorted({each for item in pending for each in people(item.resource)}):
            if not (yield from self._is_here(reference)):
                self._known[reference] = named(reference)

    def _is_here(self, reference: str) -> Exchange[bool]:
        """Where we may not look, the server may well have them."""
        if "://" in reference:
            return False
        try:
            yield from read(reference)
        except NotFound:
            return False
        except Refused:
            return self._capabilities.can(reference.partition("/")[0], "read")
        return True

    def _search_ahead(self, wanted: list[Wanted]) -> Exchange[None]:
        """All searches for what may be there as the server's own, in one batch where the server takes one.

        None where a conditional create does as well: for what has but one name.
        """
        unknown = [item for item in wanted if self._ledger.lookup(item.key) is None and self._is_searchable(item)]
        asked = list(dict.fromkeys((item.type, token) for item in unknown for token in _tokens(item)))
        if all(self._creates_once(item) for item in unknown if _tokens(item)):
            self._searched |= dict.fromkeys(asked, Page((), ""))
        elif len(asked) > 1 and self._capabilities.batch:
            try:
                pages = yield from search_together([(kind, _query("identifier", token)) for kind, token in asked])
            except Refused:
                return
            self._searched |= zip(asked, pages, strict=True)

    def _is_searchable(self, item: Wanted) -> bool:
        return self._capabilities.can_search(item.type, "identifier")

    def _creates_once(self, item: Wanted) -> bool:
        alone = not item.owned and not item.also
        return alone and self._capabilities.rung(item.type, item.parameter) is Rung.CONDITIONAL_CREATE

    def _theirs(self, item: Wanted) -> Exchange[Json | None]:
        """The server's own resource for the same thing, if it has one."""
        if not self._is_searchable(item):
            return None
        for token in _tokens(item):
            page = self._searched.get((item.type, token))
            if page is None:
                page = yield from search(item.type, _query("identifier", token))
            found = _only(item.type, page)
            if found is not None and self._same_subject(item, found):
                return found
        return None

    def _is_there(self, item: Wanted) -> Exchange[bool]:
        """Whether an attempt whose answer was lost left it there; for what may not be searched, it did not."""
        if not self._capabilities.can_search(item.type, item.parameter):
            return False
        return (yield from self._search(item.type, item.parameter, item.token)) is not None

    def _same_subject(self, item: Wanted, found: Json) -> bool:
        """An accession number can be used twice; another patient's report is never taken for this one."""
        mine = resolve(item.resource.get("subject") or {}, self._known).get("reference", "")
        theirs = str((found.get("subject") or {}).get("reference", ""))
        return not mine or not theirs or mine.endswith(theirs) or theirs.endswith(mine)

    def _search(self, resource_type: str, parameter: str, token: str) -> Exchange[Json | None]:
        return _only(resource_type, (yield from search(resource_type, _query(parameter, token))))

    def _is_due(self, item: Wanted) -> bool:
        entry = self._ledger.lookup(item.key)
        return entry is None or (item.owned and entry.digest not in ("", item.digest))

    def _fits_transaction(self, pending: Iterable[Wanted]) -> bool:
        def fits(item: Wanted) -> bool:
            known = self._ledger.lookup(item.key)
            if known is not None:
                return bool(known.version)
            return self._capabilities.rung(item.type, item.parameter) is Rung.CONDITIONAL_CREATE

        return self._capabilities.transaction and all(fits(item) for item in pending)

    def _together(self, pending: list[Wanted]) -> Exchange[list[Wanted]]:
        """All of it or nothing; what is left to do one by one is returned.

        A refusal or conflict names no culprit, so then each is tried alone.
        """
        entries = [self._entry(item) for item in pending]
        changed = {item.key: entry["resource"] for item, entry in zip(pending, entries, strict=True)}
        self._attempt({key: each for key, each in changed.items() if "id" in each})
        try:
            answers = yield from transaction(entries)
        except (Conflict, Refused):
            return pending
        left = []
        for item, answer in zip(pending, answers, strict=True):
            if not (yield from self._took(item, answer)):
                left.append(item)
        return left

    def _entry(self, item: Wanted) -> Json:
        entry = self._ledger.lookup(item.key)
        resource = resolve(item.resource, self._known)
        if entry is None:
            asked = {"method": "POST", "url": item.type, "ifNoneExist": f"{item.parameter}={escaped(item.token)}"}
            return {"fullUrl": item.urn, "resource": resource, "request": asked}
        asked = {"method": "PUT", "url": entry.reference, "ifMatch": f'W/"{entry.version}"'}
        return {"fullUrl": item.urn, "resource": _with_id(resource, entry.reference), "request": asked}

    def _took(self, item: Wanted, answer: Json) -> Exchange[bool]:
        """Notes where an entry landed. False for one that failed: some servers answer 200 all the same."""
        response = answer.get("response") or {}
        if str(response.get("status", "")) >= "4":
            return False
        entry = self._ledger.lookup(item.key)
        place = written_at(str(response.get("location", "")), item.type)
        reference = place[0] if place else entry.reference if entry else ""
        if not reference:
            raise Unreachable("a transaction was answered without saying where the resources are")
        version = etag_version(str(response.get("etag", ""))) or (place[1] if place else "")
        created = str(response.get("status", "")).startswith("201")
        if entry is None and not created:
            yield from self._adopt(item, reference)
        else:
            version = version or version_of(answer.get("resource"))
            self._record(item, Written(reference, version, created), owned=item.owned)
        return True

    def _alone(self, item: Wanted) -> Exchange[None]:
        entry = self._ledger.lookup(item.key)
        try:
            if entry is None:
                yield from self._create(item)
            else:
                yield from self._update(item, entry.reference, entry.version)
        except Conflict:
            raise
        except Refused as refusal:
            if not item.is_companion:
                raise
            self._keep(item, str(refusal))

    def _create(self, item: Wanted) -> Exchange[None]:
        rung = self._capabilities.rung(item.type, item.parameter)
        resource = resolve(item.resource, self._known)
        if rung is Rung.CONDITIONAL_CREATE:
            written = yield from _create_once(resource, f"{item.parameter}={escaped(item.token)}")
        elif rung is Rung.UPDATE_CREATE:
            written = yield from self._put_new(item, resource)
        else:
            found = yield from self._search(item.type, item.parameter, item.token)
            written = _where(found) if found else (yield from create(resource))
        if written.created:
            self._record(item, written, owned=item.owned)
        else:
            yield from self._adopt(item, written.reference)

    def _put_new(self, item: Wanted, resource: Json) -> Exchange[Written]:
        """PUT would overwrite: look first whether an earlier attempt, its answer lost, made it already."""
        reference = f"{item.type}/{local_id(item.key)}"
        try:
            return _where((yield from read(reference)))
        except NotFound:
            pass
        try:
            written = yield from update(_with_id(resource, reference))
        except Conflict:  # another was quicker, under the same id
            return _where((yield from read(reference)))
        return Written(written.reference, written.version, created=True)

    def _adopt(self, item: Wanted, reference: str) -> Exchange[None]:
        """It was there already: ours from an attempt whose answer was lost, or made by another worker."""
        if not item.owned:
            self._record(item, Written(reference, ""), owned=False)
            return
        current = yield from read(reference)
        found = _where(current)
        if covers(current, resolve(item.resource, {**self._known, **self._self(item, found)})):
            self._record(item, found, owned=True)
            return
        yield from self._update(item, found.reference, found.version)

    def _update(self, item: Wanted, reference: str, version: str) -> Exchange[None]:
        resource = _with_id(resolve(item.resource, self._known), reference)
        try:
            expected = version or _where((yield from read(reference))).version
            self._attempt({item.key: resource})
            written = yield from update(resource, expected)
        except NotFound as gone:
            raise Conflict(f"{item.type}: ours is no longer on the server", gone.status, (), reference) from None
        except Conflict:
            written = yield from self._after_conflict(item, resource, reference)
        self._record(item, written, owned=True)

    def _attempt(self, sent: dict[str, Json]) -> None:
        known = {key: self._ledger.lookup(key) for key in sent}
        fresh = {key: each for key, each in sent.items() if (entry := known[key]) and each not in entry.attempted}
        if fresh:
            self._ledger.attempt(fresh)

    def _after_conflict(self, item: Wanted, resource: Json, reference: str) -> Exchange[Written]:
        """A 412 is our own lost answer when the server says what we want or once sent; else another's edit."""
        try:
            current = yield from read(reference)
        except NotFound as gone:
            raise Conflict(f"{item.type}: ours is no longer on the server", gone.status, (), reference) from None
        found = _where(current)
        if covers(current, resource):
            return found
        entry = self._ledger.lookup(item.key)
        ours = entry is not None and any(covers(current, sent) for sent in entry.attempted)
        if ours or self._overwrite:
            return (yield from update(resource, found.version))
        message = f"{item.type}: changed on the server by somebody else"
        raise Conflict(message, 412, (), reference, found.version)

    def _self(self, item: Wanted, found: Written) -> dict[str, Json]:
        return {item.urn: {"reference": found.reference}}

    def _record(self, item: Wanted, written: Written, *, owned: bool) -> None:
        digest = item.digest if owned else ""
        self._ledger.record(item.key, Entry(written.reference, written.version, digest))
        self._note(item, written)

    def _note(self, item: Wanted, written: Written) -> None:
        self._outcome.written[item.key] = written
        self._known[item.urn] = {"reference": written.reference}

    def _keep(self, item: Wanted, reason: str) -> None:
        self._outcome.kept[item.key] = reason
        self._known.setdefault(item.urn, item.logical)


def _create_once(resource: Json, condition: str) -> Exchange[Written]:
    """Of two who create the same at once, HAPI answers one 409: asked again, it names what the other has made."""
    try:
        return (yield from create(resource, condition))
    except Conflict as conflict:
        if conflict.status != 409:
            raise
    return (yield from create(resource, condition))


def _tokens(item: Wanted) -> tuple[str, ...]:
    """What may name it as the server's own. One search a token: not every server takes several values at once, and
    to miss one makes a double."""
    return item.also if item.owned else (item.token, *item.also)


def _query(parameter: str, token: str) -> list[tuple[str, str]]:
    return [(parameter, escaped(token)), ("_count", "2")]


def _only(resource_type: str, page: Page) -> Json | None:
    if len(page.resources) > 1:
        raise Conflict(f"several {resource_type} resources bear one identifier", 412)
    return page.resources[0] if page.resources else None


def _where(resource: Json) -> Written:
    return Written(f"{resource['resourceType']}/{resource['id']}", version_of(resource))


def _with_id(resource: Json, reference: str) -> Json:
    return {**resource, "id": reference.split("/")[1]}
