"""Words that change what an earlier reading told: "not described in the preliminary report"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integration.canonical import SectionKind
from services.reading.rules.sentences import Sentence

_SPEAKING = frozenset({SectionKind.FINDINGS, SectionKind.IMPRESSION})
_FIRST_READ = (
    r"(?:prelim(?:inary)?s?|provisional|wet|hot|initial|overnight|on-?call|resident(?:'?s)?|registrar(?:'?s)?"
    r"|original|earlier|first|teleradiology|nighthawk)\b"
    r"(?: (?:report|read(?:ing)?|interpretation|impression|review|version))?"
)
_WRITTEN = (
    r"mentioned|reported|described|included|identified|recorded|called|given|documented|commented on|recogni[sz]ed"
    r"|appreciated"
)
_TOLD = rf"(?:{_WRITTEN}|seen|noted)"
_LEFT_OUT = (
    rf"(?:missed|overlooked|omitted|(?:not|never|neither) (?:\w+ )?{_TOLD}|incorrect(?:ly)?|in error"
    r"|erroneous(?:ly)?|understated)"
)
_DIFFERS = r"(?:change[ds]?|discrepan\w+|differ\w*|discordan\w+|amend\w*|revis\w+|disagree\w*|upgraded|contrary)"
_DID_NOT = r"(?:did|does) not (?:\w+ )?(?:mention|report|describe|include|identify|note|call)"
_CHANGES = re.compile(
    rf"\b(?:{_LEFT_OUT}|{_DIFFERS})\b[^.\n]{{0,40}}?\b{_FIRST_READ}"
    rf"|\b{_FIRST_READ}[^.\n]{{0,40}}?\b(?:{_LEFT_OUT}|{_DID_NOT}|failed to"
    r"|is (?:hereby )?(?:amended|revised|changed)|discrepan\w+|should (?:have )?read|withdrawn|retracted|superseded"
    r"|(?:is|are) to be (?:disregarded|ignored)|(?:should|must) be (?:disregarded|ignored))\b",
    re.IGNORECASE,
)
_AGREES = re.compile(
    r"\b(?:no|not|without)(?: \w+){0,2} (?:change[ds]?|discrepan\w+|differ\w*|disagree\w*)\b"
    r"|\b(?:agree|concur|concordant)\b",
    re.IGNORECASE,
)


# Outside of an addendum only a reading that is never a prior exam's: "not in the preliminary read".
_OVERNIGHT = (
    r"(?:(?:prelim(?:inary)?s?|provisional)\b(?: (?:report|read(?:ing)?|interpretation|impression|review))?"
    r"|(?:wet|hot|overnight|on-?call|resident(?:'?s)?|registrar(?:'?s)?|night|teleradiology|nighthawk)"
    r" (?:report|read(?:ing)?|interpretation|impression))\b"
)
_IN_BODY = re.compile(
    rf"\b(?:{_LEFT_OUT}|{_DIFFERS})\b[^.\n]{{0,40}}?\b{_OVERNIGHT}"
    rf"|\b(?:missed|overlooked|(?:not|never) (?:{_WRITTEN}))"
    r" (?:initially|originally|at first|overnight)\b"
    r"|\b(?:initially|originally) (?:missed|overlooked|misinterpreted|not (?:appreciated|recogni[sz]ed|reported))\b"
    rf"|\bnot (?:in|on|part of) (?:the |an? )?{_OVERNIGHT}"
    rf"|\b{_OVERNIGHT}[^.\n]{{0,90}}?\b(?:{_LEFT_OUT}|{_DID_NOT}|failed to"
    r"|(?:is|has been) (?:hereby )?(?:amended|revised|changed)"
    r"|discrepan\w+|on (?:\w+ )?(?:re-?)?review,? there (?:is|are)(?! no\b))\b",
    re.IGNORECASE,
)
# What it says may stand behind a semicolon: "The overnight report stated no fracture; on review there is one".
_AHEAD = 80
# "On review there IS a small pneumothorax", "disagree with the above".
_REVERSES = re.compile(
    r"\bon (?:(?:further|second|subsequent|attending|my|daylight|careful) )?(?:re-?)?review,? there (?:is|are)\b"
    r"(?! (?:no|also)\b)"
    r"|\bdisagree\w* with (?:the )?(?:above|report)\b"
    # "IN ADDITION a fracture of the odontoid IS VISIBLE", "the previously described lesion is an artefact".
    r"|\b(?:in addition|additionally),? (?!to\b)(?:there (?:is|are)(?! no\b)"
    r"|[^.;\n]{0,80}?\b(?:is|are) (?:visible|seen|present|noted|identified|demonstrated))\b"
    r"|\bpreviously (?:described|reported|noted|called)\b[^.;\n]{0,60}?\b(?:is|are|represents?)"
    r" (?:an? |the |in fact |actually )*(?:art[ei]fact\w*|not|normal|skin fold|nipple|overlap|summation"
    r"|superimpos\w+)\b",
    re.IGNORECASE,
)

# One of these stands in whatever one of the patterns matches.
_HINTS = re.compile(
    r"prelim|provisional|wet|hot|initial|night|on-?call|resident|registrar|original|earlier|first|teleradio|review"
    r"|disagree|addition|previously"
)


def changing(text: str, sentences: Sequence[Sentence]) -> Sentence | None:
    """The first sentence that says it changes an earlier reading of the exam; None for none."""
    return next((each for each in sentences if _changes(text, each)), None)


def _changes(text: str, sentence: Sentence) -> bool:
    words = text[sentence.start : sentence.end]
    if not _HINTS.search(text[sentence.start : sentence.end + _AHEAD].lower()) or _AGREES.search(words):
        return False
    if sentence.kind is SectionKind.ADDENDUM:
        return any(pattern.search(words) for pattern in (_CHANGES, _REVERSES, _IN_BODY))
    found = _IN_BODY.search(text, sentence.start, sentence.end + _AHEAD) if sentence.kind in _SPEAKING else None
    return found is not None and found.start() < sentence.end
