"""What imaging a report asks for, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from integration.canonical import Advisory, AdvisoryKind, Quote, SectionKind
from services.reading.rules.exam import is_title
from services.reading.rules.exams_told import FILM, asked_part, withdraws
from services.reading.rules.imaging import (
    EXAM_WORD,
    alternatives,
    exam_named,
    in_figures,
    interval_of,
    intervals_of,
    is_due,
    is_short,
    is_vague,
    may_name_exam,
    says_soon,
)
from services.reading.rules.orders import CONCLUDING, bare_orders
from services.reading.rules.patterns import any_of
from services.reading.rules.sentences import Sentence

# Searched in lower case, as what follows: without regard to case an alternative is ruled out far more slowly.
_ASKS = re.compile(
    r"\b"
    + any_of(
        r"""recommend\w* | advis(?:e|ed|able) | adv(?=[.:]) | sugg(?:est(?:ed|ion)?s?)?(?=[\s.:])
        consider(?:ed|ation)?
        warrant\w* | should (?:be|undergo|have)
        would be (?:helpful|useful|beneficial|appropriate|reasonable|advisable|ideal|of benefit)
        is needed | are needed
        required | indicated | repeat(?:ed)? | rpt | requested | needs | low threshold for | to follow
        (?:may|might|could|can) be (?:obtained|helpful|considered|performed|of benefit|of value) | re-?scan
        should follow | re-?x-?ray | re-?imaged? | re-?imaging
        re-?assess\w* | return (?:for|in|to) | recall (?:for|in)
        continued (?:surveillance|follow[- ]?up) | f/u | follow[- ]?up
        would (?:better |best |further )?(?:characteri|clarif|delineat|evaluat|assess|help)\w*
        (?:will|would|may|might|could|can) (?:help|assist|clarify|differentiate|distinguish|confirm|resolve|settle)
        (?:may|might|could|can) be of (?:help|use) | benefit from
        (?:may|might|could|can|should) be (?:better |best |further )?\w{4,11}ed (?:with|by)
        (?:evaluat|assess|characteri[sz]|clarific|work)[\w-]{1,6} (?:with|by) | next step
        to be (?:repeated|re-?imaged|re-?scanned|arranged|obtained|followed)
        correlat(?:e|ion) with | correlation | at (?:the )?(?:\w+ )?clinician'?s'? discretion
        when (?:appropriate|clinically|feasible|able) | (?:non-?\s?urgent|nonemergent|elective) (?:basis|outpatient)
        electively | non-?urgently
        (?:may|might|could|can|should|must|to) be (?:considered|added|undertaken|pursued|done|rechecked|re-checked)
        (?:may|might|could|can|should|must|to) be (?:arranged|scheduled|booked|organi[sz]ed|performed|planned)
        please | pls | (?:arrange|obtain|organi[sz]e|book|schedule|order|perform) (?!to\b) | needed | necessary
        merits? | deserves? | desirable | useful | of (?:value|benefit|use|help) | prudent | wise
        would (?:favou?r|image|rescan|get|add|obtain|do|proceed) | re-?(?:ct|mri|us)
        re-?checks?(?! (?:position|clinical|blood|level|lab|creatinine))
        (?:control|progress|check|review|serial|completion) (?=(?:\w+ ){0,2}?@EXAM)
        (?:complement|supplement|proceed|refer|referral|follow) (?:with|by|to|for)
        (?:image|scan) again (?=in|at|after|on|with)
        (?:investigation|study|modality|exam\w*|imaging|test) of choice | optional
        (?:may|might|could|can) be (?:offered|discussed|helpful)
        (?:has|have|needs?|ought|remains?|is|are) to be \w{5,14}ed (?:by|with|on)
        (?:ensure|document|confirm) (?:\w+ )?(?:resolution|clearance|clearing) (?=@EXAM|with|in|at|by|on)
        follow(?:ed|[- ]?up)? (?:up )?(?:to|until) (?:\w+ )?(?:resolution|clearance|clearing)
        followed by (?=@EXAM|pet)
        further (?:imaging|characteri[sz]ation|investigation|evaluation|assessment) (?:by|with|of)
        worth(?:while)? | (?:back|return) to (?:\w+ )?screening | resume | call[- ]?back (?:for|in) | would answer
        (?:routine|screening) recall | characteri[sz]e (?:with|by|on) | proceed(?:ing)? to | exclude (?:with|by)
        as (?:an )?(?:out|in)-?patient""".replace("@EXAM", FILM)
    )
    + r"\b",
)
# A visit is no imaging: "follow-up with orthopedics", "clinic follow-up in 2 weeks".
_VISIT = re.compile(
    r"\b(?:clinic|appointment|out-?patients?|referral|consult\w*|review)\b"
    r"|\bfollow[- ]?up (?:with|by) (?!ct\b|mri?\b|ultra|low)",
    re.IGNORECASE,
)
_VISITED = re.compile(
    r"\bclinical(?:ly)? (?:follow[- ]?up|re-?assess\w*|review)\b"
    r"|\bfollow[- ]?up (?:\w+ )?(?:with|by|at|in) (?:(?:the|your|her|his|their|an?|own|\w+ing|primary|fracture) ){0,2}"
    r"(?:\w+olog(?:y|ists?)|\w*opa?edics?|\w*surg\w+|clinics?|gp|pcp|physicians?|providers?|doctors?|team"
    r"|practitioners?|medicine|services?|specialists?|ent|office|department|care)\b",
    re.IGNORECASE,
)
_READ_ANEW = re.compile(
    rf"(?:(?:repeat|rpt|further|check|follow[- ]?up|post-?\w+)\s+){{1,2}}(?:\w+\s+){{0,2}}?{FILM}"
    r"(?:\s+(?:post|after|following|at)\b[^.;:\n]{0,60})?\W*",
    re.IGNORECASE,
)
# DICOM modality codes (PS3.3 C.7.3.1.1.1) and words of orders, in the words of `imaging`.
_OWN = {"CR": "XR", "DX": "XR", "DR": "XR", "RG": "XR", "XR": "XR", "MRI": "MR", "PT": "PET/CT", "MAMMO": "MG"}
_AGAIN = re.compile(
    r"\b"
    + any_of(
        r"""re-?scan | re-?imag(?:ed?|ing) | repeat(?:ing)?(?: \w+)? (?:scan|imaging|study|exam\w*)
        repeat(?=\s+(?:in|after|at|within|once|when|with|without|under|using|if|or|as|to)\b)
        interval repeat | repeat (?:\w+ ){0,2}?(?:pa|ap|lateral|frontal|upright|erect|chest)
        (?:ensure|document|confirm) (?:\w+ )?(?:resolution|clearance|clearing)
        follow(?:ed|[- ]?up)? (?:up )?(?:to|until) (?:\w+ )?(?:resolution|clearance|clearing)
        (?:stability|stabilisation) (?:scan|imaging|study) | (?:routine|screening) recall
        (?:\w+ )?(?:phase|protocol|washout) (?:study|imaging|scan|series|exam\w*)
        additional (?:imaging )?(?:evaluation|work-?up) | next (?:scan|study|imaging|exam\w*)
        (?:delayed|excretory|post-?\s?contrast|enhanced) (?:\w+ )?(?:images|imaging|phase|sequences|study|scan)
        (?:formal|departmental) (?:\w+ )?(?:scan|study|imaging) | csf flow study
        (?:gadolinium|contrast)(?= (?:is |would |could |may )?(?:recommend|help|advis|suggest))
        recall (?:for|in)
        (?:imaging|interval|routine|annual|short[- ]interval|surveillance) (?:follow[- ]?up|surveillance|screening|scan)
        (?:imaging|interval|routine|annual|short[- ]interval|surveillance) (?:study|imaging) | screening
        follow[- ]?up (?:scan|imaging|study|exam\w*) | consider imaging
        re-?checks?(?! (?:position|clinical|blood|level|lab|creatinine))
        (?:image|scan) again (?=in|at|after|on|with)
        (?:control|progress|check|review|serial|completion|dating|growth) (?:scans?|imaging|study)
        (?:scan|study|imaging|exam\w*) (?:\w+ ){0,2}repeated | (?:another|a further) (?:scan|study|exam\w*)
        (?:contrast|enhanced|dynamic|dedicated|complete|full|further)[- ](?:\w+[- ])?(?:study|scan|sequences|series)"""
    )
    + r"\b",
)
# In a conclusion, or where it says when, to call an exam the better one is to ask for it.
_BETTER = re.compile(r"\b(?:more|most) (?:sensitive|specific|accurate)\b", re.IGNORECASE)
# How far before a part of a sentence the rest of it is looked for.
_LED = 200
# Said of the exam alone, or behind what was not seen.
_CAVEAT = re.compile(
    r"\W*(?:impression|conclusion|opinion)?\W*"
    r"(?:(?:there is |there are )?(?:no|without|normal|negative|unremarkable)\b[^.]*?)?\W*"
    r"(?:(?:please )?note (?:that )?|although |though |however,? |but )?(?:\w+ )?"
    r"(?:mri?|ct|ultrasound)(?: \w+)? (?:is|are)(?: \w+)? more (?:sensitive|specific|accurate)\b",
    re.IGNORECASE,
)
_DOING = (
    r"(?:not|have|has|miss|under-?estimate|over-?estimate|show"
    r"|be (?:normal|limited|negative|due|seen|false\w*|related))\b"
)
_WOULD = re.compile(rf"(?:\s+[\w/-]+){{0,4}}?\s+(?:would|could|should)\s+(?!{_DOING})", re.IGNORECASE)
_DOES = re.compile(r"\b(?:would|could|should|may|might|can)\b")
_COULD = re.compile(rf"(?:\s+[\w/-]+){{0,4}}?\s+(?:would|could|should|may|might|can)\s+(?!{_DOING})", re.IGNORECASE)
_IF = re.compile(r"\b(?:if|should|when)\b", re.IGNORECASE)
_IMAGING = re.compile(
    r"\b(?:follow[- ]?up|imaging|surveillance|screening|study|examination|re-?scan|re-?imag(?:ed?|ing))\b",
    re.IGNORECASE,
)
# What a mammogram that found nothing concludes on.
_SCREENING = re.compile(
    r"\W*(?:(?:return|back) to )?(?:routine|annual|normal|usual|standard|biennial|triennial) (?:\w+ )?"
    r"(?:screening|recall|mammogra\w+)\b[^.;]{0,30}[.\s]*\Z|\W*(?:return|back) to screening\b",
    re.IGNORECASE,
)
_VIEWS = re.compile(r"\b(?:views?|compression|magnification)\b", re.IGNORECASE)
# "CTA of the neck AND dedicated thyroid ultrasound" are two; "MRCP or ERCP" is one.
_PARTS = re.compile(
    r";|,?\s+(?:and|as well as|plus|followed by|then|\+|&|\+/-)\s+(?!\d)"
    r"|,\s+(?!when\b|once\b|preferably\b|ideally\b|if\b)"
)
_FURTHER = re.compile(r"\b(?:plus|followed by|then)\b", re.IGNORECASE)
_ASKED = re.compile(r"\b(?:recommended|advised|suggested|needed|indicated|required|warranted)\W*\Z", re.IGNORECASE)
_TIME_FIRST = re.compile(r"\s*(?:again|then|thereafter|at|in|and|every|\d)\b", re.IGNORECASE)

_TERSE = 4
_FEW = 14
# A score that calls for more: "BI-RADS 0. Left spot compression views and possible ultrasound."
_OPEN_SCORE = re.compile(r"\brads\b[^.\n]{0,30}\b(?:0|3|4[abcx]?|5)\b", re.IGNORECASE)
_EXAM_FIRST = re.compile(
    r"(?:(?:left|right|bilateral|dedicated|diagnostic|additional)\s+){0,2}"
    r"(?:pet|ct|mri?|ultrasound|us\b|spot|magnification|diagnostic|views|mammogra)",
    re.IGNORECASE,
)


class _Where(NamedTuple):
    """The exam's own modality; whether the sentence counts as a conclusion, whatever it stands under, as where the one
    before, which ends in a semicolon (`joined`), asked for an exam: "US at 6 weeks; MCUG; MAG3"."""

    own: str
    concludes: bool
    joined: bool


class _Request(NamedTuple):
    modality: str
    interval: str
    sentence: Sentence
    others: tuple[str, ...] = ()


def follow_up(text: str, sentences: Sequence[Sentence], own: str = "") -> list[Advisory]:
    """Each exam asked for once, with modality and interval. `own`: the exam's modality, for "rescan in 3 months".

    What an addendum withdraws is not asked for any more.
    """
    ours = _OWN.get(own.upper(), own.upper())
    requests: list[_Request] = []
    last = _last_paragraph(sentences)
    for before, sentence in zip([None, *sentences], sentences, strict=False):
        if may_name_exam(sentence.tokens) and not (_is_title(text, sentence) or _is_reread(text, sentence, before)):
            joined = before is not None and (text[before.end - 1] == ";" or _is_alone(text, sentence, before))
            further = joined and bool(requests) and requests[-1].sentence is before
            where = _Where(ours, before is not None and (sentence.paragraph == last or further), joined)
            requests += [*_requests(text, sentence, where)] or _also(text, sentence, before)
    return [_advisory(text, each) for each in _once(_standing(text, sentences, requests))]


def _last_paragraph(sentences: Sequence[Sentence]) -> int | None:
    """Where a report without a conclusion concludes, all the same; None for one that has a conclusion."""
    concluded = any(each.kind in CONCLUDING for each in sentences)
    return None if concluded or not sentences else sentences[-1].paragraph


def _is_alone(text: str, sentence: Sentence, before: Sentence) -> bool:
    """Whether it is nothing but an exam, behind what it is for: "Complex adnexal mass. MRI."."""
    alone = len(text[sentence.start : sentence.end].split()) == 1
    return alone and sentence.paragraph == before.paragraph and text.find("\n", before.start, sentence.start) < 0


def _is_title(text: str, sentence: Sentence) -> bool:
    """Whether it is a first line in capitals that names the exam: "CT CHEST - ONCOLOGY FOLLOW-UP"."""
    words = text[sentence.start : sentence.end]
    return words.isupper() and not text[: sentence.start].strip() and is_title(sentence.tokens)


def _is_reread(text: str, sentence: Sentence, before: Sentence | None) -> bool:
    """Whether an addendum opens by the exam it reads: "ADDENDUM 14:55: Repeat film post drain."."""
    opens = sentence.kind is SectionKind.ADDENDUM and (before is None or before.kind is not SectionKind.ADDENDUM)
    return opens and _READ_ANEW.fullmatch(text, sentence.start, sentence.end) is not None


def modality_of(words: str) -> str:
    """The modality asked for: the first named after the asking word, else the first named; "" for none."""
    asked = _ASKS.search(words.lower())
    return (exam_named(words, asked.start()) if asked else "") or exam_named(words)


def _requests(text: str, sentence: Sentence, where: _Where) -> Iterator[_Request]:
    words, own = asked_part(text[sentence.start : sentence.end]), where.own
    concludes = where.concludes or sentence.kind in CONCLUDING
    screens = own == "MG" and concludes and _SCREENING.match(words)
    if not screens and not _asks(words, sentence.kind) and not _asks_better(text, words, sentence):
        for part in bare_orders(words, concludes, own, where.joined):
            yield from _ordered(part, sentence, own)
        return
    parts = [*_parts(words)]
    if len(parts) > 1:
        parts = parts[:1] if own == "MG" and _is_one_recall(words, parts[0].words) else parts
        yield from chain.from_iterable(_of_several(words, part, sentence, own) for part in parts)
        return
    modality, intervals = _seen_by(own, modality_of(words)), intervals_of(words)
    alone = _VISITED.sub("", words)
    timed = bool(intervals[0] and _IMAGING.search(alone) and not _VISIT.search(words))
    if not modality and (timed or _AGAIN.search(alone.lower())):
        modality = own
    if modality or timed:
        others = alternatives(words, modality)
        yield from (_Request(modality, interval, sentence, others) for interval in intervals)


def _is_one_recall(words: str, first: str) -> bool:
    """Whether the views of a mammogram are asked for with an ultrasound at one recall, no time given."""
    return bool(_VIEWS.search(first)) and not interval_of(words)


def _ordered(part: str, sentence: Sentence, own: str) -> Iterator[_Request]:
    """What one order by bare names asks for: each of several exams, or one at several times."""
    parts = [*_parts(part)]
    if own == "MG" and parts and _is_one_recall(part, parts[0].words):
        parts = parts[:1]
    for each in parts or [_Part(exam_named(part), part, intervals_of(part))]:
        yield from _of_several(part, each, sentence, own)


def _seen_by(own: str, modality: str) -> str:
    """The modality; the further views that a mammogram asks for are mammography."""
    return own if own == "MG" and modality == "XR" else modality


def _also(text: str, sentence: Sentence, before: Sentence | None) -> Iterator[_Request]:
    """A few words that name an exam, after what asked for something or was scored: "Left axillary ultrasound."."""
    words = text[sentence.start : sentence.end]
    count = len(words.split())
    if before is None or before.paragraph != sentence.paragraph or count > _FEW:
        return
    ahead = text[before.start : before.end]
    scored = _OPEN_SCORE.search(ahead) and _EXAM_FIRST.match(words)
    asked = count <= _TERSE and _ASKS.match(ahead.lower()) and asked_part(ahead) == ahead
    if (scored or asked) and asked_part(words) == words and (modality := modality_of(words)):
        yield _Request(modality, interval_of(words), sentence, alternatives(words, modality))


class _Part(NamedTuple):
    """One exam of several; `mark`: what joins it to the one before."""

    modality: str
    words: str
    intervals: list[str]
    mark: str = ""


def _of_several(words: str, part: _Part, sentence: Sentence, own: str) -> Iterator[_Request]:
    """What one part asks for; a "short interval" is the one that the sentence gives in figures."""
    whole, modality = interval_of(words), _seen_by(own, part.modality)
    for interval in part.intervals:
        told = whole if is_vague(interval) and in_figures(whole) else interval
        yield _Request(modality, told, sentence, alternatives(part.words, part.modality))


def _asks(words: str, kind: SectionKind) -> bool:
    """By a word that asks, or by saying when: "CT in 6-12 months"."""
    lower = words.lower()
    return bool(
        kind is SectionKind.RECOMMENDATION
        or _ASKS.search(lower)
        or _would(words, kind is SectionKind.IMPRESSION)
        or (_BETTER.search(words) and _IF.search(words))
        or (is_due(words) and interval_of(words) and (modality_of(words) or _AGAIN.search(lower)))
        or (is_short(words) and (_AGAIN.search(lower) or modality_of(words)))
        or (says_soon(words) and _IMAGING.search(words) and kind is SectionKind.IMPRESSION)
        or (says_soon(words) and (modality_of(words) or _AGAIN.search(lower)) and len(words.split()) <= _TERSE)
    )


def _asks_better(text: str, words: str, sentence: Sentence) -> bool:
    """Whether a conclusion asks by it; a caveat does not: "no acute infarct, though MRI IS MORE SENSITIVE"."""
    if sentence.kind is not SectionKind.IMPRESSION or not _BETTER.search(words):
        return False
    led = re.split(r"\n|\.\s", text[max(0, sentence.start - _LED) : sentence.start])[-1]
    return _CAVEAT.match(led + words) is None


def _would(words: str, concludes: bool) -> bool:
    """Whether an exam is said to do something that it has not done: "CT WOULD ANSWER this", "V/Q MAY BE of use"."""
    exam = EXAM_WORD.search(words) if _DOES.search(words.lower()) else None
    return exam is not None and (_COULD if concludes else _WOULD).match(words, exam.end()) is not None


def _parts(words: str) -> list[_Part]:
    """The parts of a sentence that each name a modality, where they name several; nothing for one.

    What follows without one is of the one before ("ultrasound in 6 months, AGAIN AT 12"); "mammogram AND ultrasound in
    6 months" are both due then.
    """
    found: list[_Part] = []
    for mark, part in zip(["", *_PARTS.findall(words)], _PARTS.split(words), strict=True):
        modality = modality_of(part)
        if modality:
            found.append(_Part(modality, part, intervals_of(part), mark.strip()))
        elif found and _TIME_FIRST.match(part):
            last = found.pop()
            found.append(last._replace(intervals=intervals_of(f"{last.words}{mark}{part}")))
    told = [_with_time(each, after) for each, after in zip(found, [*found[1:], None], strict=False)]
    several = len({each.modality for each in told}) > 1 or (
        _FURTHER.search(words) and len({*chain.from_iterable(each.intervals for each in told)}) > 1
    )
    return told if several else []


def _with_time(part: _Part, after: _Part | None) -> _Part:
    """The part with the times of the next, where a bare "and" joins them and it has none of its own."""
    joined = after is not None and after.mark in ("and", "&", "+") and not any(part.intervals)
    joined = joined and not _ASKED.search(part.words)
    return part._replace(intervals=after.intervals) if after and joined else part


def _standing(text: str, sentences: Sequence[Sentence], requests: Sequence[_Request]) -> list[_Request]:
    """Without what a later addendum withdraws: of the modality it names, or all."""
    for sentence in sentences:
        words = text[sentence.start : sentence.end]
        if sentence.kind is SectionKind.ADDENDUM and withdraws(words):
            about = modality_of(words)
            requests = [
                each
                for each in requests
                if each.sentence.start > sentence.start
                or (about and each.modality != about and each.sentence.kind is not SectionKind.ADDENDUM)
            ]
    return [*requests]


def _once(requests: Sequence[_Request]) -> Iterator[_Request]:
    """What findings and impression both ask for is asked once, where it says when."""
    seen: set[tuple[str, str]] = set()
    timed = {each.modality for each in requests if each.interval}
    for each in requests:
        again = not each.interval and each.modality in timed and each.sentence.kind is SectionKind.FINDINGS
        if (each.modality, each.interval) not in seen and not again:
            seen.add((each.modality, each.interval))
            yield each


def _advisory(text: str, request: _Request) -> Advisory:
    start, end = request.sentence.start, request.sentence.end
    asked, others = " or ".join((request.modality, *request.others)), ", ".join(request.others)
    return Advisory(
        kind=AdvisoryKind.FOLLOW_UP,
        message=" ".join(part for part in ("Follow-up:", asked, request.interval) if part),
        quotes=(Quote(text=text[start:end], start=start, end=end),),
        detail={"modality": request.modality, "interval": request.interval} | ({"or": others} if others else {}),
    )
