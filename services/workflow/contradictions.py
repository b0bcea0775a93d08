"""What contradicts itself among the findings somebody is about to sign.

Each is named as soon as it stands in the drafts; it is signed with a second word only, and that is recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.domain.reports import Suggestion
from services.domain.reviews import Draft
from services.domain.words import NOT_READ, ReadingState
from services.reading.catalogue.library import Library
from services.reading.reader import ancestors
from services.workflow.drafting import NOT_IN_REPORT
from services.workflow.refusal import Refused

NO_FINDING = "no_finding"
NOTHING_TO_REPORT = "nothing_to_report"
NOT_READ_PENDING = "not_read:pending"
NOT_READ_WORDS: dict[ReadingState, str] = {
    ReadingState.UNREAD: "Nobody has read this report for you: nothing may be concluded from what is suggested.",
    ReadingState.FAILED: "The reading of this report failed: what is suggested is not all that was asked for.",
    ReadingState.TIMED_OUT: "The model did not answer in time: what is suggested is the rules' alone.",
    ReadingState.PENDING: "The model has not answered yet: what is suggested is the rules' alone.",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One finding as it would be signed. `bare`: added by hand, and the report does not say it."""

    finding_id: str
    name: str
    status: str
    added: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`code` names it, the same whenever it is found; `message` is for the reviewer and holds no patient's text."""

    code: str
    message: str


def parents_of(library: Library) -> dict[str, str]:
    """Finding → the less specific one it implies."""
    return {each.finding.id: each.parent for each in library.candidates() if each.parent}


def said(suggestions: Iterable[Suggestion], drafts: Iterable[Draft]) -> list[Said]:
    """What the drafts would sign: rejected and undecided suggestions say nothing."""
    chosen = {each.suggestion_id: each for each in drafts if each.suggestion_id is not None}
    decided = [(each, chosen[each.id]) for each in suggestions if each.origin == "ai" and each.id in chosen]
    kept = [_kept(suggestion, draft) for suggestion, draft in decided if draft.action != "reject"]
    return kept + [_added(each) for each in drafts if each.action == "add"]


def _kept(suggestion: Suggestion, draft: Draft) -> Said:
    if draft.action == "edit":
        value = draft.value
        another = value["finding_id"] != suggestion.finding_id
        return Said(value["finding_id"], value["finding"]["name"], value["status"], added=another)
    status = suggestion.suggested_status or suggestion.status
    return Said(suggestion.finding_id, suggestion.finding["name"], status)


def _added(draft: Draft) -> Said:
    value = draft.value
    bare = draft.reason_code == NOT_IN_REPORT
    return Said(value["finding_id"], value["finding"]["name"], value["status"], added=True, bare=bare)


def find(findings: Sequence[Said], parents: Mapping[str, str], denied: Collection[str]) -> list[Contradiction]:
    """All of them. `denied`: findings the reading says the report denies."""
    return [*_beside_no_finding(findings), *_below_a_denied(findings, parents), *_by_hand(findings, denied)]


def check(found: Sequence[Contradiction], acknowledged: Collection[str]) -> None:
    """Raises Refused where one was not acknowledged."""
    left = [each.message for each in found if each.code not in acknowledged]
    if left:
        raise Refused("contradiction", f"{' '.join(left)} Sign a second time to confirm.")


def statements(state: ReadingState, findings: Sequence[Said]) -> list[Contradiction]:
    """What a signature says beside its findings, by how far the reading came; each is an act of its own."""
    said = [] if findings else [Contradiction(NOTHING_TO_REPORT, "You sign that there is nothing to report.")]
    if state in NOT_READ:
        said.append(Contradiction(f"not_read:{state}", NOT_READ_WORDS[state]))
    if state is ReadingState.PENDING:
        said.append(Contradiction(NOT_READ_PENDING, NOT_READ_WORDS[state]))
    return said


def _present(findings: Iterable[Said]) -> list[Said]:
    return [each for each in findings if each.status == "present"]


def _beside_no_finding(findings: Sequence[Said]) -> Iterator[Contradiction]:
    present = _present(findings)
    others = [each for each in present if each.finding_id != NO_FINDING]
    if others and len(others) < len(present):
        names = ", ".join(each.name for each in others)
        codes = "+".join(sorted(each.finding_id for each in others))
        yield Contradiction(f"no_finding:{codes}", f"“No finding” stands beside {names}.")


def _below_a_denied(findings: Sequence[Said], parents: Mapping[str, str]) -> Iterator[Contradiction]:
    absent = {each.finding_id: each.name for each in findings if each.status == "absent"}
    for each in _present(findings):
        above = next((parent for parent in ancestors(each.finding_id, parents) if parent in absent), None)
        if above:
            yield Contradiction(
                f"parent:{above}:{each.finding_id}", f"{absent[above]} is absent, but {each.name} is present."
            )


def _by_hand(findings: Sequence[Said], denied: Collection[str]) -> Iterator[Contradiction]:
    for each in findings:
        if each.added and each.status != "absent" and each.finding_id in denied:
            yield Contradiction(f"denied:{each.finding_id}", f"The report denies {each.name}.")
        elif each.bare:
            yield Contradiction(f"not_in_report:{each.finding_id}", f"{each.name} is not in the report.")
