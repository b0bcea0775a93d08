"""Per-sender maps: the YAML file in which a site says how each of its feeds differs from the default.

    senders:
      - application: EPICRAD        # MSH-3.1; "*" is any
        facility: "*"               # MSH-4.1
        site: main
        zone: America/Chicago       # of times without an offset
        charset: cp1252             # of messages without MSH-18
        status: {PSCRIB: preliminary}
        accession: [OBR-3]
        authorities: {ABC: "urn:oid:1.2.3"}

Every entry is laid over the defaults of `SenderMap`; maps (status, sections, authorities) are merged.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from integration.canonical import ReportStatus, SectionKind
from integration.hl7v2.charset import codec_of

ANY = "*"
# Seconds between looks at the file.
_LOOK_AGAIN = 1.0
_PLACE = re.compile(r"[A-Z][A-Z0-9]{2}-[1-9]\d?\Z")

# OBR-25 and OBX-11 (HL7 tables 0123 and 0085) by the v2-to-FHIR guide, and the words RIS vendors really use.
STATUS_WORDS: Mapping[str, ReportStatus] = {
    "O": ReportStatus.REGISTERED,
    "I": ReportStatus.REGISTERED,
    "S": ReportStatus.REGISTERED,
    "P": ReportStatus.PRELIMINARY,
    "PRELIM": ReportStatus.PRELIMINARY,
    "PRELIMINARY": ReportStatus.PRELIMINARY,
    "WET READ": ReportStatus.PRELIMINARY,
    "M": ReportStatus.PRELIMINARY,
    "A": ReportStatus.PARTIAL,
    "R": ReportStatus.PARTIAL,
    "PARTIAL": ReportStatus.PARTIAL,
    "F": ReportStatus.FINAL,
    "FINAL": ReportStatus.FINAL,
    "C": ReportStatus.CORRECTED,
    "CORRECTED": ReportStatus.CORRECTED,
    "ADDENDUM": ReportStatus.APPENDED,
    "AMENDED": ReportStatus.AMENDED,
    "X": ReportStatus.CANCELLED,
    "CANCELLED": ReportStatus.CANCELLED,
    "CANCELED": ReportStatus.CANCELLED,
    "D": ReportStatus.ENTERED_IN_ERROR,
    "W": ReportStatus.ENTERED_IN_ERROR,
}

# OBX-3 suffixes (HL7 v2.8 §7.2.4) and the LOINC section codes of imaging reports (DICOM PS3.20 §9, annex C).
SECTION_MARKS: Mapping[str, SectionKind] = {
    "GDT": SectionKind.FINDINGS,
    "IMP": SectionKind.IMPRESSION,
    "ADT": SectionKind.ADDENDUM,
    "REC": SectionKind.RECOMMENDATION,
    "CMS": SectionKind.COMPARISON,
    "CMT": SectionKind.COMPARISON,
    "CMR": SectionKind.COMPARISON,
    "CMC": SectionKind.COMPARISON,
    "MED": SectionKind.TECHNIQUE,
    "TCM": SectionKind.OTHER,
    "OTH": SectionKind.OTHER,
    "59776-5": SectionKind.FINDINGS,
    "19005-8": SectionKind.IMPRESSION,
    "55107-7": SectionKind.ADDENDUM,
    "18783-0": SectionKind.RECOMMENDATION,
    "18834-2": SectionKind.COMPARISON,
    "55111-9": SectionKind.TECHNIQUE,
    "18785-6": SectionKind.INDICATION,
    "11329-0": SectionKind.HISTORY,
    "55752-0": SectionKind.HISTORY,
}

# Diagnostic service sections (HL7 table 0074) of the laboratory. PT, SR and RT are left out: many senders put
# the DICOM modality into OBR-24, where PT is PET.
OTHER_SERVICES = frozenset({"BG", "BLB", "CH", "CP", "HM", "IMM", "LAB", "MB", "MCB", "MYC", "SP", "VR"})


class SenderError(ValueError):
    """The file of sender maps cannot be used; the message names file, line and reason."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no such time zone: {name} (use a name like Europe/Berlin)") from None
    return name


def _charset(name: str) -> str:
    if name and codec_of(name) is None:
        raise ValueError(f"no such character set: {name} (use a name of HL7 table 0211, or cp1252)")
    return name


def _place(name: str) -> str:
    if not _PLACE.match(name):
        raise ValueError(f"not a field: {name} (write it like OBR-18)")
    return name


Place = Annotated[str, AfterValidator(_place)]


class SenderMap(BaseModel):
    """How one sender's messages are to be understood. Places are fields like "OBR-18", first valued wins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    application: str = Field(ANY, description="MSH-3.1; * is any.")
    facility: str = Field(ANY, description="MSH-4.1; * is any.")
    site: str = Field("", description="Site these reports belong to; empty: the installation's.")
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="Zone of local times where MSH-7 has no offset."
    )
    charset: Annotated[str, AfterValidator(_charset)] = Field("", description="When MSH-18 is empty.")
    status: dict[str, ReportStatus] = Field(
        default_factory=dict, description='Status words of OBR-25 and OBX-11; "" for an empty OBR-25.'
    )
    sections: dict[str, SectionKind] = Field(default_factory=dict, description="OBX-3 suffix or code.")
    authorities: dict[str, str] = Field(
        default_factory=dict, description="Assigning authority → FHIR Identifier.system."
    )
    patient: tuple[Place, ...] = Field(("PID-3", "PID-2"), description="Patient identifiers.")
    patient_authority: str = Field("", description="Authority whose identifier decides identity.")
    patient_type: str = Field("", description="CX.5 type whose identifier decides identity.")
    filler: tuple[Place, ...] = Field(("ORC-3", "OBR-3", "TXA-15"), description="Filler order number.")
    placer: tuple[Place, ...] = Field(("ORC-2", "OBR-2", "TXA-14"), description="Placer order number.")
    accession: tuple[Place, ...] = Field(("OBR-18", "IPC-1"), description="Accession number.")
    processing: Literal["accept", "ignore", "refuse", "production"] = Field(
        "accept",
        description="Of messages whose MSH-11 says training or debugging (T, D); production: taken as if for real.",
    )
    other_services: frozenset[str] = Field(
        OTHER_SERVICES, description="OBR-24 codes of what is not imaging and is ignored."
    )

    @field_validator("status", "sections", mode="before")
    @classmethod
    def _upper(cls, words: Any) -> Any:
        if not isinstance(words, dict):
            return words
        return {" ".join(str(word).split()).upper(): meaning for word, meaning in words.items()}

    def status_of(self, word: str) -> ReportStatus | None:
        """The status a word of OBR-25 or OBX-11 means here, None if it is not known."""
        key = " ".join(word.split()).upper()
        return self.status.get(key) or STATUS_WORDS.get(key)

    def section_of(self, *marks: str) -> SectionKind | None:
        """The section the first known mark (OBX-3 suffix or code) stands for."""
        known = {**SECTION_MARKS, **self.sections}
        return next((known[mark.upper()] for mark in marks if mark.upper() in known), None)


class Senders:
    """All sender maps; the most specific one that fits is found, at last the default."""

    def __init__(self, maps: tuple[SenderMap, ...] = ()) -> None:
        self._take(maps)

    def _take(self, maps: Iterable[SenderMap]) -> None:
        taken = {(entry.application, entry.facility): entry for entry in maps}
        taken.setdefault((ANY, ANY), SenderMap())
        self._maps, self._sites = taken, frozenset(entry.site for entry in taken.values() if entry.site)

    @property
    def sites(self) -> frozenset[str]:
        """The sites the maps name; empty when every sender belongs to the installation's one site."""
        return self._sites

    def __iter__(self) -> Iterator[SenderMap]:
        return iter(self._maps.values())

    def find(self, application: str, facility: str) -> SenderMap:
        """The map of a sender: both names, then application alone, then facility alone, then the default.

        Of a name with a universal id (HD: `RIS^1.2.3^ISO`) the first component counts.
        """
        application, facility = (name.split("^", 1)[0].strip() for name in (application, facility))
        for key in ((application, facility), (application, ANY), (ANY, facility)):
            if key in self._maps:
                return self._maps[key]
        return self._maps[ANY, ANY]


class WatchedSenders(Senders):
    """The maps of a file, read again once it has changed; while it cannot be used the maps before it stay.

    Raises SenderError when it cannot be used at the start; `complain` hears of a later fault, once.
    """

    def __init__(self, path: Path, authorities: Mapping[str, str], complain: Callable[[str], None]) -> None:
        self._path, self._authorities, self._complain = path, authorities, complain
        self._seen = _look(path)
        self._due = time.monotonic() + _LOOK_AGAIN
        super().__init__(tuple(load_senders(path, authorities)))

    @property
    def sites(self) -> frozenset[str]:
        """As of the file now."""
        self._renew()
        return self._sites

    def find(self, application: str, facility: str) -> SenderMap:
        """As of the file now."""
        self._renew()
        return super().find(application, facility)

    def _renew(self) -> None:
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _LOOK_AGAIN
        if (now := _look(self._path)) == self._seen:
            return
        self._seen = now
        try:
            self._take(load_senders(self._path, self._authorities))
        except SenderError as fault:
            self._complain(str(fault))


def _look(path: Path) -> tuple[int, int, int] | None:
    """What tells one state of a file from another; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def load_senders(path: Path | None, authorities: Mapping[str, str] | None = None) -> Senders:
    """The maps of a YAML file; the default alone when there is no file.

    `authorities` (HL7 assigning authority → Identifier.system) holds for every sender that does not say otherwise:
    one table for both doors. Raises SenderError naming file, line and reason.
    """
    shared = dict(authorities or {})
    if path is None or not path.exists():
        return Senders((SenderMap(authorities=shared),))
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise SenderError(f"{path}{_mark(error)}: {_problem(error)}") from None
    entries = _entries(path, node)
    maps: dict[tuple[str, str], SenderMap] = {}
    for entry in entries:
        made = _sender(path, entry)
        if (made.application, made.facility) in maps:
            raise SenderError(f"{path}, line {_line(entry)}: this application and facility stand here twice")
        maps[made.application, made.facility] = _sharing(made, shared)
    maps.setdefault((ANY, ANY), SenderMap(authorities=shared))
    return Senders(tuple(maps.values()))


def _sharing(sender: SenderMap, authorities: dict[str, str]) -> SenderMap:
    return sender.model_copy(update={"authorities": {**authorities, **sender.authorities}})


def _entries(path: Path, node: yaml.Node | None) -> list[yaml.Node]:
    if node is None:
        return []
    if isinstance(node, yaml.MappingNode):
        found = {key.value: value for key, value in node.value}
        if set(found) == {"senders"} and isinstance(found["senders"], yaml.SequenceNode):
            return list(found["senders"].value)
    raise SenderError(f"{path}, line {_line(node)}: expected one key `senders` with a list of entries")


def _sender(path: Path, node: yaml.Node) -> SenderMap:
    loader = yaml.SafeLoader("")
    try:
        return SenderMap.model_validate(loader.construct_document(node))
    except yaml.YAMLError as error:
        raise SenderError(f"{path}{_mark(error)}: {_problem(error)}") from None
    except ValidationError as error:
        fault = error.errors()[0]
        line = _line(_find(node, tuple(str(step) for step in fault["loc"])))
        place = ".".join(str(step) for step in fault["loc"]) or "entry"
        reason = fault["msg"].removeprefix("Value error, ")
        raise SenderError(f"{path}, line {line}: {place}: {reason}") from None


def _find(node: yaml.Node, steps: tuple[str, ...]) -> yaml.Node:
    """The node a fault is at, as deep as the steps can be followed."""
    if not steps:
        return node
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if str(key.value).upper() == steps[0].upper():
                return _find(value, steps[1:])
    if isinstance(node, yaml.SequenceNode) and steps[0].isdigit() and int(steps[0]) < len(node.value):
        return _find(node.value[int(steps[0])], steps[1:])
    return node


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _mark(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark else ""


def _problem(error: Exception) -> str:
    return getattr(error, "problem", None) or str(error)
