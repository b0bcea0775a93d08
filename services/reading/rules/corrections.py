"""What a later part of a report takes back: a preliminary read, a numbered item, a thing that is in fact another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from integration.canonical import SectionKind
from services.reading.rules.artefacts import explained
from services.reading.rules.headings import Block

_READ = r"(?:report|read(?:ing)?|impression|interpretation|results?|findings?|opinion|diagnosis|review|version)"
_AT_START = r"(?:^|(?<=[.!?]\s))[ \t>*#_=-]*"
_MARK = r"[ \t]*(?:\([^)\n]{0,60}\))?[ \t*]*(?::|-(?=\s)|–|$)"
_FIRST = (
    r"(?:prelim(?:inary)?|provisional|wet|initial|unverified|overnight|on[- ]?call|resident|registrar|trainee|stat)\b"
)
_LAST = r"(?:final(?:ised|ized)?|verified|attending|consultant|over-?read|staff|specialist)\b"
_PRELIMINARY = re.compile(rf"{_AT_START}{_FIRST}(?:[ \t]+{_READ})*{_MARK}", re.IGNORECASE | re.MULTILINE)
_FINAL = re.compile(
    rf"{_AT_START}{_LAST}(?:[ \t]+(?:attending|radiologist|consultant|{_READ}))*{_MARK}", re.IGNORECASE | re.MULTILINE
)
_AGREES = re.compile(
    r"\b(?:agree|concur|no (?:significant )?(?:change|discrepanc\w+)|unchanged from (?:the )?prelim\w*|as above)\b"
    r"|\bconfirmed\b",
    re.IGNORECASE,
)
_TAKES_BACK = r"(?:retract\w*|withdraw\w*|delet\w+|strik\w+|struck|disregard\w*|remov\w+|omit\w*|ignor\w+|cancel\w*)"
_ITEM = r"(?:impression )?(?:items?|points?|numbers?|nos?\.?|statements?|conclusions?|impressions?|#)\s*#?\s*"
_RETRACTED = re.compile(
    rf"\b{_ITEM}(?P<first>\d{{1,2}})\b[^.\n]{{0,60}}?\b(?:{_TAKES_BACK}|in error|erroneous|incorrect)\b"
    rf"|\b{_TAKES_BACK}\s+(?:the )?{_ITEM}(?P<second>\d{{1,2}})\b",
    re.IGNORECASE,
)
_OTHER_PATIENT = r"(?:in error|(?:on|under|for|to) (?:the wrong|a different|another) patient)"
_ALL_RETRACTED = re.compile(
    r"\b(?:report|dictation|study|exam\w*|findings|text)\b[^.\n]{0,40}\b(?:issued|dictated|entered|filed|signed|belongs?|is"
    rf"|was)\b[^.\n]{{0,30}}\b{_OTHER_PATIENT}\b"
    r"|\bdisregard (?:the )?(?:above|previous|prior|original|entire|whole|earlier)(?: \w+)? (?:report|dictation)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^[ \t]*\(?(?P<number>\d{1,2})[.)](?!\d)", re.MULTILINE)

_IS = (
    r"(?:is|are|was|were|represents?|corresponds? to|turn(?:s|ed) out to be|proved to be|proves to be|equates? to"
    r"|relates? to|reflects?)"
)
_NOT_SO = r"(?:in fact|actually|really|in reality|more correctly|truly|instead|rather)"
_ARTICLE = r"(?:an?|the|only an?|merely an?|simply an?|just an?)"
_NAMED = r"[^.;:\n]{2,80}?"
_TAKEN_FOR = (
    r"(?:termed|called|described as|reported as|read as|labell?ed(?: as)?|thought to be|felt to (?:be|represent)"
    r"|taken (?:for|as)|interpreted as|considered)"
)
_GIVEN = (
    r"(?:described|reported|called|interpreted|read|labell?ed|queried|given|dictated|mentioned|raised|mistaken"
    r"|thought of)"
)
_BEFORE = (
    r"(?:previously|initially|originally|earlier|first) (?:described|reported|suspected|questioned|raised|noted|called)"
)
_TURNED = (
    rf"(?:(?:is|was) (?:{_NOT_SO}|now (?:shown|known|felt|thought|believed|seen) to be)|turn(?:s|ed) out to be"
    r"|proved to be|proves to be)"
)
_MISTAKEN = (
    r"(?:mistaken|misinterpreted|misread|misdiagnosed|mimic(?:king|ked|s)?|simulat(?:e[sd]?|ing)|masquerading|confused)"
)
_REFUTED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # What was termed a calculus is a vascular calcification.
        rf"\bwhat (?:is|was|had been|has been)(?: \w+ly)? {_TAKEN_FOR} (?P<x>{_NAMED}) {_IS}\b",
        # The supposed calculus is a phlebolith.
        rf"\b(?:supposed|so-called|purported|putative|alleged) (?P<x>{_NAMED}),? {_IS}\b",
        # The lucency described as pneumothorax is a bulla.
        rf"\b{_GIVEN}(?: \w+){{0,3}}? (?:as|for) (?:possible |an? |the )*(?P<x>{_NAMED}),?"
        rf" {_IS} (?!unchanged|stable|again)",
        # The finding called a pneumothorax is a skin fold.
        rf"\b(?:called|termed|labell?ed) (?:an? |the )(?P<x>{_NAMED}),? {_IS} {_ARTICLE} ",
        # The mass is in fact a cyst.
        rf"(?:\A|(?<=[.;:] )|\b(?:the|this|that) )(?P<x>{_NAMED}) {_IS} {_NOT_SO} {_ARTICLE} ",
        # The previously described nodule proved to be a nipple shadow.
        rf"\b{_BEFORE} (?P<x>{_NAMED}) {_TURNED} {_ARTICLE} ",
        # It should read a bulla, not a pneumothorax.
        r"\bshould (?:read|have read|be|have been)\b[^.;\n]{1,80}?\b(?:not|rather than|instead of) "
        r"(?P<x>[^.;\n]{2,60})",
        # Skin fold mistaken for a pneumothorax.
        rf"\b{_MISTAKEN}(?: (?:for|as|with))?(?: an?| the)? (?P<x>[^.;,\n]{{2,60}})",
        # The reference to a pneumothorax was made in error.
        rf"\b(?P<x>{_NAMED}) (?:is|are|was|were|has been|have been)(?: \w+)? (?:in error|erroneous|retracted)\b",
    )
)
# One of these stands in whatever one of the patterns matches.
_HINTS = re.compile(
    r"what |suppos|so-called|purported|putative|alleged| as | for |in fact|actually|really|reality|correctly|truly"
    r"|instead|rather|turn|prove|should|mis|mimic|simulat|confused|masquerad|error|erroneous|retract|withdraw|now "
    r"|called |termed |labell?ed "
)


def without_superseded(text: str, found: list[Block]) -> list[Block]:
    """Blocks in their place: a preliminary read under a final one, and what an addendum takes back, tell nothing."""
    return _retracted(text, _staged(text, found))


def _staged(text: str, found: list[Block]) -> list[Block]:
    """A final read with sections of its own replaces the preliminary one; a remark on it corrects it."""
    first = _PRELIMINARY.search(text)
    last = _FINAL.search(text) if first else None
    if first is None or last is None:
        return found
    final = (last.end(), first.start() if first.start() > last.start() else len(text))
    preliminary = (first.end(), last.start() if last.start() > first.start() else len(text))
    told = text[slice(*final)]
    if not any(letter.isalpha() for letter in told):
        return found
    cut = [*_cut(found, (*final, *preliminary))]
    whole = not _AGREES.search(told) and any(
        _within(each, final) and each.kind is SectionKind.IMPRESSION for each in cut
    )
    return [_restaged(each, preliminary if whole else None, None if whole else final) for each in cut]


def _cut(found: Sequence[Block], at: Sequence[int]) -> Iterator[Block]:
    """The blocks, none of them across one of these places."""
    for block in found:
        inner = sorted({place for place in at if block.start < place < block.end})
        for start, end in zip([block.start, *inner], [*inner, block.end], strict=True):
            yield block._replace(start=start, end=end)


def _within(block: Block, span: tuple[int, int]) -> bool:
    return span[0] <= block.start < span[1]


def _restaged(block: Block, silent: tuple[int, int] | None, correcting: tuple[int, int] | None) -> Block:
    if block.kind not in (SectionKind.FINDINGS, SectionKind.IMPRESSION, SectionKind.OTHER):
        return block
    if silent and _within(block, silent):
        return block._replace(kind=SectionKind.OTHER)
    return block._replace(kind=SectionKind.ADDENDUM) if correcting and _within(block, correcting) else block


def _retracted(text: str, found: list[Block]) -> list[Block]:
    numbers: set[str] = set()
    start = len(text)
    for block in found:
        if block.kind is SectionKind.ADDENDUM:
            told = text[block.start : block.end]
            numbers |= {each.group("first") or each.group("second") for each in _RETRACTED.finditer(told)}
            start = block.start if _ALL_RETRACTED.search(told) else start
    silent = [*_items(text, found, numbers)]
    cut = [*_cut(found, [place for span in silent for place in span])] if silent else found
    return [
        block._replace(kind=SectionKind.OTHER)
        if (block.end <= start < len(text) and block.kind is not SectionKind.ADDENDUM)
        or any(_within(block, span) for span in silent)
        else block
        for block in cut
    ]


def _items(text: str, found: Sequence[Block], numbers: set[str]) -> Iterator[tuple[int, int]]:
    """The items of the impression with these numbers."""
    for block in found if numbers else ():
        if block.kind is SectionKind.IMPRESSION:
            marks = [*_NUMBERED.finditer(text, block.start, block.end)]
            ends = [*(mark.start() for mark in marks[1:]), block.end]
            for mark, end in zip(marks, ends, strict=False):
                if mark.group("number") in numbers:
                    yield mark.start(), end


def refuted(text: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Spans of a sentence that name what something was taken for and is not."""
    words = text[start:end].lower()
    away = tuple((start + first, start + last) for first, last in explained(words))
    if not _HINTS.search(words):
        return away
    found = (match.span("x") for pattern in _REFUTED for match in pattern.finditer(text, start, end))
    return (*away, *(span for span in found if not _says_the_same(text, span, end)))


def _says_the_same(text: str, span: tuple[int, int], end: int) -> bool:
    """ "The nodule is in fact a calcified nodule": the last word comes again."""
    last = text[slice(*span)].split()[-1].lower()
    return last in text[span[1] : end].lower()
