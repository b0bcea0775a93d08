"""A message's segments gathered by patient and by report: ORU_R01's and MDM_T02's groups, read tolerantly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from integration.hl7v2.segments import Segment


@dataclass
class Group:
    """What belongs to one report: ORC, OBR, TQ1, OBX …, and the patient's segments before it.

    `linked` holds the groups it was joined of, itself as it was included: a report of several exams has several.
    """

    number: int
    patient: dict[str, Segment]
    own: list[Segment] = field(default_factory=list)
    linked: list[Group] = field(default_factory=list)

    @property
    def where(self) -> str:
        """Its first segment, for reasons."""
        return f"OBR {self.number}" if self.first("OBR") or not self.first("TXA") else "TXA 1"

    @property
    def whose(self) -> str:
        """Tells patients of a message apart; a message in parts may name one of them again."""
        pid = self.patient.get("PID")
        return pid.raw(3) or pid.raw(2) if pid else ""

    @property
    def reporting(self) -> list[Segment]:
        """The OBR that have text, else all of them."""
        parts = [group for group in self.linked if group.all("OBX")] or self.linked or [self]
        return [obr for group in parts for obr in group.all("OBR")]

    def first(self, name: str) -> Segment | None:
        """The first segment of that name, of the report itself or of its patient."""
        found = next((segment for segment in self.own if segment.name == name), None)
        return found or self.patient.get(name)

    def all(self, name: str) -> list[Segment]:
        """All of the report's segments of that name."""
        return [segment for segment in self.own if segment.name == name]

    def at(self, place: str) -> list[Segment]:
        """The segments a place like "OBR-18" points into, those of the report itself or that of its patient."""
        name = place.partition("-")[0]
        return self.all(name) or [segment for segment in [self.patient.get(name)] if segment]

    def join(self, other: Group) -> None:
        """Takes another group in: one report of both."""
        self.linked = self.linked or [Group(self.number, self.patient, list(self.own))]
        self.linked.append(other)
        self.own += other.own


_PATIENT = frozenset({"PID", "PD1", "PV1", "PV2", "TXA", "EVN"})
_NOBODYS = frozenset({"MSH", "SFT", "FHS", "BHS", "BTS", "FTS"})
_MESSAGE_WIDE = frozenset({"ZDS", "IPC"})


@dataclass
class Gathered:
    """The groups of a message, and what belongs to none of them."""

    groups: list[Group]
    orphans: list[Segment] = field(default_factory=list)


def gather(segments: list[Segment]) -> Gathered:
    """One group for each OBR, numbered from 1; one for the whole message when it has none.

    An ORC opens the group of the OBR that follows. What stands after the last OBR belongs to it; ZDS and IPC
    are the whole message's when only one is sent.
    """
    groups: list[Group] = []
    orphans: list[Segment] = []
    patient: dict[str, Segment] = {}
    waiting: list[Segment] = []
    for segment in segments:
        if segment.name == "PID":
            if "PID" in patient:
                orphans += waiting
                waiting = []
            patient = {"PID": segment}
        elif segment.name in _NOBODYS:
            continue
        elif segment.name in _PATIENT:
            if segment.name == "TXA" and "TXA" in patient:
                orphans.append(segment)
            patient.setdefault(segment.name, segment)
        elif segment.name == "OBR":
            groups.append(Group(len(groups) + 1, patient, [*waiting, segment]))
            waiting = []
        elif segment.name == "ORC" or not groups or groups[-1].patient is not patient:
            waiting.append(segment)
        else:
            groups[-1].own.append(segment)
    if not groups:
        return Gathered([Group(1, patient, waiting)], orphans)
    if groups[-1].patient is not patient:
        orphans, waiting = orphans + waiting, []
    _share(groups, waiting)
    return Gathered(groups, orphans)


def _share(groups: list[Group], waiting: list[Segment]) -> None:
    groups[-1].own += waiting
    for name in _MESSAGE_WIDE:
        found = [segment for group in groups for segment in group.all(name)]
        if len(found) == 1:
            for group in groups:
                if not group.all(name):
                    group.own.append(found[0])


def places(group: Group, fields: tuple[str, ...]) -> Iterator[tuple[Segment, int]]:
    """Segment and field number of each place that is valued there, in the order of `fields`."""
    for place in fields:
        number = int(place.partition("-")[2])
        yield from ((segment, number) for segment in group.at(place) if segment.value(number))
