"""What imaging a report asks for, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from integration.canonical import Advisory, AdvisoryKind, Quote, SectionKind
from services.reading.rules.exam import is_title
from services.reading.rules.imaging import (
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
from services.reading.rules.orders import bare_orders
from services.reading.rules.patterns import any_of
from services.reading.rules.sentences import Sentence

_FILM = r"(?:(?:hr|ld)?cta?|mr[ai]?|us|ultrasound|scan|films?|cxr|x-?rays?|mammogram)\b"
_ASKS = re.compile(
    r"\b"
    + any_of(
        r"""recommend\w* | advis(?:e|ed|able) | adv(?=[.:]) | sugg(?:est(?:ed|ion)?s?)?(?=[\s.:])
        consider(?:ed|ation)?
        warrant\w* | should (?:be|undergo|have) | would be (?:helpful|useful) | is needed | are needed
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
        would (?:favou?r|image|rescan|get|add|obtain|do|proceed) | re-?checks? | re-?(?:ct|mri|us)
        (?:control|progress|check|review|serial|completion) (?=(?:\w+ ){0,2}?@EXAM)
        (?:complement|supplement|proceed|refer|referral|follow) (?:with|by|to|for)
        (?:image|scan) again (?=in|at|after|on|with)""".replace("@EXAM", _FILM)
    )
    + r"\b",
    re.IGNORECASE,
)
_NO_MORE = r"(?:not|no longer) (?:needed|required|necessary|recommended|indicated|warranted)"
_NOT_ASKED = re.compile(
    r"\bno (?:further |additional |imaging |specific |routine |dedicated |radiolog\w+ )*(?:follow[- ]?up|imaging"
    r"|evaluation|workup|work-up|surveillance)\b"
    rf"|\bno (?:\w+ ){{0,3}}?{_FILM}[^.;,\n]{{0,20}}?\b(?:needed|required|necessary|recommended|indicated|warranted)"
    r"|\bclinically indicated\s*\Z"
    rf"|\b{_NO_MORE}\b|\b(?:was|were|had been|has been) (?:recommended|advised|suggested|performed|obtained|done)\b"
    r"|\bno (?:need|indication) for\b|\bnot for (?:\w+ )?(?:imaging|follow[- ]?up|surveillance)\b",
    re.IGNORECASE,
)
# A visit is no imaging: "follow-up with orthopedics", "clinic follow-up in 2 weeks".
_VISIT = re.compile(
    r"\b(?:clinic|appointment|out-?patients?|referral|consult\w*|review)\b"
    r"|\bfollow[- ]?up (?:with|by) (?!ct\b|mri?\b|ultra|low)",
    re.IGNORECASE,
)
_WITHDRAWN = re.compile(
    r"\b(?:recommend\w*|advice|suggestion|follow[- ]?up|request)\b[^.\n]{0,60}?"
    rf"\b(?:withdrawn|retracted|cancel\w+|rescinded|{_NO_MORE}|no longer (?:applies|stands))\b"
    r"|\b(?:withdraw|retract|cancel|disregard|rescind)\b[^.\n]{0,40}?"
    r"\b(?:recommend\w*|advice|suggestion|follow[- ]?up)\b"
    r"|\bno (?:further |additional |imaging |\w+ )?(?:follow[- ]?up|imaging|surveillance)\b[^.\n]{0,30}"
    rf"\b(?:needed|required|necessary|recommended|indicated)\b|\b(?:is|are) {_NO_MORE}\b",
    re.IGNORECASE,
)
# An exam to look at again, not one to make.
_OF_OLD = re.compile(
    r"\b(?:compar\w+|correlat\w+) (?:with|to) (?:\w+ ){0,4}?(?:prior|previous|outside|old)(?:[ /-]\w+){0,3}"
    r"|\bcompared (?:with|to)\b[^.;,\n]*"
    rf"|\b(?:follow[- ]?up|repeat|interval|surveillance) (?:\w+ )?{_FILM}(?: (?:from|of|dated)\b[^.;,\n]{{0,30}}?)?"
    r" (?:shows?|showed|demonstrate[sd]?|reveal(?:s|ed)|confirm(?:s|ed))\b[^.;,\n]*"
    r"|(?<!\bbe )\b(?:performed|obtained|done|acquired) (?:at|on|in|today|yesterday)\b[^.;,\n]*"
    r"|\b(?:see|refer to|reported (?:in|on|with)|described (?:in|on)) [^.;\n]*\breports?\b|\breported separately\b"
    r"|\b(?:since|than) (?:the |an? )?(?:\w+ )?(?:follow[- ]?up|repeat|recent|interval|last)\b[^.;,\n]*",
    re.IGNORECASE,
)
_READ_ANEW = re.compile(
    rf"(?:(?:repeat|rpt|further|check|follow[- ]?up|post-?\w+)\s+){{1,2}}(?:\w+\s+){{0,2}}?{_FILM}"
    r"(?:\s+(?:post|after|following|at)\b[^.;:\n]{0,60})?\W*",
    re.IGNORECASE,
)
# What is done with the help of imaging is no imaging.
_GUIDED = re.compile(
    r"\bendoscopic (?:ultrasound|us)\b|\bunder (?:ct|us|ultrasound|fluoroscop\w+) (?:guidance|control)\b"
    r"|\b(?:image|imaging|usg?|ultrasound|sonograph\w+|ct|mri?|stereotactic(?:ally)?|fluoroscop\w+|tomosynthesis)[- ]?"
    r"guided\b"
    r"[^.;,\n]*",
    re.IGNORECASE,
)
# DICOM modality codes (PS3.3 C.7.3.1.1.1) and words of orders, in the words of `imaging`.
_OWN = {"CR": "XR", "DX": "XR", "DR": "XR", "RG": "XR", "XR": "XR", "MRI": "MR", "PT": "PET/CT", "MAMMO": "MG"}
_AGAIN = re.compile(
    r"\b"
    + any_of(
        r"""re-?scan | re-?imag(?:ed?|ing) | repeat(?:ing)?(?: \w+)? (?:scan|imaging|study|exam\w*)
        repeat(?=\s+(?:in|after|at|within|once|when)\b)
        recall (?:for|in)
        (?:imaging|interval|routine|annual|short[- ]interval|surveillance) (?:follow[- ]?up|surveillance|screening|scan)
        (?:imaging|interval|routine|annual|short[- ]interval|surveillance) (?:study|imaging) | screening
        follow[- ]?up (?:scan|imaging|study|exam\w*) | consider imaging | re-?checks?
        (?:image|scan) again (?=in|at|after|on|with)
        (?:control|progress|check|review|serial|completion|dating|growth) (?:scans?|imaging|study)
        (?:scan|study|imaging|exam\w*) (?:\w+ ){0,2}repeated
        (?:contrast|enhanced|dynamic|dedicated|complete|full|further)[- ](?:\w+[- ])?(?:study|scan|sequences|series)"""
    )
    + r"\b",
    re.IGNORECASE,
)
_IMAGING = re.compile(
    r"\b(?:follow[- ]?up|imaging|surveillance|screening|study|examination|re-?scan|re-?imag(?:ed?|ing))\b",
    re.IGNORECASE,
)
_VIEWS = re.compile(r"\b(?:views?|compression|magnification)\b", re.IGNORECASE)
# "CTA of the neck AND dedicated thyroid ultrasound" are two; "MRCP or ERCP" is one.
_PARTS = re.compile(r";|,?\s+(?:and|as well as|then|\+|&|\+/-)\s+|,\s+(?!when\b|once\b)")
# "PET-CT / 3-monthly CT" is one or the other; the first is told.
_OR_ELSE = re.compile(r"\s/\s")


_TERSE = 4
_FEW = 8
# A score that calls for more: "BI-RADS 0. Left spot compression views and possible ultrasound."
_OPEN_SCORE = re.compile(r"\brads\b[^.\n]{0,30}\b(?:0|3|4[abcx]?|5)\b", re.IGNORECASE)
_EXAM_FIRST = re.compile(
    r"(?:(?:left|right|bilateral|dedicated|diagnostic|additional)\s+){0,2}"
    r"(?:pet|ct|mri?|ultrasound|us\b|spot|magnification|diagnostic|views|mammogra)",
    re.IGNORECASE,
)


class _Request(NamedTuple):
    modality: str
    interval: str
    sentence: Sentence


def follow_up(text: str, sentences: Sequence[Sentence], own: str = "") -> list[Advisory]:
    """Each exam asked for once, with modality and interval. `own`: the exam's modality, for "rescan in 3 months".

    What an addendum withdraws is not asked for any more.
    """
    ours = _OWN.get(own.upper(), own.upper())
    requests: list[_Request] = []
    for before, sentence in zip([None, *sentences], sentences, strict=False):
        if may_name_exam(sentence.tokens) and not (_is_title(text, sentence) or _is_reread(text, sentence, before)):
            requests += [*_requests(text, sentence, ours)] or _also(text, sentence, before)
    return [_advisory(text, each) for each in _once(_standing(text, sentences, requests))]


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
    asked = _ASKS.search(words)
    return (exam_named(words, asked.start()) if asked else "") or exam_named(words)


def _requests(text: str, sentence: Sentence, own: str) -> Iterator[_Request]:
    words = _first(_GUIDED.sub("", _OF_OLD.sub("", text[sentence.start : sentence.end])))
    if _NOT_ASKED.search(words):
        return
    if not _asks(words, sentence.kind):
        for part in bare_orders(words, sentence.kind, own):
            yield from _ordered(part, sentence, own)
        return
    parts = [*_parts(words)]
    if len(parts) > 1:
        parts = parts[:1] if own == "MG" and _is_one_recall(words, parts[0][1]) else parts
        yield from (_Request(_seen_by(own, kind), _of_several(words, part), sentence) for kind, part in parts)
        return
    modality, intervals = _seen_by(own, modality_of(words)), intervals_of(words)
    if not modality and _AGAIN.search(words):
        modality = own
    if modality or (intervals[0] and _IMAGING.search(words) and not _VISIT.search(words)):
        yield from (_Request(modality, interval, sentence) for interval in intervals)


def _is_one_recall(words: str, first: str) -> bool:
    """Whether the views of a mammogram are asked for with an ultrasound at one recall, no time given."""
    return bool(_VIEWS.search(first)) and not interval_of(words)


def _first(words: str) -> str:
    """The words up to the second of two exams of which either will do."""
    either = _OR_ELSE.search(words)
    both = either and exam_named(words[: either.start()]) and exam_named(words, either.end())
    return words[: either.start()] if either and both else words


def _ordered(part: str, sentence: Sentence, own: str) -> Iterator[_Request]:
    """What one order by bare names asks for: each of several exams, or one at several times."""
    parts = [*_parts(part)] or [(exam_named(part), part)]
    for modality, words in parts:
        for interval in intervals_of(words) if len(parts) == 1 else [_of_several(part, words)]:
            yield _Request(_seen_by(own, modality), interval, sentence)


def _seen_by(own: str, modality: str) -> str:
    """The modality; the further views that a mammogram asks for are mammography."""
    return own if own == "MG" and modality == "XR" else modality


def _also(text: str, sentence: Sentence, before: Sentence | None) -> Iterator[_Request]:
    """A few words that name an exam, after what asked for something or was scored: "Left axillary ultrasound."."""
    words = text[sentence.start : sentence.end]
    if before is None or before.paragraph != sentence.paragraph or _NOT_ASKED.search(words):
        return
    count = len(words.split())
    scored = count <= _FEW and _OPEN_SCORE.search(text, before.start, before.end) and _EXAM_FIRST.match(words)
    asked = count <= _TERSE and _ASKS.match(text, before.start, before.end)
    standing = not _NOT_ASKED.search(text, before.start, before.end)
    if (scored or (asked and standing)) and (modality := modality_of(words)):
        yield _Request(modality, interval_of(words), sentence)


def _of_several(words: str, part: str) -> str:
    """The interval of one part; a "short interval" is the one that the sentence gives in figures."""
    own, whole = interval_of(part), interval_of(words)
    return whole if is_vague(own) and in_figures(whole) else own


def _asks(words: str, kind: SectionKind) -> bool:
    """By a word that asks, or by saying when: "CT in 6-12 months"."""
    return bool(
        kind is SectionKind.RECOMMENDATION
        or _ASKS.search(words)
        or (is_due(words) and interval_of(words) and (modality_of(words) or _AGAIN.search(words)))
        or (is_short(words) and (_AGAIN.search(words) or modality_of(words)))
        or (says_soon(words) and _IMAGING.search(words) and kind is SectionKind.IMPRESSION)
        or (says_soon(words) and (modality_of(words) or _AGAIN.search(words)) and len(words.split()) <= _TERSE)
    )


def _parts(words: str) -> Iterator[tuple[str, str]]:
    """The parts of a sentence that each name a modality, where they name several; nothing for one."""
    parts = [(modality_of(part), part) for part in _PARTS.split(words)]
    named = [(modality, part) for modality, part in parts if modality]
    if len({modality for modality, _ in named}) > 1:
        yield from named


def _standing(text: str, sentences: Sequence[Sentence], requests: Sequence[_Request]) -> list[_Request]:
    """Without what a later addendum withdraws: of the modality it names, or all."""
    for sentence in sentences:
        words = text[sentence.start : sentence.end]
        if sentence.kind is SectionKind.ADDENDUM and _WITHDRAWN.search(words):
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
    return Advisory(
        kind=AdvisoryKind.FOLLOW_UP,
        message=" ".join(part for part in ("Follow-up:", request.modality, request.interval) if part),
        quotes=(Quote(text=text[start:end], start=start, end=end),),
        detail={"modality": request.modality, "interval": request.interval},
    )
