"""The review of one report version, as a Task any FHIR client can follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from integration.canonical import Priority
from integration.fhir.elements import checked, coding, concept, instant, meta, notes
from integration.fhir.systems import Json, Systems

PRIORITIES = {Priority.STAT: "stat", Priority.URGENT: "urgent", Priority.ROUTINE: "routine"}


class TaskStatus(StrEnum):
    """The states of a review as Task.status."""

    REQUESTED = "requested"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What the reviewer decided of one Observation."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    ADDED = "added"


@dataclass(frozen=True)
class Output:
    """One Observation of the review; `reason` is the reviewer's for a rejection."""

    observation: Json
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True)
class Review:
    """What one Task says. `authored` and `modified` are aware datetimes.

    `notes`: such as "nothing suggested", and the discrepancies that stood at Sign.
    """

    key: str
    status: TaskStatus
    report: Json
    subject: Json
    authored: datetime
    modified: datetime
    priority: Priority = Priority.ROUTINE
    owner: Json | None = None
    outputs: Sequence[Output] = ()
    notes: Sequence[str] = ()


def task(review: Review, systems: Systems) -> Json:
    """One Task per report version, completed at Sign, one output per Observation."""
    return checked(
        {
            "resourceType": "Task",
            "meta": meta(systems),
            "identifier": [{"system": systems.task, "value": review.key}],
            "status": str(review.status),
            "intent": "order",
            "priority": PRIORITIES[review.priority],
            "code": concept(coding(systems.codes, "review-findings", "Review suggested findings")),
            "description": "Review the findings suggested for this report and countersign.",
            "focus": review.report,
            "for": review.subject,
            "authoredOn": instant(review.authored),
            "lastModified": instant(review.modified),
            "owner": review.owner,
            "note": notes(review.notes),
            "output": [_output(entry, systems) for entry in review.outputs],
        }
    )


def _output(entry: Output, systems: Systems) -> Json:
    """R4 Task.output has a type and a value: the outcome is the type, its text the reason if one was given."""
    kind = concept(coding(systems.codes, f"outcome-{entry.outcome}", str(entry.outcome)), text=entry.reason)
    return {"type": kind, "valueReference": entry.observation}
