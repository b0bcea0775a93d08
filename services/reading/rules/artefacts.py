"""What a sentence explains away: an "apparent thickening" of an empty bowel, a "signal" that is an artefact."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.reading.rules.wordset import wordset

_CAUSE = (
    r"(?:artefact\w*|artifact\w*|under-?disten[st]ion|under-?distended|(?:incomplete|inadequate|poor|lack of"
    r"|suboptimal) disten[st]ion|non-?disten[st]ion|peristalsis|contraction wave|summation\w*|superimposition"
    r"|superimposed (?:tissue|structures?|parenchyma|shadows?)|overlapping (?:tissue|structures?|parenchyma|shadows?)"
    r"|partial[- ]volum\w+|volume averaging)"
)
_KIND = (
    r"(?:gibbs|truncation|ringing|motion|pulsation|flow|csf|beam[- ]hardening|susceptibility|streak|respiratory"
    r"|breathing|chemical[- ]shift|technical|reverberation|imaging|mere|positional|projectional|simple|bowel|normal)"
)
_LIKELY = r"(?:(?:likely|probably|most likely|felt to be|thought to be|considered|simply|merely|an|a)[ ]){0,3}"
_FROM = (
    r"(?:due to|related to|secondary to|attributable to|caused by|from|because of|in keeping with|consistent with"
    r"|representing|reflecting|explained by)"
)
_NAMED = r"(?P<x>[^.;:,\n]{2,90}?)"
_NOT_LARGE = (
    r"(?:(?:but|though|although|yet|and|which|all) )?(?:none|not|nil)(?: (?:of (?:them|which|these)|is|are|being))*"
    r" (?:\w+ )?(?:enlarged|pathological|pathologically|suspicious by size)\b"
)
_EXPLAINED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Apparent thickening of the ascending colon is due to underdistension.
        rf"\bapparent {_NAMED},? {_LIKELY}(?:(?:is|are|was|were) )?{_LIKELY}(?:{_FROM} )?(?:{_KIND} ){{0,2}}{_CAUSE}\b",
        # The signal in the cord is artefactual.
        rf"(?:\A|(?<=[;:,] )){_NAMED} (?:is|are|was|were) {_LIKELY}(?:{_FROM} )?(?:{_KIND} ){{0,2}}{_CAUSE}\b",
        # A few prominent mesenteric nodes, none enlarged by size criteria.
        rf"\b(?P<x>prominent(?: [\w-]+){{0,4}}? nodes?\b[^.;:\d,]{{0,40}}?),? \(?{_NOT_LARGE}",
        # Inguinal nodes, none of which are enlarged.
        r"\bnone of (?:which|these|them) (?:is|are|appears?) (?P<x>(?:\w+ )?enlarged)\b",
        # Prominent but not enlarged nodes.
        rf"\b(?P<x>prominent),? {_NOT_LARGE}",
        # Linear signal in the cord due to truncation artefact.
        rf"(?:\A|(?<=[;:,] )){_NAMED},? {_LIKELY}{_FROM} (?:{_KIND} ){{0,2}}{_CAUSE}\b",
    )
)
# A part of each cause; to look for them one by one is quicker than one pattern.
_HINTS = (
    "artefact",
    "artifact",
    "disten",
    "peristal",
    "contraction",
    "summation",
    "superimpos",
    "overlapping",
    "volum",
    "prominent",
    "none of",
)
# What an artefact hides is not explained by it: "evaluation of the lung bases LIMITED due to motion artefact".
_HIDDEN = wordset(
    """limited degraded obscured obscures suboptimal evaluation assessment quality detail nondiagnostic limitation
    limitations not no excluded seen may might could possibly possible perhaps"""
)


def explained(words: str) -> Iterator[tuple[int, int]]:
    """Spans of a sentence, in lower case, that name what it explains away."""
    if not any(hint in words for hint in _HINTS):
        return
    for pattern in _EXPLAINED:
        for match in pattern.finditer(words):
            if _HIDDEN.isdisjoint(match.group("x").lower().split()):
                yield match.span("x")
