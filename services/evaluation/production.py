"""The question production asks of a report, made from a line of a file, and its answer as a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, ValidationError, field_validator

from integration.canonical import Advisory, AdvisoryKind, Record, Section, Sex, Side, Status, Verdict
from services.evaluation.dataset import problems_of
from services.reading.catalogue import Library
from services.reading.grades import told
from services.reading.merged import merged
from services.reading.reader import Catalogue, Question, Reader, Reading
from services.reading.remarks import overlap
from services.reading.rules.anatomy import is_level
from services.reading.rules.tokens import words_of

_SEXES = {"f": Sex.FEMALE, "m": Sex.MALE, "o": Sex.OTHER, "": Sex.UNKNOWN, "u": Sex.UNKNOWN}
_SUGGESTED = (Status.PRESENT, Status.UNCERTAIN)


class Exam(Record, extra="ignore"):
    """What an order says, and the report. `age` in years; `sections`: spans the source marked, in characters."""

    id: str | int
    text: str
    procedure: str = ""
    procedure_code: str = ""
    modality: str = ""
    body_part: str = ""
    sex: Sex = Sex.UNKNOWN
    age: int | None = Field(default=None, ge=0, le=150)
    order_side: Side | None = None
    sections: tuple[Section, ...] = ()

    @field_validator("sex", mode="before")
    @classmethod
    def _administrative(cls, value: Any) -> Any:
        """HL7 v2's letters (table 0001) beside FHIR's words; nothing said is unknown."""
        word = (value or "").lower() if value is None or isinstance(value, str) else value
        return _SEXES.get(word, word) if isinstance(word, str) else word

    @field_validator("order_side", mode="before")
    @classmethod
    def _side(cls, value: Any) -> Any:
        return (value.lower() or None) if isinstance(value, str) else value

    @field_validator("procedure", "procedure_code", "modality", "body_part", mode="before")
    @classmethod
    def _said(cls, value: Any) -> Any:
        return "" if value is None else value


def exam_of(item: dict[str, Any]) -> Exam:
    """The exam of a line. Raises ValueError naming the fields, never what stands in them."""
    try:
        return Exam.model_validate(item)
    except ValidationError as error:
        raise ValueError("; ".join(problems_of(error))) from None


def question_of(exam: Exam, library: Library) -> Question:
    """The whole catalogue of the exam, as for a report that came in with such an order."""
    catalogue = library.choose(
        procedure_code=exam.procedure_code,
        procedure=exam.procedure,
        modality=exam.modality,
        body_part=exam.body_part,
    )
    return Question(
        text=exam.text,
        catalogue=catalogue,
        sections=exam.sections,
        modality=exam.modality,
        body_site=exam.body_part,
        procedure=exam.procedure,
        order_side=exam.order_side,
        sex=exam.sex,
        age_years=exam.age,
        # A file has no site: its reports share the server's prefix cache.
        site="",
    )


def read_exam(exam: Exam, reader: Reader, library: Library, rules: Reader | None = None) -> dict[str, Any]:
    """What `reader` answers to production's question; with `rules`, what both say together. Raises ReadingError."""
    question = question_of(exam, library)
    reading = reader.read(question)
    if rules is not None and rules is not reader:
        reading = merged(reading, rules.read(question))
    return answer_of(exam.id, question.catalogue, reading)


def answer_of(report: str | int, catalogue: Catalogue, reading: Reading) -> dict[str, Any]:
    """A reading as JSON: suggestions in the catalogue's order, the ids of what is denied, the advisories."""
    parents = {candidate.finding.id: candidate.parent for candidate in catalogue.candidates}
    return {
        "id": report,
        "catalogue": catalogue.id,
        "asked": len(catalogue.candidates),
        "unread": reading.unread,
        "suggestions": [
            _suggestion(verdict, parents[verdict.finding.id])
            for verdict in reading.verdicts
            if verdict.status in _SUGGESTED
        ],
        "absent": [verdict.finding.id for verdict in reading.verdicts if verdict.status is Status.ABSENT],
        "advisories": [_advisory(each, reading.verdicts) for each in reading.advisories],
    }


def _suggestion(verdict: Verdict, parent: str) -> dict[str, Any]:
    rule = verdict.rule.partition("@")[0]
    return {
        "finding": verdict.finding.id,
        "name": verdict.finding.name,
        "status": verdict.status.value,
        "side": verdict.side.value if verdict.side else None,
        "level": _level(verdict),
        "critical": verdict.alarming,
        "grade": verdict.grade or "unmeasured",
        "shown": verdict.shown,
        "parent": parent or None,
        "evidence": [quote.text for quote in verdict.quotes],
        "why": " ".join(
            part for part in (verdict.rationale, f"({rule}; {told(verdict.grade)})" if rule else "") if part
        ),
    }


def _level(verdict: Verdict) -> str | None:
    """The one spinal level its quotes name, as "L4-L5"; None for none or several."""
    found = {word.text for quote in verdict.quotes for word in words_of(quote.text) if is_level(word.text)}
    return found.pop().upper() if len(found) == 1 else None


def _advisory(advisory: Advisory, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    detail = advisory.detail
    if advisory.kind is AdvisoryKind.CRITICAL_RESULT and "finding" not in detail:
        detail = {"finding": _about(advisory, verdicts), **detail}
    return {
        "kind": advisory.kind.value,
        "message": advisory.message,
        "detail": detail,
        "evidence": [quote.text for quote in advisory.quotes],
    }


def _about(advisory: Advisory, verdicts: Sequence[Verdict]) -> str:
    """The critical finding a model's remark speaks of: the one that rests on the same words; "" for none."""
    critical = (each for each in verdicts if each.finding.critical and each.status is Status.PRESENT)
    return next((each.finding.id for each in critical if overlap(each.quotes, advisory.quotes)), "")
