"""Taking people out of a report's text, and refusing what cannot be cleaned safely.

Two nets. What the record knows (names, numbers) and what identifies anybody (dates, telephones, addresses … the
kinds of 45 CFR 164.514(b)(2)) is replaced by a word in brackets that says its kind. Then the result is looked at
again: a word that may be a name, or a number that may be one of a person, refuses the whole report. Ages up to 89
and years alone stay, as that rule allows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from integration.canonical import Record
from services.evaluation.identifying_patterns import PATTERNS
from services.evaluation.identity import Known, Span, is_one_edit_away, name_pattern, spans
from services.evaluation.vocabulary import WORD, folded, is_known, vocabulary

TOKENS = {
    "patient name": "[NAME]",
    "physician name": "[NAME]",
    "name": "[NAME]",
    "identifier": "[ID]",
    "accession number": "[ID]",
    "date": "[DATE]",
    "time": "[TIME]",
    "phone number": "[PHONE]",
    "e-mail address": "[ADDRESS]",
    "web address": "[ADDRESS]",
    "address": "[ADDRESS]",
    "institution": "[PLACE]",
    "age over 89": "[AGE]",
}
BRACKETED = re.compile("|".join(re.escape(token) for token in sorted(set(TOKENS.values()))))
SHORTEST_MISSPELLED = 5
# MR is a scanner and MS a disease, unless a full stop says otherwise.
TITLE = re.compile(r"\b(?:(?i:Drs?|Mrs|Prof)|Mr|Ms|(?:MR|MS)\.)(?!\w)\.?(?![ \t.]*(?: {3}|\[))")
LEFTOVERS = (
    ("a long number", re.compile(r"(?<![\d.])\d{5,}(?![\d.])|\d(?:[ -]\d){5,}")),
    ("an address of a mailbox or page", re.compile(r"@|https?:|www\.", re.IGNORECASE)),
    ("a title without the name it belongs to", TITLE),
)
ORDINARY = "a name in the record is also an ordinary word of the report"


class Cleaned(Record):
    """A text without people, and how many things of each kind were taken out."""

    text: str
    removed: dict[str, int]


class Unsafe(Exception):
    """The text cannot be cleaned safely. The message says why and holds none of it; `word` is what stopped it."""

    def __init__(self, reason: str, word: str = "") -> None:
        super().__init__(reason)
        self.word = word


def clean(text: str, known: Known, allowed: frozenset[str] = frozenset()) -> Cleaned:
    """The text without people. `allowed`: words (folded) that a person has looked at and that name nobody.

    Raises Unsafe.
    """
    words = vocabulary() | allowed
    _check_names(text, known, words)
    found = _merged([*_kept(text), *spans(text, known), *_patterns(text), *_misspelled(text, known, words)])
    cleaned = _replaced(text, found)
    _check(cleaned, known, words)
    return Cleaned(text=cleaned, removed=dict(Counter(span.kind for span in found if span.kind)))


def _kept(text: str) -> Iterator[Span]:
    """Words in brackets that stand for something taken out before: cleaning twice is cleaning once."""
    for match in BRACKETED.finditer(text):
        yield Span(start=match.start(), end=match.end(), kind="")


def _patterns(text: str) -> Iterator[Span]:
    for kind, patterns in PATTERNS:
        for pattern in patterns:
            for match in pattern.finditer(text):
                group = "it" if "it" in pattern.groupindex and match.group("it") else 0
                start, end = match.span(group)
                if end > start:
                    yield Span(start=start, end=end, kind=kind)


def _misspelled(text: str, known: Known, words: frozenset[str]) -> Iterator[Span]:
    """Words one typing error away from a name of the record, unless they are words of reports."""
    for kind, names in (("patient name", known.patient), ("physician name", known.physicians)):
        plain = [folded(name) for name in names if len(name) >= SHORTEST_MISSPELLED]
        for match in WORD.finditer(text):
            word = folded(match.group())
            if not is_known(word, words) and any(is_one_edit_away(word, name) for name in plain):
                yield Span(start=match.start(), end=match.end(), kind=kind)


def _merged(found: Sequence[Span]) -> list[Span]:
    """Spans that overlap become one, of the kind of the first in order of trust: what is known before patterns."""
    rank = {id(span): at for at, span in enumerate(found)}
    merged: list[tuple[int, Span]] = []
    for span in sorted(found, key=lambda each: (each.start, -each.end)):
        if merged and span.start < merged[-1][1].end:
            best, last = merged[-1]
            kind = last.kind if best <= rank[id(span)] else span.kind
            whole = Span(start=last.start, end=max(last.end, span.end), kind=kind)
            merged[-1] = (min(best, rank[id(span)]), whole)
        else:
            merged.append((rank[id(span)], span))
    return [span for _, span in merged]


def _replaced(text: str, found: Sequence[Span]) -> str:
    pieces, at = [], 0
    for span in found:
        pieces += [text[at : span.start], TOKENS[span.kind] if span.kind else text[span.start : span.end]]
        at = span.end
    return "".join([*pieces, text[at:]])


def _check_names(text: str, known: Known, words: frozenset[str]) -> None:
    """A patient called Small: taking the word out would change what the report says, leaving it in could name her."""
    lower = {match.group() for match in WORD.finditer(text) if match.group().islower()}
    ordinary = {folded(name) for name in (*known.patient, *known.physicians)} & words
    if hit := sorted({word for word in lower if folded(word) in ordinary}):
        raise Unsafe(ORDINARY, hit[0])


def _check(cleaned: str, known: Known, words: frozenset[str]) -> None:
    bare = BRACKETED.sub(lambda match: " " * len(match.group()), cleaned)
    for reason, pattern in LEFTOVERS:
        if match := pattern.search(bare):
            raise Unsafe(f"{reason} is left", match.group())
    if any(name_pattern(name).search(folded(bare)) for name in (*known.patient, *known.physicians)):
        raise Unsafe("a name of the record is left")
    if word := next(_unknown(bare, words), ""):
        raise Unsafe("a word is left that may be a name", word)


def _unknown(text: str, words: frozenset[str]) -> Iterator[str]:
    """Words that may name somebody: unknown and with a capital, or unknown where the text has no capitals to tell."""
    found = WORD.findall(text)
    cased = any(word[0].isupper() and word[1:].islower() for word in found) and any(word.islower() for word in found)
    also_lower = {folded(word) for word in found if word.islower()} if cased else set()
    for word in found:
        if (
            len(word) > 1
            and not (cased and word.islower())
            and folded(word) not in also_lower
            and not is_known(word, words)
        ):
            yield word
