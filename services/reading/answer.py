"""From the text of a model's answer to drafts of verdicts.

A draft is what the model said, checked for form only; whether its quotes stand in the report is decided by
grounding. What parses is kept: a candidate that is missing or malformed costs no other its answer. No error of
this module holds a word of the answer: an answer quotes the report.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from integration.canonical import Change, Record, Side, Status
from services.reading.answer_schema import NONE, Discrepancy
from services.reading.reader import Candidate

MAX_QUOTES = 4
"""Looked up in the report for one finding; two are shown."""
MAX_QUOTE_CHARACTERS = 300
MAX_REMARKS = 6
"""Of one kind."""
MAX_STARTS = 8
"""Opening braces tried in a text that is not JSON alone: prose before the answer may hold some."""

Form = TypeVar("Form", bound="_Form")


class AnswerError(ValueError):
    """The text is not an answer to what was asked; says where and why, never what it held."""


class _Form(BaseModel):
    """Unknown keys are ignored: an endpoint without a grammar adds some, and they decide nothing."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _FindingForm(_Form):
    status: Status
    quotes: list[str] = []
    side: Side | None = None
    change: Change | None = None


class _CriticalForm(_Form):
    quote: str
    communicated: bool


class _FollowUpForm(_Form):
    quote: str
    modality: str = ""
    interval: str = ""


class _DiscrepancyForm(_Form):
    type: Discrepancy
    quote: str


class _SuspiciousForm(_Form):
    quote: str


class VerdictDraft(Record):
    """What the model said of one candidate; `quotes` as it wrote them, in no way checked against the report."""

    finding_id: str
    status: Status
    quotes: tuple[str, ...] = ()
    side: Side | None = None
    change: Change | None = None


class RemarkDraft(Record):
    """What the model said of the report as a whole; `detail` as in canonical.Advisory."""

    kind: str
    quote: str
    detail: dict[str, str]


class Answer(Record):
    """One call's answer: a draft for each candidate that was answered in the form asked, in the order asked."""

    verdicts: tuple[VerdictDraft, ...]
    remarks: tuple[RemarkDraft, ...] = ()


def parse_answer(content: str, candidates: Sequence[Candidate]) -> Answer:
    """Drafts for the candidates, in their order; those without a usable answer are left out.

    Raises AnswerError: there is no JSON object with findings, or not one of the candidates is in it.
    """
    said = _object_in(content)
    findings = said.get("findings")
    if not isinstance(findings, dict):
        raise AnswerError("findings: not an object keyed by finding")
    given = [(one, findings[one.finding.id]) for one in candidates if one.finding.id in findings]
    drafts = [_draft(form, one) for one, answer in given if (form := _finding(answer))]
    if candidates and not drafts:
        raise AnswerError(f"findings: none of the {len(candidates)} asked has a usable answer")
    return Answer(verdicts=tuple(drafts), remarks=tuple(_remarks(said)))


def _object_in(content: str) -> dict[str, Any]:
    """The first JSON object with findings: alone, in a code fence, or after words of prose."""
    for start in islice(_braces(content), MAX_STARTS):
        try:
            value, _ = _DECODER.raw_decode(content, start)
        except json.JSONDecodeError:
            continue
        except RecursionError:
            raise AnswerError("not an answer: nested too deeply") from None
        if isinstance(value, dict) and "findings" in value:
            return value
    raise AnswerError(f"not JSON with findings, in {len(content)} characters")


def _braces(content: str) -> Iterator[int]:
    at = content.find("{")
    while at >= 0:
        yield at
        at = content.find("{", at + 1)


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that is repeated keeps its first value."""
    return dict(reversed(pairs))


_DECODER = json.JSONDecoder(object_pairs_hook=_first_of_each, strict=False)


def _finding(said: object) -> _FindingForm | None:
    """What was said of one candidate; null is short for not_mentioned, a bare status for one without quotes."""
    if said is None:
        return _FindingForm(status=Status.NOT_MENTIONED)
    if isinstance(said, str):
        return _formed(_FindingForm, {"status": said})
    return _formed(_FindingForm, said)


def _formed(form: type[Form], said: object) -> Form | None:
    """None for what is not of the form. "none" means nothing said: grammars handle enums of words best."""
    if not isinstance(said, dict):
        return None
    try:
        return form.model_validate({key: None if value == NONE else value for key, value in said.items()})
    except ValidationError:
        return None


def _draft(form: _FindingForm, candidate: Candidate) -> VerdictDraft:
    """Quotes of a finding that is not mentioned, and a side of one that has none, decide nothing: dropped.

    So does a quote longer than the prompt allows: whoever copies the whole report points at nothing in it.
    """
    mentioned = form.status is not Status.NOT_MENTIONED
    quotes = tuple(quote for quote in form.quotes if 0 < len(quote.strip()) <= MAX_QUOTE_CHARACTERS)
    return VerdictDraft(
        finding_id=candidate.finding.id,
        status=form.status,
        quotes=quotes[:MAX_QUOTES] if mentioned else (),
        side=form.side if mentioned and candidate.sides else None,
        change=form.change if mentioned else None,
    )


def _remarks(said: dict[str, Any]) -> Iterable[RemarkDraft]:
    for critical in _listed(_CriticalForm, said.get("critical_results")):
        told = {"communicated": "yes" if critical.communicated else "no"}
        yield RemarkDraft(kind="critical_result", quote=critical.quote, detail=told)
    for asked in _listed(_FollowUpForm, said.get("follow_up")):
        words = {"modality": asked.modality, "interval": asked.interval}
        yield RemarkDraft(kind="follow_up", quote=asked.quote, detail=words)
    for discrepancy in _listed(_DiscrepancyForm, said.get("discrepancies")):
        yield RemarkDraft(kind="discrepancy", quote=discrepancy.quote, detail={"type": discrepancy.type.value})
    for suspicious in _listed(_SuspiciousForm, said.get("suspicious_instructions")):
        yield RemarkDraft(kind="injection", quote=suspicious.quote, detail={"pattern": "model"})


def _listed(form: type[Form], said: object) -> list[Form]:
    """The remarks of one kind that are of its form; words longer than any passage asked for point at nothing."""
    entries = said[:MAX_REMARKS] if isinstance(said, list) else []
    formed = [one for entry in entries if (one := _formed(form, entry))]
    return [one for one in formed if all(len(value) <= MAX_QUOTE_CHARACTERS for value in _words(one))]


def _words(form: _Form) -> Iterator[str]:
    return (value for value in form.model_dump().values() if isinstance(value, str))
