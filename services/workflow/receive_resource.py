"""The FHIR door's first step: a re-read DiagnosticReport is stored with its job in one transaction."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import Connection

from integration.canonical import Door
from integration.fhir.deletion import deletion
from integration.fhir.lenient import version_of
from integration.fhir.systems import Json, Systems, is_ours
from services.store import inbox, notices, reports
from services.store.rows import Values
from services.workflow.states import NO_LONGER_READABLE

GONE = ".deleted"
# R4: an id of at most 64 characters; some servers name longer ones.
_LONGEST_VERSION = 200


def is_known(connection: Connection, endpoint: str, reference: str, version: str) -> bool:
    """Whether this version of the resource is in the inbox; never for a version the server does not name."""
    return bool(version) and inbox.has_resource(connection, endpoint, reference, version)


def has_come(connection: Connection, endpoint: str, reference: str) -> bool:
    """Whether any version of the resource is in the inbox."""
    return inbox.last_version(connection, endpoint, reference) is not None


def receive_resource(connection: Connection, bundle: Json, endpoint: str, site: str, systems: Systems) -> str:
    """Stores a collection Bundle; the state it got, or "repeated" for a version we have."""
    report = bundle["entry"][0]["resource"]
    row = _row(bundle, report, endpoint, site)
    if is_ours(report, systems):
        row.update(state="ignored", reason="our own DiagnosticReport come back", body=None)
    message_id = inbox.add_resource(connection, row)
    if message_id is None:
        return "repeated"
    if row["state"] == "queued":
        inbox.add_jobs(connection, [{"site_id": site, "kind": "intake", "message_id": message_id, "sender": endpoint}])
    return str(row["state"])


def receive_deletion(connection: Connection, reference: str, endpoint: str, site: str) -> str:
    """A resource we have read is deleted (410): stored like a version of it; the state it got."""
    known = inbox.last_version(connection, endpoint, reference)
    if known is None:
        return "gone"
    kind, _, identity = reference.partition("/")
    # Named after the version before it, so that each deletion is taken in once, however often it is announced.
    named = {"resourceType": kind, "id": identity, "meta": {"versionId": f"{known.removesuffix(GONE)}{GONE}"}}
    message_id = inbox.add_resource(connection, _row(deletion(reference), named, endpoint, site))
    if message_id is None:
        return "repeated"
    inbox.add_jobs(connection, [{"site_id": site, "kind": "intake", "message_id": message_id, "sender": endpoint}])
    return "queued"


def note_unreadable(connection: Connection, reference: str, endpoint: str, site: str) -> str:
    """A resource we have read answers 404: deleted, or hidden from us. A person is told once."""
    source = reports.last_source(connection, site, endpoint, reference)
    if source is not None:
        notices.add_once(connection, "gone", site, source.report_id, NO_LONGER_READABLE)
    return "gone"


def _row(bundle: Json, report: Json, endpoint: str, site: str) -> Values:
    # Half a surrogate pair, which JSON can spell, is no character.
    body = json.dumps(bundle, sort_keys=True, ensure_ascii=False).encode(errors="replace")
    digest = hashlib.sha256(body).hexdigest()
    reference = f"{report['resourceType']}/{report['id']}"
    # A server that keeps no versions, or names none that can be kept, is deduplicated by content.
    version = version_of(report)
    version = version if 0 < len(version) <= _LONGEST_VERSION else digest
    return {
        "site_id": site,
        "door": Door.FHIR.value,
        "peer": endpoint,
        "control_id": f"{reference}/_history/{version}",
        "message_type": str(report["resourceType"]),
        "resource": reference,
        "resource_version": version,
        "body": body,
        "bytes": len(body),
        "sha256": digest,
        "state": "queued",
    }
