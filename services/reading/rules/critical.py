"""Critical results: one alarm an event, whether somebody was told, and none for what is known, better or old."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from integration.canonical import Advisory, AdvisoryKind, Quote, SectionKind, Status, Verdict
from services.reading.reader import Question
from services.reading.rules.calm import calm
from services.reading.rules.critical_finding import Found
from services.reading.rules.events import canon, events, heads
from services.reading.rules.sentences import Sentence
from services.reading.rules.telling import is_told, is_unanswered, tells_patient

_CRITICAL = re.compile(r"\bcritical (?:results?|findings?|values?|alert)\b|\bcode (?:red|critical)\b", re.IGNORECASE)

# A call about everything found, whoever took it ("relayed to stroke neurology").
_OF_ALL = re.compile(
    r"\b(?:findings?|results?|report|above|impression|these|this (?:was|has been|is)|both|all)\b", re.IGNORECASE
)
# A hedge that still calls for a call; "possible" and "versus" do not.
_SUSPECTED = re.compile(
    r"\b(?:suspicious for|suspected|highly (?:suggestive|suspicious)|concerning for|worrisome for|compatible with"
    r"|rais(?:es?|ing) (?:the |some |a |high )?(?:concern|suspicion)s? (?:for|of|about)"
    r"|(?<!low )(?<!clinical )concern for"
    r"|consistent with|strongly suggest\w*|favou?red to (?:represent|reflect|be))\b",
    re.IGNORECASE,
)
_CONCLUDING = frozenset({SectionKind.IMPRESSION, SectionKind.ADDENDUM})


class _Report(NamedTuple):
    """What the calls are weighed with: the text, its sentences, and the first words of any finding."""

    text: str
    sentences: Sequence[Sentence]
    heads: Mapping[str, frozenset[str]]
    concluded: Mapping[str, int]


def critical(question: Question, sentences: Sequence[Sentence], found: Sequence[Found]) -> list[Advisory]:
    """An advisory for each critical event that is new or current, with the passage that tells of a communication."""
    text = question.text
    shown = [each for each in found if _is_concluded(each) or (each.verdict.shown and _is_believed(text, each))]
    named = bool(("critical" in text.lower() or "code" in text.lower()) and _CRITICAL.search(text))
    if not shown and not named:
        return []
    told = [_quote(text, each) for each in _calls(text, sentences)]
    if not shown:
        return _without_finding(text, sentences, next(iter(told), None))
    alarming = [each for each in shown if not calm(text, sentences, each)]
    report = _Report(text, sentences, {_id(each): heads(each.candidate) for each in alarming}, _concluded(alarming))
    by_id = {each.finding.id: each for each in question.catalogue.candidates}
    said = [canon(text[each.start : each.end]) for each in sentences if each.kind is SectionKind.IMPRESSION]
    shared = [_quote(text, each) for each in sentences if tells_patient(text[each.start : each.end])]
    return [
        _advisory(event, _told(report, event, told + (shared if _is_hers(event) else [])))
        for event in events(alarming, by_id, said)
    ]


def _calls(text: str, sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """The sentences that record a communication, without those whose next one says that nobody answered."""
    for each, after in zip(sentences, [*sentences[1:], None], strict=True):
        if is_told(text[each.start : each.end]) and not (after and is_unanswered(text[after.start : after.end])):
            yield each


def noted(text: str, sentences: Sequence[Sentence], found: Sequence[Found]) -> dict[str, Verdict]:
    """The verdicts of critical findings that raise no alarm, by id, each with the reason in its rationale."""
    reasons = {_id(each): calm(text, sentences, each) for each in found if each.verdict.status is Status.PRESENT}
    return {
        _id(each): each.verdict.model_copy(
            update={"calm": why, "rationale": f"{each.verdict.rationale} No alarm: {why}."}
        )
        for each in found
        if (why := reasons.get(_id(each), ""))
    }


def _id(found: Found) -> str:
    return found.candidate.finding.id


def _is_hers(event: Sequence[Found]) -> bool:
    """Whether telling the patient counts: a breast clinic's results are given to her there (21 CFR 900.12(c)(2))."""
    return _id(event[0]) == "breast_malignancy"


def _is_believed(text: str, found: Found) -> bool:
    """Whether it is asserted, or suspected strongly enough for a call."""
    if found.verdict.status is not Status.UNCERTAIN or found.verdict.conflict:
        return found.verdict.status is Status.PRESENT
    if found.verdict.rule.startswith(("versus", "alternative")):
        return False
    said = [each.text for each in found.verdict.quotes]
    said += [text[each.sentence.start : each.sentence.end] for each in found.mentions]
    return any(map(_SUSPECTED.search, said))


def _is_concluded(found: Found) -> bool:
    """Whether the conclusion asserts it against the findings: it is folded away, and calls for a call all the same."""
    said = [each.sentence.kind for each in found.mentions if each.status is Status.PRESENT]
    return found.verdict.conflict and not _CONCLUDING.isdisjoint(said)


def _concluded(found: Sequence[Found]) -> dict[str, int]:
    """Where each finding is first named in the conclusion, by its id."""
    return {
        _id(each): min(places)
        for each in found
        if (places := [one.sentence.start for one in each.mentions if one.sentence.kind in _CONCLUDING])
    }


def _told(report: _Report, event: Sequence[Found], told: Sequence[Quote]) -> Quote | None:
    """The first passage that tells of a call about this event, or about none in particular."""
    own = frozenset[str]().union(*(report.heads[_id(each)] for each in event))
    others = frozenset[str]().union(*report.heads.values())
    return next((each for each in told if _is_about(report, event, each, own, others)), None)


def _is_about(
    report: _Report, event: Sequence[Found], told: Quote, own: frozenset[str], others: frozenset[str]
) -> bool:
    if _OF_ALL.search(told.text):
        return True
    said = canon(told.text)
    return bool(said & own) or (not said & others and not _is_before(report, event, told))


def _is_before(report: _Report, event: Sequence[Found], told: Quote) -> bool:
    """Whether the call is told of before the event is named, and after something else was."""
    first = min((one.sentence.start for each in event for one in (*each.before, *each.mentions)), default=0)
    if any(each.kind is SectionKind.FINDINGS and each.end <= told.start < first for each in report.sentences):
        return True
    its = min((report.concluded[_id(each)] for each in event if _id(each) in report.concluded), default=0)
    return its > told.start >= min(report.concluded.values(), default=told.start + 1)


def _advisory(event: Sequence[Found], told: Quote | None) -> Advisory:
    said = "communicated" if told else "no communication recorded"
    names = ", ".join(each.candidate.finding.name for each in event)
    quotes = tuple(dict.fromkeys((*event[0].verdict.quotes[:1], *([told] if told else []))))
    others = ", ".join(map(_id, event[1:]))
    return Advisory(
        kind=AdvisoryKind.CRITICAL_RESULT,
        message=f"Critical result: {names} ({said})",
        quotes=quotes,
        detail={"finding": _id(event[0]), "communicated": "yes" if told else "no"}
        | ({"also": others} if others else {}),
    )


def _without_finding(text: str, sentences: Sequence[Sentence], told: Quote | None) -> list[Advisory]:
    named = next((_quote(text, each) for each in sentences if _CRITICAL.search(text, each.start, each.end)), None)
    if named is None:
        return []
    return [
        Advisory(
            kind=AdvisoryKind.CRITICAL_RESULT,
            message="The report names a critical result",
            quotes=tuple(dict.fromkeys(each for each in (named, told) if each)),
            detail={"communicated": "yes" if told else "no"},
        )
    ]


def _quote(text: str, sentence: Sentence) -> Quote:
    return Quote(text=text[sentence.start : sentence.end], start=sentence.start, end=sentence.end)
