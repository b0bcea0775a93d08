"""A message's segments gathered by patient and by report: ORU_R01's and MDM_T02's groups, read tolerantly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from integration.hl7v2.segments import Segment


@dataclass
class Group:
    """What belongs to one report: ORC, OBR, TQ1, OBX …, and the patient's segments before it."""

    number: int
    patient: dict[str, Segment]
    own: list[Segment] = field(default_factory=list)

    def first(self, name: str) -> Segment | None:
        """The first segment of that name, of the report itself or of its patient."""
        found = next((segment for segment in self.own if segment.name == name), None)
        return found or self.patient.get(name)

    def all(self, name: str) -> list[Segment]:
        """All of the report's segments of that name."""
        return [segment for segment in self.own if segment.name == name]

    def at(self, place: str) -> Segment | None:
        """The segment a place like "OBR-18" points into."""
        return self.first(place.partition("-")[0])


_PATIENT = frozenset({"PID", "PD1", "PV1", "PV2", "TXA", "EVN"})
_MESSAGE_WIDE = frozenset({"ZDS", "IPC"})


def gather(segments: list[Segment]) -> list[Group]:
    """One group for each OBR, numbered from 1; one for the whole message when it has none.

    An ORC opens the group of the OBR that follows. What stands after the last OBR belongs to it; ZDS and IPC
    are the whole message's when only one is sent.
    """
    groups: list[Group] = []
    patient: dict[str, Segment] = {}
    waiting: list[Segment] = []
    for segment in segments:
        if segment.name == "PID":
            patient, waiting = {"PID": segment}, []
        elif segment.name in _PATIENT:
            patient.setdefault(segment.name, segment)
        elif segment.name == "OBR":
            groups.append(Group(len(groups) + 1, patient, [*waiting, segment]))
            waiting = []
        elif segment.name == "ORC" or not groups or groups[-1].patient is not patient:
            waiting.append(segment)
        else:
            groups[-1].own.append(segment)
    if not groups:
        return [Group(1, patient, waiting)]
    _share(groups, waiting)
    return groups


def _share(groups: list[Group], waiting: list[Segment]) -> None:
    groups[-1].own += waiting
    for name in _MESSAGE_WIDE:
        found = [segment for group in groups for segment in group.all(name)]
        if len(found) == 1:
            for group in groups:
                if not group.all(name):
                    group.own.append(found[0])


def places(group: Group, fields: tuple[str, ...]) -> Iterator[tuple[Segment, int]]:
    """Segment and field number of each place that the group has and that is valued there."""
    for place in fields:
        segment, number = group.at(place), int(place.partition("-")[2])
        if segment is not None and segment.value(number):
            yield segment, number
