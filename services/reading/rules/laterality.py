"""Which side a mention is on: that of its own phrase, of the organ its clause is about, of its label."""

from __future__ import annotations

from integration.canonical import Side
from services.reading.rules.anatomy import ANATOMY, UNPAIRED, related
from services.reading.rules.appositions import (
    appended,
    before_dash,
    continues,
    goes_on,
    joins_aspects,
    joins_numbers,
    joins_place,
    leads_up,
    lists_on,
)
from services.reading.rules.clauses import Clause
from services.reading.rules.diffuse import is_diffuse, is_lent, is_of_change
from services.reading.rules.directions import TOWARDS, WANDERING, direction, goal_of, is_shifted
from services.reading.rules.heads import AMBIGUOUS_HEADS, DEVICES, FINDINGS, GENERIC_HEADS
from services.reading.rules.natures import SAME, described_before, is_nature, respective_side
from services.reading.rules.phrases import is_addition, noun_phrase
from services.reading.rules.plurals import (
    SAYING,
    countless,
    of_both,
    of_lobe,
    of_plural,
    of_subject,
    plural_next,
    symmetric,
    told_in,
)
from services.reading.rules.scope import Parsed
from services.reading.rules.sharing import is_placed, shared_place
from services.reading.rules.side_words import is_side, is_where_most, sides_in
from services.reading.rules.tokens import Token
from services.reading.rules.two_sides import MORE, coordinated, is_compared, is_elided, with_other
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import EMPTY_NOUNS, SIDES
from services.reading.rules.wordset import wordset

_BREAKS = wordset("; but and with without no after following status since to than")
_ENDING = _BREAKS | {","}
_FINDINGS = (AMBIGUOUS_HEADS | GENERIC_HEADS | DEVICES) - ANATOMY
# Nouns of which what follows is told: "trace right fluid, ATELECTASIS IN BOTH BASES".
_ALSO_FOUND = FINDINGS | wordset(
    """atelectasis emphysema pneumonia bronchiectasis scar scarring fibrosis granuloma reticulation honeycombing
    infiltrate haze contusion interstitial thicken ground glass"""
)
_MOST = MORE | wordset("largest biggest worst")
# Verbs of a clause that shares the subject before it.
_SHOWS = FINITE | wordset("shows show demonstrates has have contains contain")
# Tokens between two sides of one finding, at most.
_NEAR = 6
_FAR = 14
_TIPS = wordset("tip tips terminating ending")
# What ends what is said of one thing; a tip lies where its line does not.
_OTHERS = (_BREAKS - {"and"}) | _TIPS
# "A central protrusion CONTACTING BOTH roots" is on neither side.
_CONTACT = wordset(
    """contacting indenting compressing abutting touching displacing impinging encroaching effacing contacts indents
    compresses abuts touches displaces impinges encroaches effaces"""
)
_AGAINST = _CONTACT | wordset("against behind invading silhouetting obscuring beside adjacent next")
_EXTENDS = wordset("extends extend extending extended extension tracks tracking into")
# "Protrusion ECCENTRIC TO THE RIGHT".
_LEANS = wordset("eccentric asymmetric lateralizing lateralising biased paracentral skewed lateralized lateralised")
_REACHING = _EXTENDS | _LEANS
# Words that end or tell the place of a thing after it.
_TELLING = _ENDING | _TIPS | WANDERING | SIDES.keys() | {"as"}
_DETERMINED = wordset("a an the")
# Without one of these no side is said.
_SIDED = SIDES.keys() | SAYING | TOWARDS.keys()
# What one blow to a side of the chest hurts at once.
_WALL = wordset("rib pleura lung hemothorax hemithorax chest subcutaneous lobe base basal apical apex soft tissue")


def side_of(parsed: Parsed, head: int, window: tuple[int, int]) -> Side | None:
    """The side said of the mention: in its noun phrase, else its clause, else the label it stands under.

    What names a thing described before has the side of that: "opacities at the bases, likely PNEUMONIA".
    """
    tokens = parsed.sentence.tokens
    if _SIDED.isdisjoint([token.text for token in (*tokens, *parsed.sentence.context_tokens)]):
        return None
    if is_shifted(tokens, head):
        return direction(tokens, window, head)
    window = _without_tip(tokens, _with_noun(parsed, head, window), head)
    own = None if _is_of_liver(parsed, window) else _in_phrase(tokens, window, head)
    if not own and (side := respective_side(tokens, head) or _of_described(parsed, head, window[0])):
        return side
    return _side_of(parsed, head, window, own)


def _with_noun(parsed: Parsed, head: int, window: tuple[int, int]) -> tuple[int, int]:
    """The noun phrase of an adjective with that of the noun after it: "ATELECTATIC CHANGES in both bases"."""
    at = head + 1
    if at != window[1] or at >= parsed.clause_of(head).end or EMPTY_NOUNS.isdisjoint(parsed.sentence.tokens[at].canon):
        return window
    return window[0], noun_phrase(parsed, at, parsed.clause_of(head))[1]


def _of_described(parsed: Parsed, head: int, first: int) -> Side | None:
    described = described_before(parsed, head, first)
    if described is None:
        return None
    window = noun_phrase(parsed, described, parsed.clause_of(described))
    return _side_of(parsed, described, window, _in_phrase(parsed.sentence.tokens, window, described))


def _side_of(parsed: Parsed, head: int, window: tuple[int, int], own: Side | None) -> Side | None:
    """The side of the mention by its `own` one, else by the words around it."""
    tokens = parsed.sentence.tokens
    if is_compared(tokens, head) or (own and is_elided(tokens, head, own)):
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
    """Whether the lobe it lies in is one of the liver: "Liver: abscess in the RIGHT LOBE", "RT LOBE LIVER abscess"."""
    own = parsed.sentence.tokens[slice(*window)]
    lobe = any(token.text == "lobe" for token in own)
    return lobe and ("liver" in parsed.sentence.context or "liver" in _words(own))


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
    side = coordinated(tokens, start, end)
    if side and (of_both(own) or leads_up(tokens, start, side)):
        return Side.BILATERAL
    side = _joined(side, of_lobe(own)) if side else of_plural(own) or of_lobe(own) or symmetric(own)
    return Side.BILATERAL if side and (_goes_on(tokens, start, end, side) or lists_on(tokens, end, side)) else side


def _lesser(tokens: tuple[Token, ...], start: int, end: int) -> Side | None:
    """The side where there is less of the same: "on the right and, TO A LESSER DEGREE, ON THE LEFT"."""
    near = tokens[end : end + _FAR]
    less = next((at for at, token in enumerate(near) if token.text in ("extent", "degree")), 0)
    if not less or near[less - 1].text != "lesser":
        return None
    told = tokens[end + less : end + less + 6]
    another = _words(told) & _FINDINGS - _words(tokens[start:end])
    return None if another else sides_in(told)


def _joined(side: Side, other: Side | None) -> Side:
    """Both, where another side is told of the same: "the LINGULA and MIDDLE LOBE"."""
    return Side.BILATERAL if other not in (None, side) else side


def _goes_on(tokens: tuple[Token, ...], start: int, end: int, side: Side) -> bool:
    """Whether the same is said of the other side after the phrase: "emboli in the right main AND IN THE LEFT lower"."""
    if end >= len(tokens) or tokens[end].text not in (",", "and"):
        return False
    if (less := _lesser(tokens, start, end)) is not None:
        return less is not side
    placed = False
    for at in range(end + 1, min(end + 1 + _FAR, len(tokens))):
        token = tokens[at]
        if token.text in SIDES and is_side(tokens, at):
            return placed and SIDES[token.text] != side
        if token.text in FINITE or token.text in _OTHERS or not _ALSO_FOUND.isdisjoint(token.canon):
            return False
        placed = placed or token.text in ("in", "within")
    return False


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
            diffuse = is_diffuse(tokens, head) and is_lent(tokens, at, head)
            other = diffuse or _is_direction(tokens, at) or _is_of_finding(tokens, at, head)
            both = is_where_most(tokens, at) and of_plural(tokens[start:at])
            return None if other else both or _with_earlier(tokens, start, at)
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
    side = with_other(tokens, at)
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
    if any(token.text in FINITE or token.text in SAME for token in between):
        return False
    named = next((place for place, token in enumerate(between) if not _FINDINGS.isdisjoint(token.canon)), None)
    if named is None or not any(token.text == "," for token in between[named + 1 :]):
        return False
    if any(not UNPAIRED.isdisjoint(token.canon) for token in between[named + 1 :]):
        return True
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
        if word not in _TELLING or (word == "to" and tokens[at - 1].text in _REACHING):
            continue
        if word in _TIPS and [token.text for token in tokens[at + 1 : at + 2]] != ["of"]:
            return None
        if word in WANDERING and (goal := goal_of(tokens, at, end)):
            return told_in(goal)
        if word == "as" and is_addition(tokens, at):
            return _shared(tokens, head, at + 2, end)
        if word in _ENDING and not _stays_open(tokens, at):
            return _shared(tokens, head, at, end) or plural_next(tokens, at, end)
        if word in SIDES and is_side(tokens, at):
            return _side_after(tokens, head, at, end)
    return None


def _stays_open(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether the places go on after token `at`: "ribs 4, 5 AND 6", a place after "and" or a comma."""
    word = tokens[at].text
    if joins_numbers(tokens, at) or joins_aspects(tokens, at) or (word == "and" and joins_place(tokens, at)):
        return True
    return word == "," and _is_place_next(tokens, at + 1)


def _side_after(tokens: tuple[Token, ...], head: int, at: int, end: int) -> Side | None:
    """The side at token `at` after the head; of what only touches both there is none, nor of how edema changed."""
    if is_diffuse(tokens, head) and is_of_change(tokens, at):
        return None
    side = with_other(tokens, at) if tokens[head + 1].text not in (",", ":") else _apposed(tokens, at, end)
    side = Side.BILATERAL if _is_of_both(tokens, at, end) else side
    touched = any(token.text in _CONTACT for token in tokens[head:at])
    return None if touched and side is Side.BILATERAL else side


def _is_of_both(tokens: tuple[Token, ...], at: int, end: int) -> bool:
    """Whether the last of the places is on both sides: "the right upper and lower lobes BILATERALLY"."""
    for token in tokens[at + 1 : min(end, at + _NEAR + 1)]:
        if token.text == "bilaterally":
            return True
        if token.text in (",", "with") or token.text in FINITE or _named(token):
            return False
    return False


def _shared(tokens: tuple[Token, ...], head: int, at: int, end: int) -> Side | None:
    """The side of the place that what follows at token `at` shares with the head; none of a device."""
    if not DEVICES.isdisjoint(tokens[head].canon) or is_diffuse(tokens, head) or is_placed(tokens, head, at):
        return None
    place = shared_place(tokens, at, end)
    side = told_in(tokens[place[0] : place[1]]) if place else None
    # Of two "effusions" none is on the one side of what is told with them.
    return None if tokens[head].text == "effusions" and side is not Side.BILATERAL else side


def _apposed(tokens: tuple[Token, ...], at: int, end: int) -> Side:
    """The sides of the places in apposition: "infarcts, RIGHT MCA territory and LEFT posterior circulation"."""
    last = next(
        (place for place in range(at, end) if tokens[place].text in _BREAKS - {"and"} or _named(tokens[place])), end
    )
    own, told = with_other(tokens, at), sides_in(tokens[at:last])
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
    if not is_nature(tokens, label, first):
        return None
    # What "the lungs" are said to be tells no side.
    return told_in(tuple(token for token in tokens[label:first] if token.text != "lungs"))


def _leading(tokens: tuple[Token, ...], label: int, head: int) -> Side | None:
    """ "In the right breast, there is a mass": the sentence opens with the place."""
    if label < len(tokens) and tokens[label].text in ("in", "at", "within", "on", "along"):
        for at in range(label, head):
            if tokens[at].text in FINITE:
                return None
            if tokens[at].text in SIDES:
                return with_other(tokens, at)
    return None
