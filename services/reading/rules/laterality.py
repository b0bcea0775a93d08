"""Which side a mention is on."""

from __future__ import annotations

from integration.canonical import Side
from services.reading.rules.clauses import FINITE, Clause
from services.reading.rules.scope import Parsed
from services.reading.rules.tokens import Token
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_BREAKS = wordset("; but and with , without no after following status from since to than")


def side_of(parsed: Parsed, head: int, window: tuple[int, int]) -> Side | None:
    """The side said of the mention: in its noun phrase, else its clause, else the label it stands under."""
    tokens = parsed.sentence.tokens
    if SIDES.keys().isdisjoint([token.text for token in tokens]):
        return sides_in(parsed.sentence.context_tokens)
    clause = _whole_clause(parsed, head)
    return (
        _with_coordinated(tokens, window[0], sides_in(tokens[window[0] : window[1]]))
        or _nearest_before(tokens, clause.start, head)
        or _after(tokens, head, clause.end)
        or sides_in(parsed.sentence.context_tokens)
        or _leading(tokens, parsed.sentence.label, head)
    )


def _whole_clause(parsed: Parsed, head: int) -> Clause:
    """The head's clause, with the one before where it only adds to that: "the right kidney is normal WITHOUT ..."."""
    clause = parsed.clause_of(head)
    if clause.start > parsed.sentence.label and parsed.sentence.tokens[clause.start].text == "without":
        return Clause(parsed.clause_of(clause.start - 1).start, clause.end)
    return clause


def _with_coordinated(tokens: tuple[Token, ...], start: int, side: Side | None) -> Side | None:
    """ "Severe right AND MODERATE LEFT narrowing" is of both sides."""
    joined = side is not None and start >= 2 and tokens[start - 1].text in ("and", "or", "/", "&")
    before = SIDES.get(tokens[start - 2].text) if joined else None
    return Side.BILATERAL if before and before != side else side


def sides_in(tokens: tuple[Token, ...]) -> Side | None:
    """The side these words name, both when they name two."""
    found = {SIDES[token.text] for token in tokens if token.text in SIDES}
    if not found:
        return None
    if "bilateral" in found or len(found) == 2:
        return Side.BILATERAL
    return Side(found.pop())


def _nearest_before(tokens: tuple[Token, ...], start: int, head: int) -> Side | None:
    for at in range(head - 1, start - 1, -1):
        if tokens[at].text in SIDES:
            # "The left and right breasts" are both.
            joined = at - start >= 2 and tokens[at - 1].text in ("and", "or", "/")
            return sides_in(tokens[at - 2 if joined else at : at + 1])
    return None


def _after(tokens: tuple[Token, ...], head: int, end: int) -> Side | None:
    for at in range(head + 1, end):
        if tokens[at].text in _BREAKS:
            return None
        if tokens[at].text in SIDES:
            return sides_in(tokens[at : at + 1])
    return None


def _leading(tokens: tuple[Token, ...], label: int, head: int) -> Side | None:
    """ "In the right breast, there is a mass": the sentence opens with the place."""
    if label < len(tokens) and tokens[label].text in ("in", "at", "within", "on", "along"):
        for at in range(label, head):
            if tokens[at].text in FINITE:
                return None
            if tokens[at].text in SIDES:
                return sides_in(tokens[at : at + 1])
    return None
