"""Sentences that assert nothing of this exam though no heading says so: a history told, a question asked."""

from __future__ import annotations

import re

_PERSON = (
    r"(?:male|female|man|woman|boy|girl|gentleman|lady|patient|pt|person|child|infant|neonate|baby|adult|smoker|[mf])"
)
_NUMBER = r"(?:\d{1,3}|_{3,})"
_AGED = re.compile(
    rf"(?:this is )?(?:an? )?(?:{_NUMBER}[\s-]*(?:years?|yrs?|months?|mos?|weeks?|days?|y)[\s./-]*(?:old|o\.?|of age)?"
    rf"\b[^.;\n]{{0,30}}?\b{_PERSON}\b|{_NUMBER}[\s-]?years?[\s-]old\b|{_NUMBER}\s?(?:yo|y/o|y\.o\.|yrs?|y)?[\s/]*{_PERSON}(?=[\s,/.]))",
    re.IGNORECASE,
)
_PATIENT = re.compile(
    r"(?:the |this )?(?:patient|pt|he|she)\b.{0,40}\b(?:presents?|presented|presenting|known|complain\w*|history"
    r"|diagnosed|admitted|referred|treated|underwent|fell|suffered|had|has had|receiving|undergoing)\b",
    re.IGNORECASE | re.DOTALL,
)
_CASE = re.compile(
    r"(?:a )?known (?:case|history|h/o)\b|k/?c/?o\b|h/o\b|c/o\b|history of\b|hx(?: of)?\b"
    r"|(?:presents?|presented|presenting) with\b|referred (?:for|with|by|from)\b|complain(?:s|ing|ed|ts?) of\b"
    r"|(?:to )?(?:rule out|r/o|exclude)\b|(?:please )?(?:evaluate|eval|assess|check)(?: for)?\b|query\b|trauma\b"
    r"|(?:f/?u|follow[- ]?up)(?: of| for)? (?!ct|mr|us|x|pet|chest|imag|scan|film|radiog|mammo|with|in\b)"
    r"|(?:nodule|fracture|mass|lesion|aneurysm|tumou?r) follow[- ]?up\b|post (?:rta|mva|fall)\b"
    r"|[^.;\n]{0,60}\b(?:chemo|chemort|radiotherapy|chemoradi\w+|adjuvant)\b[^.;\n]{0,30}\b(?:finished|completed|cycles?|ago)\b"
    r"|clinically\b|work(?:ed)? up for\b|diagnosed with\b|(?:fall|fell|mva|rta|rtc|mvc)\b",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"\b(?:shows?|showed|demonstrates?|demonstrated|reveals?|revealed|there (?:is|are)|is seen|are seen|is noted"
    r"|are noted|identified|visuali[sz]ed|no evidence)\b"
)
# "In 2018 there was an effusion" tells of another exam.
_THEN = re.compile(
    r"(?:back )?in (?:\w+ )?(?:19|20)\d\d,?\s+(?:there (?:was|were)\b|(?:a|an|the) [^.;\n]{2,40}? (?:was|were)\b)",
    re.IGNORECASE,
)
# A complaint with what it is asked to be, in one breath: "Left loin pain ?stone".
_COMPLAINT = re.compile(
    r"\b(?:pains?|painful|ache|aching|fever|febrile|pyrexia|cough|sob|dyspn\w+|breathless\w*|ha?ematuria|vomit\w*|nausea"
    r"|diarrh\w+|constipation|headaches?|weakness|tender\w*|jaundiced?|weight loss|seizures?|dizz\w+|vertigo|syncope"
    r"|unwell|sepsis|septic|crp|wcc|wbc|lfts?|ddimer|d-dimer|troponin|creatinine|e?gfr|aki|utis?|pr bleed\w*|melaena"
    r"|trauma|injury|fell|numb\w*|confusion|confused|hypoxi[ac]|tachycardi[ac]|anaemi[ac]|anemi[ac])\b[^.;\n]{0,60}?"
    r"[\s,(]\?\s?[a-z]",
    re.IGNORECASE,
)
# An operation or a course of treatment with its date, told among commas: "left nephrostomy 4 days ago".
_DATED = re.compile(
    r"(?:\A|[,;(]\s)[^,;.\n]{0,30}\b(?:\w+(?:ectomy|otomy|ostomy|plasty|desis)|surgery|resection|repair|bypass|transplant\w*"
    r"|stent(?:ing)?|drain(?:age)?|embolisation|embolization|cabg|chemo\w*|radiotherapy|immunotherapy)"
    r"(?: (?:in|on))?,? (?:\d{1,2} (?:hours?|days?|weeks?|wks?|months?|mths?|years?|yrs?) ago|(?:19|20)\d\d\b"
    r"|(?:two|three|four|five|six|ten) (?:days|weeks|months|years) ago|a (?:week|month|year) ago"
    r"|last (?:week|month|year)|yesterday)",
    re.IGNORECASE,
)
_MEASURED = re.compile(r"\d\s?(?:mm|cm)\b", re.IGNORECASE)
_RECORDS = re.compile(
    r"(?:the )?(?:old|outside|hospital|medical|previous|earlier|clinic) (?:records?|notes?|charts?|letters?)"
    r" (?:mentions?|describes?|speaks? of|tells? of|documents?|lists?|states?)\b",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"(?:no|none|nil|negative|neg|absent|yes|present|positive"
    r"|not (?:seen|present|identified|demonstrated|visuali[sz]ed))(?:[.,;!]|\s*\Z)",
    re.IGNORECASE,
)
_LONGEST_QUESTION = 10


def is_history(words: str, *, before_findings: bool) -> bool:
    """Whether a sentence tells who the patient is and why the exam was made, not what it shows.

    `before_findings`: nothing was told yet of what the exam shows.
    """
    if _TELLS.search(words.lower()):
        return False
    told = _AGED.match(words) or _PATIENT.match(words) or _THEN.match(words)
    return bool(told or (before_findings and (_CASE.match(words) or _is_request(words))))


def _is_request(words: str) -> bool:
    """Whether it tells a complaint and a question, or a dated operation, and measures nothing."""
    return bool(_COMPLAINT.search(words) or _DATED.search(words)) and not _MEASURED.search(words)


def is_of_records(words: str) -> bool:
    """Whether a sentence tells what is written elsewhere: "Old records mention a clavicle fracture"."""
    return _RECORDS.match(words) is not None


def is_question(words: str) -> bool:
    """Whether a sentence asks: "Pneumothorax?", "? pneumothorax", "?PE"."""
    return words.startswith("?") or words.rstrip(" \t\n)\"'").endswith("?")


def is_answer(question: str, words: str) -> bool:
    """Whether `words` answer a short question: "Gallstones? No." - and tell nothing of their own."""
    asked = question.rstrip().endswith("?") and len(question.split()) <= _LONGEST_QUESTION
    return asked and _ANSWERED.match(words) is not None
