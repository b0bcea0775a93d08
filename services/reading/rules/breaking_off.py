"""Where a report breaks off: in the middle of a word, of a phrase or of a list."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache

from integration.canonical import Quote, SectionKind
from services.reading.lexicon import lexicon, names
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.asides import is_question
from services.reading.rules.headings import BODY
from services.reading.rules.heads import DEVICES
from services.reading.rules.sentences import Sentence
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import PARTS, SIDES
from services.reading.rules.wordset import wordset

_NEVER_LAST = frozenset(lexicon("endings")["joining"] + lexicon("endings")["verbs"])
_DEGREES = frozenset(lexicon("endings")["degrees"])
_SIZES = frozenset(lexicon("endings")["sizes"])
_QUALIFYING = _SIZES | frozenset(lexicon("adjectives")["qualifying"])
_BEYOND = frozenset(lexicon("endings")["beyond"])
_COURSES = frozenset(lexicon("endings")["courses"])
_PLACES = frozenset(lexicon("endings")["places"])
_RELATIONAL = frozenset(lexicon("endings")["relational"])
_OPENERS = frozenset(lexicon("endings")["openers"])
_CLOSED = re.compile(rf"(?:^|.*\b)(?:{'|'.join(lexicon('endings')['closed'])})", re.DOTALL)
_BE = wordset("is are was were be been being appears appear remains remain has have had")
_SIDES = frozenset(word for word in SIDES if word in ("left", "right"))
_ARTICLES = wordset("the a an this these")
# "A portable radiograph again" lacks what it shows again.
_TOLD = FINITE | wordset("seen shown be been being")
_WORD = re.compile(r"[a-z][a-z'/-]*|\d[\d.]*|,")
_LETTERS = re.compile(r"[a-z]{2,}")
# "re-", "the heart, the mediastinum,", "are prominent (".
_OPEN_MARK = re.compile(r"(?:,|\(|\s&|(?<=[a-z])[-/])\Z")
# "Thank you for this referral," closes a letter.
_CLOSING = re.compile(r"\b(?:thank|thanks|regards|sincerely|yours|best|kind|md|dr)\b[^.\n]*\Z", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"(?:\A|\n)[ \t]*[2-9][.)]\Z")
_CUT_HEADING = re.compile(
    r"\n[ \t]*(?P<said>IMPR[A-Z]{0,6}|FIND[A-Z]{0,4}|CONCL[A-Z]{0,5}|TECHN[A-Z]{0,4}|COMPAR[A-Z]{0,4})\Z"
)
_HEADINGS = ("IMPRESSION", "FINDINGS", "CONCLUSION", "TECHNIQUE", "COMPARISON")
_MARKS = ".!?;"
# The rest of a longer word that makes another form of the same: "thicken" and "thickens" say no less.
_INFLECTIONS = wordset("s es d ed ing er ers ly y al")
_SHORTEST = 2
# A beginning that is as long is no short form.
_SURE = 8
# Words of the last sentence that are looked at.
_LAST_WORDS = 40
_LOOK_BACK = 400
_FEW = 8


def broken_off(text: str, sentences: Sequence[Sentence], known: Iterable[str]) -> Quote | None:
    """The last words of a report that breaks off, None for one that is whole; `known`: names of findings.

    A report whose sentences have no full stop at all is taken to break off only after a word that ends nothing.
    """
    end = len(text.rstrip())
    if mark := _broken_list(text[max(0, end - _LOOK_BACK) : end]):
        return _quote(text, end - len(mark), end)
    last = next((each for each in reversed(sentences) if each.tokens), None)
    if last is None or text[last.end : end].strip(",(/&- \n\t") or text[end - 1] in _MARKS:
        return None
    said = text[max(last.start, end - _LOOK_BACK) : end]
    words = _WORD.findall(said.lower())[-_LAST_WORDS:]
    if not words or last.kind is SectionKind.OTHER or (not said.strip()[-1].isalpha() and not _OPEN_MARK.search(said)):
        return None
    return _quote(text, last.start, end) if _breaks(text, sentences, last, said, words, known) else None


def _quote(text: str, start: int, end: int) -> Quote:
    """The span, or its last words."""
    starts = [each.start() for each in re.finditer(r"\S+", text[start:end])][-_FEW:]
    first = start + (starts[0] if starts else 0)
    return Quote(text=text[first:end], start=first, end=end)


def _broken_list(tail: str) -> str:
    """A number that no item follows, or a part of a heading, at the end of the text."""
    if number := _BARE_NUMBER.search(tail):
        return number.group().strip()
    heading = _CUT_HEADING.search(tail)
    said = heading["said"] if heading else ""
    return said if any(name.startswith(said) and name != said for name in _HEADINGS if said) else ""


def _breaks(
    text: str, sentences: Sequence[Sentence], last: Sentence, said: str, words: list[str], known: Iterable[str]
) -> bool:
    if _OPEN_MARK.search(said):
        return not _CLOSING.search(said)
    if words[-1] == "no":
        return _denies_nothing(text, sentences, last, words)
    if words[-1] in _NEVER_LAST:
        return not _CLOSED.fullmatch(" ".join(words))
    if words[-1] in _SIDES:
        return _opens_phrase(words[:-1], without={"the", "to", "than", "from", "for"})
    if last.kind not in BODY or not (_have_marks(text, sentences, last) or len(words[-1]) >= _SURE):
        return False
    if _is_beginning(text, last, words[-1], known):
        return True
    return _have_marks(text, sentences, last) and not last.label and _lacks_noun(words, last)


def _denies_nothing(text: str, sentences: Sequence[Sentence], last: Sentence, words: list[str]) -> bool:
    """Whether "no" denies what does not follow; "Effusion: no" answers."""
    if last.label:
        return False
    if len(words) > 1:
        return words[-2] in _NEVER_LAST or words[-2] == ","
    before = next((each for each in reversed(sentences) if each.end <= last.start and each.tokens), None)
    return before is None or not is_question(text[before.start : before.end + 1])


def _have_marks(text: str, sentences: Sequence[Sentence], last: Sentence) -> bool:
    """Whether most other sentences of the report end with a full stop, or there is no other."""
    others = [each for each in sentences if each.kind in BODY and each.tokens and each.number != last.number]
    marked = sum(text[each.start : each.end + 1].rstrip()[-1:] in _MARKS for each in others)
    return 2 * marked >= len(others) if len(others) > 1 else marked == len(others)


def _lacks_noun(words: list[str], last: Sentence) -> bool:
    word, before = words[-1], words[-2] if len(words) > 1 else ""
    if word in _RELATIONAL:
        return before not in _BE | {"than", "not", "or"} and not before.endswith("ly")
    if word in _DEGREES:
        return before in _BE | {"to"} and not _CLOSED.fullmatch(" ".join(words))
    if word in _PLACES:
        return before not in _BE and _opens_phrase(words[:-1], without=set())
    if word in _QUALIFYING:
        if len(words) == 1 and word not in _SIZES:
            return False
        return _opens_phrase(words[:-1], without={"than", "to", "over", "at"})
    if word in _BEYOND:
        return before in _COURSES
    if word == "evidence":
        return before in ("no", "without", "any", "definite")
    if word == "again":
        return _TOLD.isdisjoint(words) and not _has_participle(words)
    return _is_told_nothing(words, last)


def _opens_phrase(before: list[str], without: set[str]) -> bool:
    """Whether the words before an adjective open a noun phrase, other adjectives of it left out."""
    adjectives = _QUALIFYING | _RELATIONAL | _PLACES | _SIDES | {","}
    at = len(before)
    while at and (before[at - 1] in adjectives or before[at - 1].endswith("ly")):
        at -= 1
    if at == 0:
        return bool(before) or "the" not in without
    if "," in before[at:]:
        return False
    opener = before[at - 1]
    if opener in ("and", "or"):
        return not _predicates(before[:at]) and not (at > 1 and before[at - 2] in _SIDES | _QUALIFYING)
    if at == 1 and opener in _ARTICLES:
        return True
    if opener in _BE:
        return at > 1 and before[at - 2] == "there"
    return opener in (_OPENERS | {"the"}) - without


def _predicates(words: list[str]) -> bool:
    """Whether an adjective after them may be said of a subject: "is small and"; not in "there are effusions and"."""
    return any(word in _BE and (at == 0 or words[at - 1] != "there") for at, word in enumerate(words))


def _is_told_nothing(words: list[str], last: Sentence) -> bool:
    """Whether a subject stands without what is told of it: "The cardiac silhouette", "There", "Heart"."""
    canon = last.tokens[-1].canon if last.tokens else ()
    nouns = ANATOMY | DEVICES | PARTS
    if words == ["there"]:
        return True
    if words[0] != "the" or not _TOLD.isdisjoint(words) or _has_participle(words):
        return False
    return not nouns.isdisjoint(canon)


def _has_participle(words: list[str]) -> bool:
    """Whether something may be told without a verb: "the tubes unchanged"."""
    return any(each.endswith("ed") and each not in _QUALIFYING for each in words)


def _is_beginning(text: str, last: Sentence, word: str, known: Iterable[str]) -> bool:
    """Whether the last word is none, and a known one begins with it: "pneumothor"."""
    if len(word) < _SHORTEST or not word.isalpha() or last.label == len(last.tokens):
        return False
    written = text[last.start : last.end].rstrip()[-len(word) :]
    if not (written.islower() or (written[1:].islower() and len(last.tokens) == 1)):
        return False
    return _begins(word, _vocabulary(tuple(known)))


def _begins(word: str, ordered: list[str]) -> bool:
    """Whether it is none of the words, and one that is no form of it begins with it."""
    longer = ordered[bisect_left(ordered, word) : bisect_left(ordered, word + "~")]
    return bool(longer) and longer[0] != word and all(each[len(word) :] not in _INFLECTIONS for each in longer)


@lru_cache(maxsize=64)
def _vocabulary(phrases: tuple[str, ...]) -> list[str]:
    """Every word of the word lists and of a catalogue's names, in order."""
    entries = (phrase for name in names() for key, listed in lexicon(name).items() for phrase in (key, *listed))
    return sorted({word for phrase in (*entries, *phrases) for word in _LETTERS.findall(phrase.lower())})
