"""HL7 v2 data types as canonical records: DTM, CX, EI, HD, XPN, XCN, CWE (HL7 v2.8 chapter 2A)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from integration.canonical import Coding, Identifier, Person
from integration.hl7v2.segments import Parts
from integration.moments import usable

_TIME = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6})\d*)?)?)?)?)?)?"
    r"(?:([+-])(\d\d):?(\d\d))?\Z"
)
_OID = re.compile(r"[0-2](?:\.\d+)+\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


@dataclass(frozen=True, slots=True)
class Local:
    """Where times without an offset are local: a zone, and the offset of the message's own time, if it has one."""

    zone: tzinfo
    offset: timedelta | None = None

    def at(self, moment: datetime) -> datetime:
        """A local moment with its offset; of an hour that is there twice, the one with the message's offset."""
        either = [moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1)]
        return next((each for each in either if each.utcoffset() == self.offset), either[0])


def local_of(message_time: str, zone: str) -> Local:
    """MSH-7's offset, where it has one, is that of the message's other times; else the sender's zone is.

    Where both agree the zone counts: an exam before a change to summer time has another offset than its message.
    """
    named = ZoneInfo(zone)
    moment = time_of(message_time, Local(named))
    if moment is None or not _has_offset(message_time):
        return Local(named)
    offset = moment.utcoffset()
    agrees = zone not in _NO_ZONE and moment.astimezone(named).utcoffset() == offset
    return Local(named, offset) if agrees else Local(moment.tzinfo or named, offset)


# The default says nothing of where a sender is.
_NO_ZONE = frozenset({"UTC", "Etc/UTC", "GMT"})


def _has_offset(value: str) -> bool:
    match = _TIME.match(value.strip().replace(" ", ""))
    return match is not None and match.group(8) is not None


def time_of(value: str, local: Local) -> datetime | None:
    """A DTM as an aware datetime. Its own offset is kept; without one it is local time.

    None for what is no time, or of a year that no report is of. A date alone is the day's first moment.
    """
    match = _TIME.match(value.strip().replace(" ", ""))
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),
            int((fraction or "0").ljust(6, "0")),
        )
        return usable(moment.replace(tzinfo=_offset(sign, hours, minutes)) if sign else local.at(moment))
    except ValueError:
        return None


def _offset(sign: str, hours: str, minutes: str) -> timezone:
    span = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-span if sign == "-" else span) if span else UTC


def date_of(value: str) -> str:
    """The date of a DTM as FHIR writes it (YYYY, YYYY-MM or YYYY-MM-DD), "" if it is none."""
    match = re.match(r"(\d{4})(\d\d)?(\d\d)?", value)
    if match is None:
        return ""
    parts = [part for part in match.groups() if part]
    try:
        year, month, day = ([int(part) for part in parts] + [1, 1])[:3]
        datetime(year, month, day)
    except ValueError:
        return ""
    return "-".join(parts)


def authority_of(namespace: str, universal: str, kind: str, known: Mapping[str, str]) -> str:
    """An HD as Identifier.system: the site's map first, then the universal id as a URI, else the namespace."""
    for name in (namespace, universal):
        if name and name in known:
            return known[name]
    if universal:
        if _OID.match(universal):
            return f"urn:oid:{universal}"
        if _UUID.match(universal):
            return f"urn:uuid:{universal.lower()}"
        if kind.upper() in ("URI", "URL") or "://" in universal or universal.startswith("urn:"):
            return universal
    return namespace or universal


def patient_identifier(parts: Parts, known: Mapping[str, str]) -> Identifier | None:
    """CX: value, CX.4 assigning authority, CX.5 type."""
    value = parts.value(1)
    if not value:
        return None
    authority = authority_of(parts.value(4, 1), parts.value(4, 2), parts.value(4, 3), known)
    return Identifier(value=value, authority=authority, type=parts.value(5))


def entity_identifier(parts: Parts, known: Mapping[str, str]) -> Identifier | None:
    """EI: value, EI.2 namespace, EI.3 universal id, EI.4 its type. Of a CX-like value CX.4 is read as well."""
    value = parts.value(1)
    if not value:
        return None
    authority = authority_of(parts.value(2), parts.value(3), parts.value(4), known)
    return Identifier(value=value, authority=authority)


def coding(parts: Parts) -> Coding:
    """CWE / CE: code, text, system; the alternate triplet's text where the first has none."""
    display = parts.value(2) or parts.value(5)
    return Coding(code=parts.value(1), display=display, system=parts.value(3))


def person(parts: Parts, known: Mapping[str, str]) -> Person | None:
    """XCN; NDL's person (OBR-32 before v2.7 holds it as subcomponents of the first component) as well."""
    nested = bool(parts.value(1, 2))
    number, family, given = (
        (parts.value(1, 1), parts.value(1, 2), parts.value(1, 3))
        if nested
        else (parts.value(1), parts.value(2), parts.value(3))
    )
    if not (number or family):
        return None
    authority = "" if nested else authority_of(parts.value(9, 1), parts.value(9, 2), parts.value(9, 3), known)
    identifier = Identifier(value=number, authority=authority) if number else None
    return Person(identifier=identifier, family=family, given=given)
