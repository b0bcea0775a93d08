"""The answer a model must give: its JSON schema, and the way from its text to drafts of verdicts.

A draft is what the model said, checked for form only; whether its quotes stand in the report is decided by
grounding. No error of this module holds a word of the answer: an answer quotes the report.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from integration.canonical import Change, Record, Side, Status
from services.reading.reader import Candidate

MAX_QUOTES = 2
MAX_QUOTE_CHARACTERS = 300
MAX_REMARKS = 6
NONE = "none"

_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)


class Discrepancy(StrEnum):
    """What disagrees with what."""

    LATERALITY = "laterality"
    FINDINGS_IMPRESSION = "findings_impression"
    SEX = "sex"
    AGE = "age"
    ORDER = "order"
    INCOMPLETE = "incomplete"


class AnswerError(ValueError):
    """The text is not an answer to what was asked; says where and why, never what it held."""


class _Form(BaseModel):
    """Unknown keys are ignored: an endpoint without a grammar adds some, and they decide nothing."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _FindingForm(_Form):
    id: str
    status: Status
    quotes: list[str] = []
    laterality: Side | None = None
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


class _AnswerForm(_Form):
    findings: list[_FindingForm]
    critical_results: list[_CriticalForm] = []
    follow_up: list[_FollowUpForm] = []
    discrepancies: list[_DiscrepancyForm] = []
    suspicious_instructions: list[_SuspiciousForm] = []


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
    """One call's answer: a draft for each candidate asked, in the order asked."""

    verdicts: tuple[VerdictDraft, ...]
    remarks: tuple[RemarkDraft, ...] = ()


def answer_schema(candidates: Sequence[Candidate], *, grammar: bool = True) -> dict[str, Any]:
    """JSON Schema 2020-12 of the answer.

    With `grammar` (SGLang with xgrammar) each place of the list takes one id only, so that order and
    completeness hold by construction, and lengths are bounded. Without, only what hosted APIs accept in their
    strict mode: every id as one enum, the rest is left to `parse_answer`.
    """
    ids = [candidate.finding.id for candidate in candidates]
    quotes = _list_of(_text(grammar), MAX_QUOTES if grammar else None)
    if grammar:
        findings: dict[str, Any] = {
            "type": "array",
            "prefixItems": [_finding_schema([one], quotes) for one in ids],
            "items": False,
            "minItems": len(ids),
            "maxItems": len(ids),
        }
    else:
        findings = {"type": "array", "items": _finding_schema(ids, quotes)}
    return _object({"findings": findings, **_remark_schemas(grammar)})


def parse_answer(content: str, candidates: Sequence[Candidate]) -> Answer:
    """Drafts for the candidates, in their order.

    Raises AnswerError: not JSON, not of the form, an id that was not asked, missing or given twice.
    """
    form = _form(content)
    ids = [candidate.finding.id for candidate in candidates]
    _check_ids([finding.id for finding in form.findings], ids)
    by_id = {finding.id: finding for finding in form.findings}
    verdicts = tuple(_draft(by_id[one.finding.id], one) for one in candidates)
    return Answer(verdicts=verdicts, remarks=_remarks(form))


def _form(content: str) -> _AnswerForm:
    fenced = _FENCE.match(content)
    try:
        return _AnswerForm.model_validate(_without_none(json.loads(fenced[1] if fenced else content, strict=False)))
    except json.JSONDecodeError as error:
        raise AnswerError(f"not JSON: {error.msg} at character {error.pos} of {len(content)}") from None
    except RecursionError:
        raise AnswerError("not an answer: nested too deeply") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise AnswerError(f"{where}: {first['type']} ({error.error_count()} errors)") from None


def _without_none(value: Any) -> Any:
    """ "none" means nothing said; it is a word in the schema because grammars handle enums best."""
    if not isinstance(value, dict) or not isinstance(value.get("findings"), list):
        return value
    findings = [
        {k: None if k in ("laterality", "change") and v == NONE else v for k, v in one.items()}
        if isinstance(one, dict)
        else one
        for one in value["findings"]
    ]
    return {**value, "findings": findings}


def _check_ids(given: Sequence[str], asked: Sequence[str]) -> None:
    """Only ids that were asked are named in an error: any other could hold the report's words."""
    unknown = sum(one not in asked for one in given)
    if unknown:
        raise AnswerError(f"findings: {unknown} ids that were not asked")
    counts = Counter(given)
    twice = [one for one in asked if counts[one] > 1]
    missing = [one for one in asked if not counts[one]]
    if twice or missing:
        raise AnswerError(f"findings: given twice {twice}, missing {missing}")


def _draft(form: _FindingForm, candidate: Candidate) -> VerdictDraft:
    """Quotes of a finding that is not mentioned, and a side of one that has none, decide nothing: dropped.

    So does a quote longer than a grammar lets one be: whoever copies the whole report points at nothing in it.
    """
    mentioned = form.status is not Status.NOT_MENTIONED
    quotes = tuple(quote for quote in form.quotes if 0 < len(quote.strip()) <= MAX_QUOTE_CHARACTERS)
    return VerdictDraft(
        finding_id=form.id,
        status=form.status,
        quotes=quotes if mentioned else (),
        side=form.laterality if mentioned and candidate.sides else None,
        change=form.change if mentioned else None,
    )


def _remarks(form: _AnswerForm) -> tuple[RemarkDraft, ...]:
    return (
        *(
            RemarkDraft(
                kind="critical_result",
                quote=one.quote,
                detail={"communicated": "yes" if one.communicated else "no"},
            )
            for one in form.critical_results
        ),
        *(
            RemarkDraft(kind="follow_up", quote=one.quote, detail={"modality": one.modality, "interval": one.interval})
            for one in form.follow_up
        ),
        *(
            RemarkDraft(kind="discrepancy", quote=one.quote, detail={"type": one.type.value})
            for one in form.discrepancies
        ),
        *(
            RemarkDraft(kind="injection", quote=one.quote, detail={"pattern": "model"})
            for one in form.suspicious_instructions
        ),
    )


def _finding_schema(ids: Sequence[str], quotes: dict[str, Any]) -> dict[str, Any]:
    """Quotes come before the status, so that the status is chosen with the passage in view."""
    return _object(
        {
            "id": _enum(ids),
            "quotes": quotes,
            "status": _enum([status.value for status in Status]),
            "laterality": _enum([side.value for side in Side] + [NONE]),
            "change": _enum([change.value for change in Change] + [NONE]),
        }
    )


def _remark_schemas(grammar: bool) -> dict[str, Any]:
    most = MAX_REMARKS if grammar else None
    quote = {"quote": _text(grammar)}
    words = _text(grammar)
    kinds = _enum([kind.value for kind in Discrepancy])
    return {
        "critical_results": _list_of(_object({**quote, "communicated": {"type": "boolean"}}), most),
        "follow_up": _list_of(_object({**quote, "modality": words, "interval": words}), most),
        "discrepancies": _list_of(_object({"type": kinds, **quote}), most),
        "suspicious_instructions": _list_of(_object(quote), most),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _enum(values: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _text(bounded: bool) -> dict[str, Any]:
    return {"type": "string", "maxLength": MAX_QUOTE_CHARACTERS} if bounded else {"type": "string"}


def _list_of(items: dict[str, Any], most: int | None) -> dict[str, Any]:
    bound = {} if most is None else {"maxItems": most}
    return {"type": "array", "items": items, **bound}
