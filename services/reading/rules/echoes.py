"""What is said again of the other side without its name: "a similar finding on the right", "the left persists"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from integration.canonical import Side, Status
from services.reading.rules.heads import DEVICES, FINDINGS
from services.reading.rules.mentions import Mention
from services.reading.rules.sentences import Sentence
from services.reading.rules.tokens import Token
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_AGAIN = wordset("one ones another similar same likewise")
# "Change" and "finding" stand for what was named before.
_STANDS_FOR = wordset("change finding appearance lesion focus abnormality density")
_PRONOUNS = wordset("one another")
_AFTER_ONE = wordset("in on at within is was also seen overlying to")
_DENIED = wordset("no none not without nil absent normal")
_OTHERS = FINDINGS - _STANDS_FOR
_REACH = 10
_TOLD = (Status.PRESENT, Status.UNCERTAIN)
_LASTS = wordset("persists remains continues unchanged stable larger smaller increased decreased")
_GONE = wordset("resolved cleared gone removed")
_OPENING = wordset("; , and but while whereas although")
_IT = wordset("it this")
_ONE_SIDE = (["left"], ["right"])
_BE = wordset("is has are was now also been")


class _Echo(NamedTuple):
    """At token `at` something named before is said of `side`; `status`: None where it is that of before."""

    at: int
    side: Side
    end: int
    status: Status | None = None


def with_echoes(sentence: Sentence, own: list[Mention], before: Sequence[Mention]) -> list[Mention]:
    """A sentence's mentions; where it says the same of another side, those of itself or of the one before once more."""
    found = own
    for echo in _echoes(sentence.tokens):
        found = [each for each in found if not each.first <= echo.at < each.last]
        named = [each for each in found if each.first < echo.at and not _goes_with(each, found, echo)] or before
        found = found + [_again(each, sentence, echo) for each in named if _is_meant(each, echo)]
    return found


def _goes_with(mention: Mention, found: Sequence[Mention], echo: _Echo) -> bool:
    """Whether it only accompanies what "one" stands for: "metastasis on the left WITH EDEMA, and a small one ..."."""
    tokens = mention.sentence.tokens
    if tokens[echo.at].text not in _PRONOUNS:
        return False
    first = min((each.last for each in found if each.status in _TOLD), default=mention.first)
    return any(token.text == "with" for token in tokens[first : mention.first])


def _is_meant(mention: Mention, echo: _Echo) -> bool:
    """A device is only meant where it was told of the other side: what is similar to it may be elsewhere."""
    if echo.status is not None:
        return mention.own_side not in (None, echo.side)
    said = mention.sentence.tokens[mention.first : mention.last]
    return mention.status in _TOLD and all(DEVICES.isdisjoint(token.canon) for token in said)


def _again(mention: Mention, sentence: Sentence, echo: _Echo) -> Mention:
    """The mention of the other side, resting on the words that say it again."""
    status = echo.status or mention.status
    how = {Status.ABSENT: "resolved/clause", Status.PRESENT: "asserted/clause"}.get(status, mention.rule)
    return mention._replace(
        sentence=sentence,
        first=echo.at,
        last=echo.end,
        status=status,
        rule=how,
        scope=None,
        side=echo.side,
        own_side=echo.side,
    )


def _echoes(tokens: Sequence[Token]) -> Iterator[_Echo]:
    for at, token in enumerate(tokens):
        if token.text in _AGAIN and (token.text not in _PRONOUNS or _stands_alone(tokens, at)):
            yield from _like_it(tokens, at)
        elif token.text in _PRONOUNS and (told := _said_before(tokens, at)):
            yield _Echo(at, told, at + 1)
        elif token.text in _IT and (at == 0 or tokens[at - 1].text == ";"):
            yield from _lies_there(tokens, at)
        elif token.text in ("left", "right") and _is_subject(tokens, at - 1):
            yield from _of_its_own(tokens, at)


def _like_it(tokens: Sequence[Token], at: int) -> Iterator[_Echo]:
    """ "One", "similar": the first side after it, before another finding is named."""
    for place in range(at + 1, min(at + _REACH, len(tokens))):
        near = tokens[place]
        if near.text in _DENIED or not _OTHERS.isdisjoint(near.canon):
            return
        if near.text in SIDES:
            yield _Echo(at, Side(SIDES[near.text]), place + 1)
            return


def _lies_there(tokens: Sequence[Token], at: int) -> Iterator[_Echo]:
    """ "IT IS ON THE LEFT": where the thing named before lies, and nothing else."""
    texts = [token.text for token in tokens[at + 1 : at + 5]]
    if texts[:1] in (["is"], ["lies"]) and texts[1:3] in (["on", "the"], ["in", "the"]) and texts[3:] in _ONE_SIDE:
        following = tokens[at + 5].text if at + 5 < len(tokens) else "."
        if texts[1] == "on" or following == "lung":
            yield _Echo(at, Side(texts[3]), at + 5)


def _said_before(tokens: Sequence[Token], at: int) -> Side | None:
    """The side before "one" where that ends its remark: "ON THE RIGHT also a small one"."""
    if at + 1 < len(tokens) and tokens[at + 1].text not in (".", ";", ","):
        return None
    for place in range(at - 1, max(-1, at - _REACH), -1):
        near = tokens[place]
        if near.text in (",", ";", ".", "and") or near.text in _DENIED or not FINDINGS.isdisjoint(near.canon):
            return None
        if near.text in ("left", "right") and place > 1 and tokens[place - 2].text == "on":
            return Side(near.text)
    return None


def _of_its_own(tokens: Sequence[Token], at: int) -> Iterator[_Echo]:
    """ "THE LEFT persists": a side alone, and what became of it."""
    place = at + 1
    while place < len(tokens) and tokens[place].text in _BE:
        place += 1
    verb = tokens[place].text if place < len(tokens) else ""
    if verb in _LASTS or verb in _GONE:
        yield _Echo(at, Side(tokens[at].text), place + 1, Status.ABSENT if verb in _GONE else Status.PRESENT)


def _is_subject(tokens: Sequence[Token], at: int) -> bool:
    """Whether "the" at token `at` opens a clause: "the left persists", not "moderate on the left, unchanged"."""
    return at >= 0 and tokens[at].text == "the" and (at == 0 or tokens[at - 1].text in _OPENING)


def _stands_alone(tokens: Sequence[Token], at: int) -> bool:
    """Whether "one" is a pronoun: "one on the left", not "one new lesion"."""
    return at + 1 < len(tokens) and tokens[at + 1].text in _AFTER_ONE
