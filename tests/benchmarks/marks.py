"""How often a reviewer sees a difference marked when a model of known behaviour reads beside the rules.

The rules are ours, the join is production's (services/workflow/suggesting.py); the model is scripted from the labels of
a set, so this measures what our rules and our marking cost beside a model that is right, never a model.

    python -m tests.benchmarks.marks [whole_dev …]
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from statistics import mean, median
from typing import Any

from integration.canonical import Engine, Finding, Processing, Quote, Side, Status, Verdict
from services.domain.reports import StoredReport, Suggestion, Version
from services.domain.words import Origin, ReadingState, SuggestionState, VersionState
from services.evaluation.production import question_of
from services.evaluation.whole_dataset import WholeReport, load_whole
from services.reading.catalogue import Library, load
from services.reading.reader import Question, Reading
from services.reading.rules.reader import RulesReader
from services.settings import Settings
from services.workflow import suggesting

SETTINGS, NOW = Settings(), datetime(2026, 1, 1, tzinfo=UTC)
MODEL = Engine(name="scripted", version="1")
# Of a finding, given its label (None: not labelled) and what the rules say: the model's status.
Says = Callable[[Status | None, str, WholeReport, Verdict], Status]


def right(label: Status | None, finding: str, report: WholeReport, rules: Verdict) -> Status:
    """The labels, no more and no less: of what they tolerate it says nothing."""
    return label or (Status.ABSENT if finding in report.gold.absent else Status.NOT_MENTIONED)


def right_and_tolerant(label: Status | None, finding: str, report: WholeReport, rules: Verdict) -> Status:
    """The same, but of what the labels call neither right nor wrong it says what the rules say."""
    tolerated = label is None and finding in report.gold.tolerated
    return rules.status if tolerated else right(label, finding, report, rules)


def silent(share: float, seed: int = 1) -> Says:
    """A right and tolerant model that leaves out a share of what it should say is there."""
    chance = random.Random(seed)

    def says(label: Status | None, finding: str, report: WholeReport, rules: Verdict) -> Status:
        status = right_and_tolerant(label, finding, report, rules)
        asserted = status in (Status.PRESENT, Status.UNCERTAIN)
        return Status.NOT_MENTIONED if asserted and chance.random() < share else status

    return says


MODELS: dict[str, Says] = {
    "says the labels and nothing else": right,
    "the same, as the rules where the labels take either": right_and_tolerant,
    "of that one in ten left out": silent(0.1),
}


@dataclass(frozen=True)
class Marks:
    """Differences marked in one report, those of them where the rules are wrong, and omissions without a mark."""

    marked: int
    rules_wrong: int
    unmarked: int


def count(reports: Sequence[WholeReport], says: Says, library: Library) -> Iterator[Marks]:
    """What a reviewer sees of each report once the model has joined the rules."""
    reader = RulesReader()
    for report in reports:
        question = question_of(report.exam, library)
        rules = reader.read(question)
        model = answer(report, question, rules, says)
        shown = joined(report, model, rules)
        marked = [row for row in shown if row["conflict"]]
        yield Marks(len(marked), sum(not is_right(row, report) for row in marked), unmarked(shown))


def is_right(row: dict[str, Any], report: WholeReport) -> bool:
    """Whether what the rules say of a suggestion is what the labels say, or what they take either way."""
    label = next((each for each in report.gold.suggestions if each.finding == row["finding_id"]), None)
    said = row["readers"].get("rules", "not_mentioned")
    if label is None:
        return said != "present" or row["finding_id"] in report.gold.tolerated
    return said == label.status and row["side"] in (None, label.side)


def unmarked(shown: Sequence[dict[str, Any]]) -> int:
    """Suggestions that one reader asserts and the other does not mention, and that bear no mark."""
    return sum({"present", "not_mentioned"} <= set(row["readers"].values()) and not row["conflict"] for row in shown)


def answer(report: WholeReport, question: Question, rules: Reading, says: Says) -> Reading:
    """The scripted model's reading."""
    labels = {each.finding: each for each in report.gold.suggestions}
    by_id = {verdict.finding.id: verdict for verdict in rules.verdicts}
    made = []
    for candidate in question.catalogue.candidates:
        label, said = labels.get(candidate.finding.id), by_id[candidate.finding.id]
        status = says(label.status if label else None, candidate.finding.id, report, said)
        side = label.side if label else said.side
        made.append(verdict(candidate.finding, status, side, label.quote if label else "", report.exam.text))
    return Reading(engine=MODEL, verdicts=tuple(made))


def verdict(finding: Finding, status: Status, side: Side | None, words: str, text: str) -> Verdict:
    """One verdict; what has no words of its own rests on the first of the report."""
    start = max(0, text.find(words))
    quote = Quote(text=text[start : start + max(1, len(words))], start=start, end=start + max(1, len(words)))
    silent = status is Status.NOT_MENTIONED
    return Verdict(finding=finding, status=status, side=None if silent else side, quotes=() if silent else (quote,))


def joined(report: WholeReport, model: Reading, rules: Reading) -> list[dict[str, Any]]:
    """Production's rows: the rules' first, the model's joined to them."""
    stored, version = rows_of(report)
    first = suggesting.rows(stored, version, rules, rules, SETTINGS, {})
    fresh = suggesting.rows(stored, version, model, rules, SETTINGS, {})
    return suggesting.joined(fresh, [as_stored(at, row) for at, row in enumerate(first, 1)], (), model)


def as_stored(number: int, row: dict[str, Any]) -> Suggestion:
    """A row as the database gives it back."""
    rest: dict[str, Any] = {each.name: None for each in fields(Suggestion)}
    state = {"origin": Origin.AI, "state": SuggestionState.PROPOSED, "created_at": NOW, "id": number}
    return Suggestion(**(rest | state | row))


def rows_of(report: WholeReport) -> tuple[StoredReport, Version]:
    """A report and its version, as far as suggestions rest on them."""
    blank = dict.fromkeys(
        ("patient_id", "patient_authority", "patient_name", "accession", "filler", "procedure", "modality",
         "body_site", "held"), "",
    )  # fmt: skip
    processing = Processing.PRODUCTION
    stored = StoredReport(
        id=1, site_id="s", key=str(report.exam.id), priority=2, processing=processing, observed_at=None,
        created_at=NOW, **blank,
    )  # fmt: skip
    version = Version(
        id=1, site_id="s", report_id=1, content_hash="", state=VersionState.CURRENT, status="final",
        text=report.exam.text, record={}, issued_at=None, number=1, reading_state=ReadingState.PENDING, created_at=NOW,
    )  # fmt: skip
    return stored, version


def row(name: str, found: Sequence[Marks]) -> str:
    """One line of the table."""
    marks = [each.marked for each in found]
    some = sum(each > 0 for each in marks)
    wrong = f"{sum(each.rules_wrong for each in found)} of {sum(marks)}"
    return f"| {name} | {median(marks):g} | {mean(marks):.2f} | {some} of {len(marks)} | {wrong} |"


def main(names: Sequence[str]) -> None:
    """Prints a table for each set."""
    library = load()
    for name in names:
        print(f"| {name}: a model that | median | mean | reports with a mark | rules wrong |\n|---|---|---|---|---|")
        reports = load_whole(name)
        for label, says in MODELS.items():
            print(row(label, list(count(reports, says, library))))


if __name__ == "__main__":
    main(sys.argv[1:] or ["whole_dev"])
