"""Remarks on the whole report: critical results and whether told, follow-up asked for, scores as written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from integration.canonical import Advisory, AdvisoryKind, Quote, SectionKind, Status, Verdict
from services.reading.rules.sentences import Sentence

_NOW = frozenset(
    {SectionKind.FINDINGS, SectionKind.IMPRESSION, SectionKind.RECOMMENDATION, SectionKind.ADDENDUM, SectionKind.OTHER}
)
_SOMEBODY = (
    r"(?:dr|doctor|physician|team|nurse|rn|np|pa(?! (?:and|view|chest|lateral|projection|radiograph))|provider|ed|er"
    r"|service|clinician|surgeon|resident|attending)\b"
)
_TOLD = re.compile(
    r"\b(?:discussed|d/w|communicated|conveyed|notified|called|telephoned|phoned|contacted|spoke|relayed|informed"
    r"|paged|alerted|reported to|aware|verbally|acknowledged|read[- ]?back)\b.{0,160}?\b"
    rf"(?:{_SOMEBODY}|at \d{{1,2}}[:.]?\d\d|at \d{{1,2}}\s?[ap]\.?m\b|\d{{1,2}}:\d\d|(?:by|via) (?:tele)?phone"
    r"|telephone)"
    rf"|\b{_SOMEBODY}.{{0,80}}\b(?:notified|informed|aware|called|alerted|contacted|read[- ]?back)\b",
    re.IGNORECASE | re.DOTALL,
)
_NOT_TOLD = re.compile(
    r"\b(?:will be|to be|should be|being|attempt\w*|unable|could not|not (?:yet )?(?:been )?"
    r"|pending|await\w*|left (?:a )?message"
    r"|no (?:answer|communication)|unsuccessful\w*|needs to be|please)\b",
    re.IGNORECASE,
)
_CRITICAL = re.compile(r"\bcritical (?:results?|findings?|values?|alert)\b|\bcode (?:red|critical)\b", re.IGNORECASE)

_ASKS = re.compile(
    r"\b(?:recommend\w*|advis(?:e|ed|able)|suggest(?:ed|ion)?s?|consider(?:ation)?|should (?:be"
    r"|undergo|have)|warrant\w*"
    r"|may be (?:obtained|helpful|considered|performed|of benefit)|could be (?:obtained|performed|considered)"
    r"|can be (?:obtained|performed|considered)|would be (?:helpful|useful)|is needed|are needed|required|indicated"
    r"|repeat|return (?:for|in|to)|continued (?:surveillance|follow[- ]?up)|f/u"
    r"|follow[- ]?up (?:with|in|at|by|ct|mri?|ultrasound|imaging|chest"
    r"|radiograph\w*|mammogra\w*"
    r"|examination|exam|is|to|per))\b",
    re.IGNORECASE,
)
# One of these stands in whatever asks for something, or tells of a communication.
_ASKING = (
    *("recommend", "advis", "suggest", "consider", "should", "warrant", "may be", "could be", "can be", "would be"),
    *("needed", "required", "indicated", "repeat", "return", "follow", "f/u", "surveillance"),
)
_TELLING = (
    *("discussed", "communicated", "conveyed", "notified", "called", "phoned", "relayed", "informed", "paged"),
    *("alerted", "reported", "aware", "verbally", "acknowledged", "read", "d/w", "contacted", "spoke"),
)
_ASKS_NOT = re.compile(
    r"\bno (?:further |additional |imaging |specific |routine |dedicated )*(?:follow[- ]?up|imaging|evaluation|workup"
    r"|work-up)\b|\bfollow[- ]?up (?:imaging )?(?:is )?not (?:needed|required|necessary|recommended|indicated)"
    r"|\bnot (?:recommended|indicated|needed|required|warranted)\b|\bclinically indicated\s*$",
    re.IGNORECASE,
)
# An exam to look at again, not one to make.
_OF_OLD = re.compile(
    r"\b(?:compar\w+|correlat\w+) (?:with|to) (?:\w+ ){0,2}?(?:prior|previous|outside|old)(?:[ /-]\w+){0,3}",
    re.IGNORECASE,
)
_MODALITIES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for name, words in (
        ("PET/CT", r"pet(?:[-/ ]?ct)?"),
        ("CT", r"ct[av]?|cat scan|computed tomograph\w+|ctpa|hrct|ldct|ct enterography|ct urogra\w+"),
        ("MR", r"mri?s?|mrcp|mr[av]|magnetic resonance(?: imaging)?|mr enterography"),
        ("US", r"ultrasound|sonogra\w+|us|doppler|duplex"),
        ("MG", r"mammogra\w+|tomosynthesis|spot compression|magnification views?|diagnostic views"),
        ("XR", r"radiographs?|x-?rays?|radiography|cxr|plain films?|films?|views"),
        ("NM", r"bone scan|scintigra\w+|hida|v/?q scan|nuclear medicine"),
        ("DXA", r"dexa|dxa|bone densitometry"),
        ("ECHO", r"echocardiogra\w+|echo"),
        ("BIOPSY", r"biops\w+|fna|fine[- ]needle aspiration|tissue sampling|histolog\w+|aspiration"),
        ("ENDOSCOPY", r"colonoscop\w+|endoscop\w+|ercp|egd|cystoscop\w+|bronchoscop\w+"),
        ("ANGIOGRAPHY", r"angiogra\w+|venogra\w+"),
    )
)
_NUMBER = r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|eighteen|twenty-four)"
_INTERVAL = re.compile(
    rf"\b{_NUMBER}(?:\s?(?:-|–|to|or)\s?{_NUMBER})?[\s-]?(?:hours?|days?|weeks?|wks?|months?|mos?|years?|yrs?)\b",
    re.IGNORECASE,
)
_SOON = re.compile(
    r"\b(?:annual(?:ly)?|yearly|short[- ](?:interval|term)|immediate(?:ly)?|urgent(?:ly)?|next available)\b",
    re.IGNORECASE,
)
_AGED = re.compile(r"(?:old|ago|prior|earlier|history)\b", re.IGNORECASE)
_IMAGING = re.compile(r"\b(?:follow[- ]?up|imaging|surveillance|screening|study|examination)\b", re.IGNORECASE)

_VALUE = (
    r"(?:\s|:|=|-|,|®|™|\(|score|category|cat\.?|assessment|final|overall|code|class|version|v?\d{4}|v\d(?:\.\d)?"
    r"|is|of)*"
)
_SCORES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (scale, re.compile(pattern, re.IGNORECASE))
    for scale, pattern in (
        ("BI-RADS", rf"\bbi-?\s?rads\b{_VALUE}(?P<value>[0-6][abc]?)\b(?![./]\d|\s?(?:mm|cm))"),
        ("Lung-RADS", rf"\blung-?\s?rads\b{_VALUE}(?P<value>[0-4][abxs]?(?:\s?s)?)\b(?![./]\d|\s?(?:mm|cm))"),
        (
            "LI-RADS",
            rf"\bli-?\s?rads\b{_VALUE}(?P<value>(?:lr-?\s?)?(?:[1-5]|m|tiv|nc))\b"
            rf"|\b(?P<short>lr-(?:[1-5]|m|tiv|nc|tr[ -](?:non-?viable|viable|equivocal)))\b",
        ),
        ("TI-RADS", rf"\bti-?\s?rads\b{_VALUE}(?P<value>(?:tr-?\s?)?[1-5])\b|\b(?P<short>tr-?[1-5])\b(?!-)"),
        ("PI-RADS", rf"\bpi-?\s?rads\b{_VALUE}(?P<value>[1-5])\b"),
    )
)


_SCORED = re.compile(r"rads|lr-|tr-?\d", re.IGNORECASE)
_EARLIER = re.compile(r"\b(?:prior|previous|previously|formerly)\s+(?:was\s+)?\Z", re.IGNORECASE)
_LOOK_BACK = 24
# "TI-RADS 4 (TR4)" is one score.
_SHORT_FORM = re.compile(r"\A(?:LR|TR)-?\s?(?=[1-5M])")


def advise(text: str, sentences: Sequence[Sentence], verdicts: Iterable[Verdict]) -> list[Advisory]:
    """Critical results, follow-up and scores, each with its quote; offsets into `text`."""
    speaking = [sentence for sentence in sentences if sentence.kind in _NOW]
    return [*_critical(text, speaking, verdicts), *_follow_up(text, speaking), *_scores(text, speaking)]


def _critical(text: str, sentences: list[Sentence], verdicts: Iterable[Verdict]) -> list[Advisory]:
    found = [verdict for verdict in verdicts if verdict.finding.critical and verdict.status is Status.PRESENT]
    if not found and not (_holds_one(text, ("critical", "code")) and _CRITICAL.search(text)):
        return []
    told = next((quote(text, each) for each in sentences if _is_told(text[each.start : each.end])), None)
    detail = {"communicated": "yes" if told else "no"}
    if found:
        return [_critical_advisory(verdict, told, detail) for verdict in found]
    named = next((quote(text, each) for each in sentences if _CRITICAL.search(text, each.start, each.end)), None)
    if named is None:
        return []
    quotes = tuple(dict.fromkeys(each for each in (named, told) if each))
    return [
        Advisory(
            kind=AdvisoryKind.CRITICAL_RESULT,
            message="The report names a critical result",
            quotes=quotes,
            detail=detail,
        )
    ]


def _critical_advisory(verdict: Verdict, told: Quote | None, detail: dict[str, str]) -> Advisory:
    said = "communicated" if told else "no communication recorded"
    quotes = tuple(dict.fromkeys((*verdict.quotes[:1], *([told] if told else []))))
    message = f"Critical result: {verdict.finding.name} ({said})"
    return Advisory(kind=AdvisoryKind.CRITICAL_RESULT, message=message, quotes=quotes, detail=detail)


def _is_told(sentence: str) -> bool:
    found = _holds_one(sentence, _TELLING) and _TOLD.search(sentence)
    return bool(found) and not _NOT_TOLD.search(sentence)


def _follow_up(text: str, sentences: list[Sentence]) -> list[Advisory]:
    found = []
    for sentence in sentences:
        words = text[sentence.start : sentence.end]
        asks = sentence.kind is SectionKind.RECOMMENDATION or (_holds_one(words, _ASKING) and _ASKS.search(words))
        if not asks or _ASKS_NOT.search(words):
            continue
        words = _OF_OLD.sub("", words)
        modality, interval = modality_of(words), _interval(words)
        if modality or (interval and _IMAGING.search(words)):
            message = " ".join(part for part in ("Follow-up:", modality, interval) if part)
            found.append(
                Advisory(
                    kind=AdvisoryKind.FOLLOW_UP,
                    message=message,
                    quotes=(quote(text, sentence),),
                    detail={"modality": modality, "interval": interval},
                )
            )
    return found


def _holds_one(words: str, stems: tuple[str, ...]) -> bool:
    """A quick look, before a long pattern is searched."""
    lower = words.lower()
    for stem in stems:  # noqa: SIM110 - a generator takes twice the time
        if stem in lower:
            return True
    return False


def modality_of(words: str) -> str:
    """The modality asked for: the first named after the asking word, else the first named."""
    asked = _ASKS.search(words)
    for part in (words[asked.start() :] if asked else words, words):
        named = [(match.start(), name) for name, pattern in _MODALITIES if (match := pattern.search(part))]
        if named:
            return min(named)[1]
    return ""


def _interval(words: str) -> str:
    """The interval as written, one in figures first; the age of a patient or of a prior is none."""
    for pattern in (_INTERVAL, _SOON):
        for match in pattern.finditer(words):
            if not _AGED.match(words[match.end() :].lstrip(" -")):
                return " ".join(match.group().lower().split())
    return ""


def _scores(text: str, sentences: list[Sentence]) -> list[Advisory]:
    """Scores exactly as written, each once; one given to a prior exam is not this report's."""
    found: dict[tuple[str, str], Advisory] = {}
    if not _SCORED.search(text):
        return []
    for sentence in sentences:
        for scale, pattern in _SCORES:
            for match in pattern.finditer(text, sentence.start, sentence.end):
                if _EARLIER.search(text, max(sentence.start, match.start() - _LOOK_BACK), match.start()):
                    continue
                value = match.group("value") or match.group("short")
                span = Quote(text=match.group(), start=match.start(), end=match.end())
                advisory = Advisory(
                    kind=AdvisoryKind.SCORE,
                    message=f"{scale} {value}",
                    quotes=(span,),
                    detail={"scale": scale, "value": value},
                )
                found.setdefault((scale, _SHORT_FORM.sub("", value.upper())), advisory)
    return list(found.values())


def quote(text: str, sentence: Sentence) -> Quote:
    """The sentence as a quote."""
    return Quote(text=text[sentence.start : sentence.end], start=sentence.start, end=sentence.end)
