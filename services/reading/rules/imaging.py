"""Words of orders: which kind of exam is named, and when it is due."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, pairwise

from services.reading.lexicon import lexicon
from services.reading.rules.tokens import Token

_LOOKED = r"(?:follow[- ]?up|surveillance|evaluation|(?:re-?)?assessment|correlation|screening|monitoring|review)"
_WORDS = {
    "PET/CT": r"pet(?:[-/ ]?(?:ct|mri?))?|ct[-/ ]pet|metabolic imaging",
    # With the radionuclide's name it is no CT: "isotope bone scan", "white cell SPECT/CT".
    "NM": (
        r"(?:isotope |radionuclide |technetium )?bone (?:scan|scintigra\w+)|scintigra\w+|hida(?: scan)?|v/?q(?: scan)?"
        r"|nuclear (?:medicine|renogra\w+|stress test|scan)|spect(?:[-/ ]ct)?|(?:mag-?\s?3|dmsa|dtpa|mibg|sestamibi"
        r"|mibi|gallium|octreotide|thyroid uptake|radionuclide|isotope|hepatobiliary|ventilation[-/ ]perfusion"
        r"|gastric emptying|myocardial perfusion|wbc|(?:white|red)(?: blood)? cell|leu[ck]ocyte)"
        r"(?: (?:renal|labell?ed|thyroid|cardiac))? (?:scans?|stud(?:y|ies)|imaging|scintigra\w+|renogra\w+)"
        r"|mag-?\s?3|dmsa|dtpa|renogra(?:m|phy)|octreoscan|dat-?scan|muga|lymphoscintigra\w+"
    ),
    "CT": (
        r"(?:nc|ce|hr|ld|cb|md)?ct[av]?(?! surg)|cat scan|computed tomograph\w+|ctpa|ctkub|ct enterography|ct urogra\w+"
        r"|ct colonogra\w+"
    ),
    "MR": (
        r"(?!(?-i:Mrs?\b))(?:ce|c)?mri?s?|mrcp|mr[av]|magnetic resonance(?: imaging)?|mr enterography"
        r"|(?:3|1\.5) ?(?:t|tesla)|mp-?mri|dwi"
    ),
    "US": (
        r"ultrasounds?|ultrasonograph\w*|sonogra(?:ms?|phy)|sonographic @LOOKED|us[sg]?|dopplers?"
        r"|duplex(?! (?:\w+ )?(?:collecting|kidney|system|ureter|moiety))|tvs|tvus"
        r"|transvaginal scan|elastography"
    ),
    "MG": (
        r"mammo(?:s|gra(?:ms?|phy))?|mammographic (?:@LOOKED|views?)|tomosynthesis|spot compression"
        r"|magnification views?|diagnostic views?|screening views?"
    ),
    "RF": (
        r"(?:barium|water[- ]soluble(?: contrast)?|gastro-?gra?ff?in|hypaque|upper gi)"
        r" (?:swallow|meal|enema|stud(?:y|ies)|series|follow[- ]through)"
        r"|contrast (?:swallow|meal|enema|follow[- ]through)|(?:mcu|vcu|hs)gs?"
        r"|(?:micturating|voiding) cysto\w+|cystogra\w+|cystourethrogra\w+|urethrogra\w+|o?esophagra\w+|fistulogra\w+"
        r"|sinogra\w+|nephrostogra\w+|loopogra\w+|(?:t-?)?tube cholangiogra\w+|tubogra\w+|proctogra\w+"
        r"|hysterosalpingogra\w+|small bowel (?:follow[- ]through|series)|videofluoroscop\w+|fluoroscopy"
        r"|fluoroscopic (?:stud(?:y|ies)|exam\w*|swallow|evaluation)|linogra\w+|myelogra\w+"
    ),
    "XR": (
        r"radiographs?|radiographic @LOOKED|xrs?|(?:re-?)?x-?rays?|radiography|cxrs?|axr|plain films?"
        r"|(?<!ct )(?<!us )(?<!usg )(?<!uss )(?<!ultrasound )kub|(?<!thin )films?(?! of (?:fluid|blood|ascites))"
        r"|views?"
        r"|(?:skeletal|bone) survey|(?:scaphoid|trauma|abdominal|rib|obstructi(?:ve|on)|facial bone|scoliosis) series"
        r"|opg|orthopantomogra\w+|panorex|pa (?:and|&) lat(?:eral)?"
    ),
    "DXA": r"dexa|dxa|bone (?:mineral )?(?:densitometry|density (?:scan|test\w*|stud(?:y|ies)|assessment|measurement"
    r"|evaluation))|bmd (?:scan|test\w*|assessment|measurement|evaluation)",
    # The toe is no exam: capitals only.
    "ECHO": (
        r"(?:trans-?thoracic |trans-?o?esophageal )?echo(?:cardiogra\w+)?|tte"
        r"|(?-i:TOE|TEE)(?! (?:fracture|phalan\w+|joint))"
    ),
    "ANGIOGRAPHY": r"angiogra\w+|venogra\w+|dsa",
}
_WORDS = {name: words.replace("@LOOKED", _LOOKED) for name, words in _WORDS.items()}
_NAMES = tuple(_WORDS)
EXAM = "|".join(_WORDS.values())
"""Every word for an exam, as alternatives of a regular expression."""
EXAM_WORD = re.compile(rf"\b(?:{'|'.join(f'({words})' for words in _WORDS.values())})\b", re.IGNORECASE)

_NUMBER = (
    r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|eighteen|twenty-four"
    r"|a few|few|a|an)"
)
_UNIT = r"(?:hours?|hourly|hrs?|h|days?|weeks?|weekly|wks?|months?|monthly|mos?|mths?|years?|yearly|yrs?|fortnights?)"
# "q6h", "q3y", "q 2 wk".
_EVERY = r"q\s?\d{1,2}\s?(?:h|d|wk?|mo?|yr?)s?"
# "3-6 months", "the next 4 weeks", "6, 12 and 24 months", "another month"; how long something goes on ("for 3 years",
# "since one month") is none.
_INTERVAL = re.compile(
    rf"(?<!\bfor )(?<!\buntil )(?<!\bx )(?<!\bsince )(?<!\bpast )(?<!\blast )\b"
    rf"(?:(?:next )?{_NUMBER}(?:(?:\s?(?:-|–|to|or)|,| and|, and)\s?{_NUMBER}){{0,3}}[\s-]?{_UNIT}"
    rf"|{_EVERY})\b",
    re.IGNORECASE,
)
_PARTS = r"(?:\d{1,2}\s?[-–]\s?)?\d{1,2}/(?:7|52|12)"
# "3/12" is three months, "6/52" six weeks, "5/7" five days.
_SHORTHAND = re.compile(
    r"\b(?:(?:in|at|after|within|every|for)"
    r"|(?:rpt|repeat|re-?scan|re-?imag\w+|re-?x-?ray|f/?u|follow[- ]?up)\b[^.;,\d\n]{0,30})"
    rf"\s+(?P<interval>{_PARTS})(?![/\d])",
    re.IGNORECASE,
)
_FRACTION = re.compile(rf"\b{_PARTS}\b(?!/)")
# One of these stands in whatever the two patterns beside it match; quick to look for, as what follows below.
_SHORT = re.compile(r"/(?:7|52|12)")
# The same right behind the exam that is asked for: "MRCP 12/12 for the cyst".
_BEHIND_EXAM = re.compile(
    rf"\b(?:{EXAM})\b(?:\s+(?!of\b|from\b|on\b)[a-z][\w-]*){{0,3}}?\s+(?P<interval>(?:\d{{1,2}}[-–])?\d{{1,2}}/(?:7|52|12))(?![/\d])",
    re.IGNORECASE,
)
_SOON = re.compile(
    r"\b(?:annual(?:ly)?|yearly|bi-?annual(?:ly)?|weekly|monthly|daily|fortnightly|(?:after|end of|following|on)"
    r" (?:completion of |completing )?(?:\w+ )?(?:treatment|therapy|chemotherapy|antibiotics)"
    r"|short[- ](?:interval|term))\b",
    re.IGNORECASE,
)
# The day of the report, where it stands right behind what is asked: "CTA recommended today".
_TODAY = re.compile(
    rf"\b(?:recommended|advised|suggested|needed|required|indicated|imaging|scan|(?:to|should|must) be \w+|{EXAM})"
    r"(?:\s+of the)?(?:\s+(?!yesterday|was|were|from|of)[a-z][\w/-]*){0,5}?\s+"
    r"(?P<interval>today|tonight|tomorrow(?: (?:[ap]\.?m\b|morning|afternoon|evening))?|in the morning"
    r"|(?:the )?same day|within (?:the|a) (?:week|month|fortnight)"
    r"|(?:next|this) (?:day|morning|evening|week|month)"
    r"|next (?:january|february|march|april|may|june|july|august"
    r"|september|october|november|december|spring|summer|autumn|winter|year)"
    r"|electively|non-?\s?urgent(?:ly)?(?! basis)|(?<!non-)(?<!non )(?:emergent|immediate)(?:ly)?)\b",
    re.IGNORECASE,
)
_TODAYS = re.compile(
    r"today|tonight|tomorrow|morning|same day|(?:next|this|within the|within a) |electively|urgent|emergent|immediate"
)
# What it waits for: "once acute issues are over", "when renal function allows"; "when appropriate" says nothing.
_ONCE = re.compile(
    r"\b(?:(?:once|when)\s+(?!(?:\w+ly |is |if |and )?(?:appropriate|clinically|feasible|able|indicated|needed"
    r"|necessary|possible|available|compared|correlated|required|warranted|convenient)\b)"
    r"|(?:after|on|following|at) (?:the )?(?:a |full )?(?:completion|course|end) of )"
    r"[a-z][\w/-]*(?: [a-z][\w/-]*){0,4}(?=\s*(?:[.,;:()]|\Z|\n))",
    re.IGNORECASE,
)
# How soon, where it stands beside the exam: "urgent staging CT", "MRI recommended urgently", "CTA now".
_PRIORITY = re.compile(
    rf"\b(?:(?:non-?\s?)?(?:urgent|emergent)|emergency|immediate|stat|expedited)(?=(?: [\w/-]+){{0,3}}? (?:{EXAM})\b)"
    rf"|(?:(?<=\brecommended )|(?<=\badvised )|(?<=\bsuggested )|(?<=\bneeded )|(?<=\brequired )|(?<=\bCT )|(?<=\bCTA )"
    r"|(?<=\bMRI )|(?<=\bUS )|(?<=\bultrasound ))(?:urgently|urgent|stat|now|immediately|asap)\b"
    r"|\b(?:urgently|stat|now|asap)(?=\W*\Z)",
    re.IGNORECASE,
)
_AGED = re.compile(r"(?:old|ago|prior|earlier|history|previously)\b", re.IGNORECASE)
_DUE = re.compile(
    rf"\b(?:(?:in|at|after|within|every)\s+(?:about |approximately |another )?(?={_NUMBER}\b)|(?={_EVERY}\b))",
    re.IGNORECASE,
)
_BEHIND_UNIT = (
    r"(?:(?<=\bday)|(?<=\bdays)|(?<=\bweek)|(?<=\bweeks)|(?<=\bmonth)|(?<=\bmonths)|(?<=\byear)|(?<=\byears))"
)
# What comes after a first time: "in 6 months, then yearly", "6/12 given JC status, 3/12 if index rises".
_AND_LATER = re.compile(
    rf"(?:(?:,|;|\band\b|\bfollowed by\b)\s*(?:and )?(?:(?:then|again|thereafter|a second|finally)\s+)+"
    rf"|\s(?:then|thereafter)\s+)(?=[^.;]{{0,40}}?"
    rf"(?:{_NUMBER}\b|annual|yearly|weekly|monthly))|,\s*(?=\d{{1,2}}/(?:7|52|12)\b)"
    # "At one week and six weeks"; "at 12 and 24 months" is one time of two.
    rf"|{_BEHIND_UNIT}(?:,\s*(?:and )?|\s+and )(?:at )?(?={_NUMBER}[\s-]{_UNIT}\b)",
    re.IGNORECASE,
)


def exam_named(words: str, start: int = 0) -> str:
    """The modality of the first exam named from `start` on ("CT", "MR", "US", "MG", "XR", …); "" for none."""
    found = EXAM_WORD.search(words, start)
    return _NAMES[found.lastindex - 1] if found and found.lastindex else ""


_EITHER = re.compile(r"[^.;]{0,60}?(?:\bor\b|/)[^.;]{0,40}", re.IGNORECASE)


def alternatives(words: str, modality: str) -> tuple[str, ...]:
    """The other modalities of which one will do: "CT OR MRI in 3 months", "ultrasound / CT"."""
    found = [*EXAM_WORD.finditer(words)]
    joined = (
        (exam_named(first.group()), exam_named(second.group()))
        for first, second in pairwise(found)
        if _EITHER.fullmatch(words, first.end(), second.start())
    )
    return tuple(each for each in dict.fromkeys(chain.from_iterable(joined)) if each != modality)


def interval_of(words: str) -> str:
    """The interval as written, one in figures first, a mere priority last; the age of a patient or a prior is none."""
    if _SHORT.search(words) and (short := _SHORTHAND.search(words) or _BEHIND_EXAM.search(words)):
        return short["interval"]
    for pattern in (_INTERVAL, _SOON):
        for match in pattern.finditer(words):
            if not _AGED.match(words[match.end() :].lstrip(" -")):
                return " ".join(match.group().lower().split())
    if _TODAYS.search(words.lower()) and (today := _TODAY.search(words)):
        return today["interval"].lower()
    if found := _ONCE.search(words) or _PRIORITY.search(words):
        return " ".join(found.group().lower().split())
    return ""


def intervals_of(words: str) -> list[str]:
    """The interval, and each later one that is told after it ("then yearly"); [""] for none."""
    first, *later = _AND_LATER.split(words)
    own = interval_of(first)
    told = [interval_of(f"in {part}") for part in later] if own else []
    return [own or interval_of(words), *filter(None, told)]


def in_figures(interval: str) -> bool:
    """Whether the interval is a number of days, weeks, months or years, not only "short" or "annual"."""
    return _INTERVAL.fullmatch(interval) is not None


def is_vague(interval: str) -> bool:
    """Whether it says when without a figure: "annual", "short interval", "after treatment"."""
    return _SOON.fullmatch(interval) is not None


def is_due(words: str) -> bool:
    """Whether the words say that something is due in some time ("in 6 months")."""
    return _DUE.search(words) is not None


def is_short(words: str) -> bool:
    """Whether they hold an interval in the shorthand of wards ("in 6/52")."""
    return _SHORT.search(words) is not None and _SHORTHAND.search(words) is not None


def says_soon(words: str) -> bool:
    """Whether they hold a vague interval."""
    return _SOON.search(words) is not None


def without_interval(words: str) -> str:
    """The words without any interval in figures or shorthand ("6/52")."""
    return _INTERVAL.sub(" ", _FRACTION.sub(" ", words))


# How a word begins that an exam, or making one again, is named with; quick to look for.
_STEMS = tuple(lexicon("orders")["named with"])
_WHOLE = frozenset(lexicon("orders")["named by"])


@lru_cache(maxsize=16384)
def _may_name_exam(word: str) -> bool:
    return word in _WHOLE or word.startswith(_STEMS)


def may_name_exam(tokens: Iterable[Token]) -> bool:
    """Whether one of the words may name an exam or its repetition; without one nothing is asked for."""
    return any(map(_may_name_exam, [token.text for token in tokens]))
