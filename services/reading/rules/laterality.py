"""Which side a mention is on: that of its own phrase, of the organ its clause is about, of its label."""

from __future__ import annotations

from integration.canonical import Side
from services.reading.rules.anatomy import ANATOMY, UNPAIRED, related
from services.reading.rules.appositions import (
    appended,
    before_dash,
    continues,
    goes_on,
    joins_numbers,
    joins_place,
    lists_on,
)
from services.reading.rules.clauses import Clause
from services.reading.rules.directions import TOWARDS, direction, is_shifted
from services.reading.rules.heads import AMBIGUOUS_HEADS, DEVICES, FINDINGS, GENERIC_HEADS
from services.reading.rules.plurals import (
    ENDS,
    SAYING,
    countless,
    of_lobe,
    of_plural,
    of_subject,
    plural_next,
    symmetric,
)
from services.reading.rules.scope import Parsed
from services.reading.rules.sharing import shared_place
from services.reading.rules.side_words import is_side, sides_in
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_BREAKS = wordset("; but and with without no after following status since to than")
_FINDINGS = (AMBIGUOUS_HEADS | GENERIC_HEADS | DEVICES) - ANATOMY
# "A left adrenal nodule, CONSISTENT with an adenoma" is one thing.
_SAME = wordset(
    "consistent compatible keeping c/w representing suggestive suggesting likely suspicious concerning favored typical"
)
# What stands between two sides of one finding: "moderate right AND MILD left narrowing", "left > right".
_BETWEEN = wordset(
    """mild moderate severe minimal slight marked minor moderately mildly severely slightly markedly small large trace
    tiny minimally , and or / & + > < = greater than worse more less larger smaller bigger lesser the on side sided"""
)
_JOINS = _BETWEEN - wordset(", the on side sided")
_MORE = wordset("worse larger thicker greater more less denser bigger smaller milder")
_MOST = _MORE | wordset("largest biggest worst")
_DENIALS = wordset("no without nor")
_ONE_EACH = wordset("left right lt rt")
_UNITS = wordset("cm mm the x")
# Verbs of a clause that shares the subject before it.
_SHOWS = FINITE | wordset("shows show demonstrates has have contains contain")
# Tokens between two sides of one finding, at most.
_NEAR = 6
_NAMED_BY_KIND = FINDINGS | wordset(
    "aml angiomyolipoma lipoma hemangioma granuloma fibroid hamartoma adenoma polyp diverticulum hygroma meningioma"
)
_FAR = 14
_TIPS = wordset("tip tips terminating ending")
# What ends what is said of one thing; a tip lies where its line does not.
_OTHERS = (_BREAKS - {"and"}) | _TIPS
# "A central protrusion CONTACTING BOTH roots" is on neither side.
_CONTACT = wordset(
    """contacting indenting compressing abutting touching displacing impinging encroaching effacing contacts indents
    compresses abuts touches displaces impinges encroaches effaces"""
)
# What says of a thing what it is, or what it is due to; and how far before its name.
_EQUATES = _SAME | wordset("represents represent reflecting reflects reflect s/o suggest suggests due secondary favors")
_EQUATING = 4
_AGAINST = _CONTACT | wordset("against behind invading silhouetting obscuring beside adjacent next")
_EXTENDS = wordset("extends extend extending extended extension tracks tracking into")
# "Protrusion ECCENTRIC TO THE RIGHT".
_LEANS = wordset("eccentric asymmetric lateralizing lateralising biased paracentral skewed lateralized lateralised")
_DETERMINED = wordset("a an the")
# Without one of these no side is said.
_SIDED = SIDES.keys() | SAYING | TOWARDS.keys()
# What one blow to a side of the chest hurts at once.
_WALL = wordset("rib pleura lung hemothorax hemithorax chest subcutaneous lobe base basal apical apex soft tissue")


def side_of(parsed: Parsed, head: int, window: tuple[int, int]) -> Side | None:
    """The side said of the mention: in its noun phrase, else its clause, else the label it stands under."""
    tokens = parsed.sentence.tokens
    if _SIDED.isdisjoint([token.text for token in (*tokens, *parsed.sentence.context_tokens)]):
        return None
    if is_shifted(tokens, head):
        return direction(tokens, window, head)
    window = _without_tip(tokens, window, head)
    own = None if _is_of_liver(parsed, window) else _in_phrase(tokens, window, head)
    if _is_compared(tokens, head) or (own and _is_elided(tokens, head, own)):
        return Side.BILATERAL
    if own:
        return own
    if not UNPAIRED.isdisjoint(_words(_own_words(tokens, window, head))) or _is_of_liver(parsed, window):
        return appended(tokens, window[1]) or symmetric(tokens[parsed.clause_of(head).start : head])
    clause = _whole_clause(parsed, head)
    return (
        before_dash(parsed, head)
        or _nearest_before(tokens, clause.start, head)
        or _leading(tokens, parsed.sentence.label, head)
        or countless(tokens[window[0] : head])
        or _after(tokens, head, clause.end)
        or (None if _of_spine(tokens[window[0] : window[1]]) else sides_in(parsed.sentence.context_tokens))
        or goes_on(parsed, head)
        or _equated(tokens, parsed.sentence.label, window[0])
        or of_lobe(tokens[clause.start : clause.end])
        or symmetric(tokens[clause.start : clause.end])
        or of_subject(tokens, clause.start, head)
    )


def _own_words(tokens: tuple[Token, ...], window: tuple[int, int], head: int) -> tuple[Token, ...]:
    """The noun phrase without what it only touches: "collapsed AGAINST THE MEDIASTINUM"."""
    end = next((at for at in range(head + 1, window[1]) if tokens[at].text in _AGAINST), window[1])
    return tokens[window[0] : end]


def _is_of_liver(parsed: Parsed, window: tuple[int, int]) -> bool:
    """Whether the lobe it lies in is one of the liver, which the label says: "Liver: abscess in the RIGHT LOBE"."""
    own = parsed.sentence.tokens[slice(*window)]
    return "liver" in parsed.sentence.context and any(token.text == "lobe" for token in own)


def _of_spine(phrase: tuple[Token, ...]) -> bool:
    """Whether it is said of the spine itself, which has no side: "Degenerative change lower LUMBAR SPINE"."""
    return any("spine" in token.canon for token in phrase)


def _without_tip(tokens: tuple[Token, ...], window: tuple[int, int], head: int) -> tuple[int, int]:
    """A device's noun phrase without the place of its tip: "port catheter TIP IN THE LEFT BRACHIOCEPHALIC VEIN"."""
    if DEVICES.isdisjoint(tokens[head].canon):
        return window
    return window[0], next((at for at in range(head + 1, window[1]) if tokens[at].text in _TIPS), window[1])


def _words(tokens: tuple[Token, ...]) -> frozenset[str]:
    return frozenset(word for token in tokens for word in token.canon)


def _in_phrase(tokens: tuple[Token, ...], window: tuple[int, int], head: int) -> Side | None:
    start, end = window
    touched = next((at for at in range(head + 1, end) if tokens[at].text in _CONTACT), end)
    if sides_in(tokens[touched:end]) is Side.BILATERAL:
        end = touched
    own = tokens[start:end]
    side = _coordinated(tokens, start, end)
    side = _joined(side, of_lobe(own)) if side else of_plural(own) or of_lobe(own) or symmetric(own)
    return Side.BILATERAL if side and (_goes_on(tokens, end, side) or lists_on(tokens, end, side)) else side


def _lesser(tokens: tuple[Token, ...], end: int) -> Side | None:
    """The side where there is less of the same: "on the right and, TO A LESSER DEGREE, ON THE LEFT"."""
    near = tokens[end : end + _FAR]
    less = next((at for at, token in enumerate(near) if token.text in ("extent", "degree")), 0)
    if not less or near[less - 1].text != "lesser":
        return None
    return sides_in(tokens[end + less : end + less + 6])


def _joined(side: Side, other: Side | None) -> Side:
    """Both, where another side is told of the same: "the LINGULA and MIDDLE LOBE"."""
    return Side.BILATERAL if other not in (None, side) else side


def _goes_on(tokens: tuple[Token, ...], end: int, side: Side) -> bool:
    """Whether the same is said of the other side after the phrase: "emboli in the right main AND IN THE LEFT lower"."""
    if end >= len(tokens) or tokens[end].text not in (",", "and"):
        return False
    if (less := _lesser(tokens, end)) is not None:
        return less is not side
    placed = False
    for at in range(end + 1, min(end + 1 + _FAR, len(tokens))):
        token = tokens[at]
        if token.text in SIDES and is_side(tokens, at):
            return placed and SIDES[token.text] != side
        if token.text in FINITE or token.text in _OTHERS or not FINDINGS.isdisjoint(token.canon):
            return False
        placed = placed or token.text in ("in", "within")
    return False


def _coordinated(tokens: tuple[Token, ...], start: int, end: int) -> Side | None:
    """The side named in tokens [start, end), with the other one where it is said of the same thing."""
    found = [at for at in range(start, end) if tokens[at].text in SIDES and is_side(tokens, at)]
    sides = {_with_other(tokens, at) for at in found}
    return sides.pop() if len(sides) == 1 else Side.BILATERAL if sides else None


def _with_other(tokens: tuple[Token, ...], at: int) -> Side:
    """The side at token `at`; both where it stands beside the other: "left > right", "right hip, mild on the left"."""
    side = Side(SIDES[tokens[at].text])
    for step in (-1, 1):
        organ = step > 0 and at + 1 < len(tokens) and not ANATOMY.isdisjoint(tokens[at + 1].canon)
        place = at + step + organ
        while 0 <= place < len(tokens) and abs(place - at) <= _NEAR and tokens[place].text in _BETWEEN:
            place += step
        between = {token.text for token in tokens[min(at, place) + 1 : max(at, place)]}
        met = 0 <= place < len(tokens) and abs(place - at) <= _NEAR and not between.isdisjoint(_JOINS)
        if met and SIDES.get(tokens[place].text, side) != side and is_side(tokens, place):
            if organ and not _ends(tokens, place + 1):
                continue
            return Side.BILATERAL
    return side


def _is_compared(tokens: tuple[Token, ...], head: int) -> bool:
    """ "Facet arthropathy, WORSE ON THE RIGHT" is on both sides."""
    for at in range(head + 1, len(tokens)):
        if not _FINDINGS.isdisjoint(tokens[at].canon) or tokens[at].text in _DENIALS:
            return False
        if tokens[at].text not in SIDES:
            continue
        before = tokens[max(head, at - 3) : at]
        if _is_against(tokens, at):
            return True
        if before and before[0].text in _MORE and before[1:2]:
            return before[1].text in ("on", "in")
    return False


def _is_against(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether the side at token `at` is compared with the other: "R>L", "left greater than right"."""
    sign = tokens[at + 1].text if at + 1 < len(tokens) else ""
    other = at + (3 if sign in _MORE and [token.text for token in tokens[at + 2 : at + 3]] == ["than"] else 2)
    compared = sign in ("<", ">") or other == at + 3
    return compared and other < len(tokens) and {tokens[at].text, tokens[other].text} <= _ONE_EACH


def _is_elided(tokens: tuple[Token, ...], head: int, side: Side) -> bool:
    """ "Large left effusion, SMALL RIGHT", "left mass 6.1 cm, RIGHT 3.8 cm": the other side, the noun left out."""
    for at in range(head + 1, min(head + 1 + _NEAR + 3, len(tokens))):
        word = tokens[at].text
        if SIDES.get(word) == side:
            continue
        if word in SIDES:
            told = at + 1 < len(tokens) and tokens[at + 1].text in _BETWEEN and tokens[at + 1].text not in ENDS
            alone = _ends(tokens, at + 1 + told) and not _names_another(tokens, at + 1 + told)
            return SIDES[word] is not Side.BILATERAL and is_side(tokens, at) and alone
        if word not in _BETWEEN and not word[0].isdigit() and word not in _UNITS:
            return False
    return False


def _ends(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether no noun follows."""
    return at >= len(tokens) or tokens[at].text in ENDS or tokens[at].text[0].isdigit()


def _names_another(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether a thing of its own follows the size at token `at`: "cyst, R 12 MM STONE"."""
    while at < len(tokens) and (tokens[at].text[0].isdigit() or tokens[at].text in _UNITS):
        at += 1
    return any(not _NAMED_BY_KIND.isdisjoint(token.canon) for token in tokens[at : at + 2])


def _whole_clause(parsed: Parsed, head: int) -> Clause:
    """The head's clause, with the one before where it only adds to that: "the right kidney is normal WITHOUT ..."."""
    clause, tokens = parsed.clause_of(head), parsed.sentence.tokens
    first = clause.start + (tokens[clause.start].text in ("and", ",") and clause.start + 1 < clause.end)
    shared = tokens[first].text in ("without", "which") or tokens[first].text in _SHOWS
    if clause.start > parsed.sentence.label and (shared or continues(parsed, clause)):
        return Clause(parsed.clause_of(clause.start - 1).start, clause.end)
    return clause


def _nearest_before(tokens: tuple[Token, ...], start: int, head: int) -> Side | None:
    """The side of the organ the clause is about; that of another finding before this one is not its own."""
    for at in range(head - 1, start - 1, -1):
        if tokens[at].text in SIDES and is_side(tokens, at) and not _is_of_one(tokens, start, at, head):
            other = _is_direction(tokens, at) or _is_of_finding(tokens, at, head)
            return None if other else _with_earlier(tokens, start, at)
    return None


def _is_of_one(tokens: tuple[Token, ...], start: int, at: int, head: int) -> bool:
    """Whether it is the side of one of several told before: "collections bilaterally, THE LEFT ONE 5 cm"."""
    if any(token.text in ("where", "which") for token in tokens[at + 1 : head]):
        return False
    of_one = [token.text for token in tokens[at + 1 : at + 2]] == ["one"] or any(
        token.text in _MOST for token in tokens[max(start, at - 3) : at]
    )
    return of_one and any(SIDES.get(token.text) == "bilateral" for token in tokens[start:at])


def _is_direction(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether something goes there: "shift TO THE RIGHT, uncal herniation"."""
    before = [token.text for token in tokens[max(0, at - 2) : at] if token.text != "the"]
    return before[-1:] in (["to"], ["towards"], ["toward"])


def _with_earlier(tokens: tuple[Token, ...], start: int, at: int) -> Side:
    """The side at token `at`, with one named before of the same: "foci in the LEFT insula and one in the right"."""
    side = _with_other(tokens, at)
    joined = False
    for place in range(at - 1, max(start, at - _FAR) - 1, -1):
        token = tokens[place]
        if token.text in SIDES and is_side(tokens, place):
            return Side.BILATERAL if joined and SIDES[token.text] != side else side
        if token.text in FINITE or token.text in _BREAKS - {"and"} or not FINDINGS.isdisjoint(token.canon):
            return side
        joined = joined or token.text == "and"
    return side


def _is_of_finding(tokens: tuple[Token, ...], at: int, head: int) -> bool:
    """Whether the side at token `at` belongs to another finding, a comma before this one."""
    between = tokens[at + 1 : head]
    if any(token.text == "background" for token in between):
        return True
    if any(token.text in FINITE or token.text in _SAME for token in between):
        return False
    named = next((place for place, token in enumerate(between) if not _FINDINGS.isdisjoint(token.canon)), None)
    if named is None or not any(token.text == "," for token in between[named + 1 :]):
        return False
    return not _is_listed(tokens[at + 1 : at + 2 + named], between[named + 1 :], tokens[head])


def _is_listed(first: tuple[Token, ...], rest: tuple[Token, ...], head: Token) -> bool:
    """Whether what follows a finding is a bare list that shares its side: "left pneumothorax, rib fractures"."""
    if any(token.text in _DETERMINED or token.text in ("but", "no", "without") for token in rest):
        return False
    last = max(at for at, token in enumerate(rest) if token.text in (",", "and", "with"))
    own, organs = _words((*rest[last:], head)) & ANATOMY, _words(first) & ANATOMY
    if not (own <= _WALL and organs <= _WALL) and own and not related(organs, own):
        return False
    return _words(first).isdisjoint(DEVICES) and DEVICES.isdisjoint(head.canon)


def _after(tokens: tuple[Token, ...], head: int, end: int) -> Side | None:
    for at in range(head + 1, end):
        word = tokens[at].text
        if word == "to" and tokens[at - 1].text in _EXTENDS:
            continue
        if word == "to" and tokens[at - 1].text in _LEANS:
            continue
        if word in _TIPS and [token.text for token in tokens[at + 1 : at + 2]] != ["of"]:
            return None
        if joins_numbers(tokens, at) or (word == "and" and joins_place(tokens, at)):
            continue
        if word in _BREAKS or (word == "," and not _is_place_next(tokens, at + 1)):
            return _shared(tokens, head, at, end) or plural_next(tokens, at, end)
        if word in SIDES and is_side(tokens, at):
            side = _with_other(tokens, at) if tokens[head + 1].text not in (",", ":") else _apposed(tokens, at, end)
            touched = any(token.text in _CONTACT for token in tokens[head:at])
            return None if touched and side is Side.BILATERAL else side
    return None


def _shared(tokens: tuple[Token, ...], head: int, at: int, end: int) -> Side | None:
    """The side of the place that what follows at token `at` shares with the head; none of a device."""
    place = shared_place(tokens, at, end) if DEVICES.isdisjoint(tokens[head].canon) else None
    own = tokens[place[0] : place[1]] if place else ()
    return sides_in(own) or of_plural(own)


def _apposed(tokens: tuple[Token, ...], at: int, end: int) -> Side:
    """The sides of the places in apposition: "infarcts, RIGHT MCA territory and LEFT posterior circulation"."""
    last = next(
        (place for place in range(at, end) if tokens[place].text in _BREAKS - {"and"} or _named(tokens[place])), end
    )
    own, told = _with_other(tokens, at), sides_in(tokens[at:last])
    return Side.BILATERAL if Side.BILATERAL in (own, told) else own


def _named(token: Token) -> bool:
    return not _FINDINGS.isdisjoint(token.canon)


def _is_place_next(tokens: tuple[Token, ...], start: int) -> bool:
    """ "Simple cyst, 2.6 cm, LEFT LOWER POLE": the place follows in apposition."""
    following = tokens[start : start + 5]
    if any(not _FINDINGS.isdisjoint(token.canon) for token in following):
        return False
    return any(token.text in SIDES for token in following)


def _equated(tokens: tuple[Token, ...], label: int, first: int) -> Side | None:
    """The side of what this is said to be the nature of: "blunting of the left angle REPRESENTS pleural thickening"."""
    before = {token.text for token in tokens[max(label, first - _EQUATING) : first + 2]}
    return sides_in(tokens[label:first]) if first > label and not before.isdisjoint(_EQUATES) else None


def _leading(tokens: tuple[Token, ...], label: int, head: int) -> Side | None:
    """ "In the right breast, there is a mass": the sentence opens with the place."""
    if label < len(tokens) and tokens[label].text in ("in", "at", "within", "on", "along"):
        for at in range(label, head):
            if tokens[at].text in FINITE:
                return None
            if tokens[at].text in SIDES:
                return _with_other(tokens, at)
    return None
