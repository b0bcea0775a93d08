"""Addenda that change what an earlier reading told: "not described in the preliminary report"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integration.canonical import SectionKind
from services.reading.rules.sentences import Sentence

_FIRST_READ = (
    r"(?:prelim(?:inary)?s?|provisional|wet|hot|initial|overnight|on-?call|resident(?:'?s)?|registrar(?:'?s)?"
    r"|original|earlier|first|teleradiology|nighthawk)\b"
    r"(?: (?:report|read(?:ing)?|interpretation|impression|review|version))?"
)
_TOLD = (
    r"(?:mentioned|reported|described|included|identified|seen|noted|recorded|called|given|documented|commented on"
    r"|recogni[sz]ed|appreciated)"
)
_LEFT_OUT = (
    rf"(?:missed|overlooked|omitted|(?:not|never|neither) (?:\w+ )?{_TOLD}|incorrect(?:ly)?|in error"
    r"|erroneous(?:ly)?|understated)"
)
_DIFFERS = r"(?:change[ds]?|discrepan\w+|differ\w*|discordan\w+|amend\w*|revis\w+|disagree\w*|upgraded|contrary)"
_DID_NOT = r"(?:did|does) not (?:\w+ )?(?:mention|report|describe|include|identify|note|call)"
_CHANGES = re.compile(
    rf"\b(?:{_LEFT_OUT}|{_DIFFERS})\b[^.\n]{{0,40}}?\b{_FIRST_READ}"
    rf"|\b{_FIRST_READ}[^.\n]{{0,40}}?\b(?:{_LEFT_OUT}|{_DID_NOT}|failed to"
    r"|is (?:hereby )?(?:amended|revised|changed)|discrepan\w+|should (?:have )?read)\b",
    re.IGNORECASE,
)
_AGREES = re.compile(
    r"\b(?:no|not|without)(?: \w+){0,2} (?:change[ds]?|discrepan\w+|differ\w*|disagree\w*)\b"
    r"|\b(?:agree|concur|concordant)\b",
    re.IGNORECASE,
)


def changing(text: str, sentences: Sequence[Sentence]) -> Sentence | None:
    """The first sentence of an addendum that says it changes an earlier reading; None for none."""
    added = ((each, text[each.start : each.end]) for each in sentences if each.kind is SectionKind.ADDENDUM)
    return next((each for each, said in added if _CHANGES.search(said) and not _AGREES.search(said)), None)
