"""What names the nature of a thing described before it: "opacity at the left base, LIKELY PNEUMONIA"."""

from __future__ import annotations

from integration.canonical import Side
from services.reading.rules.heads import DEVICES, FINDINGS, LESIONS
from services.reading.rules.scope import Parsed
from services.reading.rules.side_words import is_side
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

# What is described and not named, so that a name may follow.
DESCRIBED = LESIONS | wordset(
    """opacity opacify density shadow shadowing haze haziness veil lucency collection attenuation signal enhance
    infiltrate blunt blunting step stranding restrict calcify area airspace consolidate reticular reticulation
    aeration irregular irregularity fullness"""
)
# "A left adrenal nodule, CONSISTENT with an adenoma" is one thing.
SAME = wordset(
    "consistent compatible keeping c/w representing suggestive suggesting likely suspicious concerning favored typical"
)
# What says of a thing what it is, or what it is due to; and how far before its name.
_EQUATES = SAME | wordset("represents represent reflecting reflects reflect s/o suggest suggests due secondary favors")
_EQUATING = 4
_HEDGES = (_EQUATES - {"due", "secondary"}) | wordset(
    "favor favour may could might possibly probably probable possible presumably presumed versus vs either"
)
_BE = wordset("is are was has have remains persists appears")
_LOOKS = DESCRIBED - LESIONS
# Words from what says so to the last of several names, at most.
_LISTED = 14
_STOPS = (FINITE - wordset("may could might represent represents reflect reflects suggests")) | wordset(
    "; no without with there but since because given small tiny trace moderate large"
)
# What leaves a name open behind it, and how far.
_OPEN = wordset("excluded exclude differential considered consideration")
_BEHIND = 8
_OPEN_STOPS = wordset("; , no without")
# None of these is the nature of what a report describes elsewhere.
_OWN = DEVICES | wordset("effusion pneumothorax fracture embolus hernia dissect cardiomegaly heart")


def is_nature(tokens: tuple[Token, ...], label: int, first: int) -> bool:
    """Whether what begins at token `first` is said to be the nature of what stands before."""
    before = {token.text for token in tokens[max(label, first - _EQUATING) : first + 2]}
    return first > label and not before.isdisjoint(_EQUATES)


def described_before(parsed: Parsed, head: int, first: int) -> int | None:
    """Token of the thing described before that the head names the nature of; None where it names none."""
    tokens, label = parsed.sentence.tokens, parsed.sentence.label
    trigger = _trigger(tokens, label, first, head)
    if trigger is None:
        return None
    described = (at for at in range(trigger, label - 1, -1) if not DESCRIBED.isdisjoint(tokens[at].canon))
    return next(described, None)


def _trigger(tokens: tuple[Token, ...], label: int, first: int, head: int) -> int | None:
    """Where it is said that the head is a nature: the word before it that says so, or before one left open."""
    told = tokens[head + 1].text in _BE if head + 1 < len(tokens) else False
    for at in () if told else range(head - 1, max(label, first - _LISTED) - 1, -1):
        if tokens[at].text in _HEDGES:
            return at - 1
        if at < first and (tokens[at].text in _STOPS or not _LOOKS.isdisjoint(tokens[at].canon)):
            break
    return first - 1 if first > label and is_left_open(tokens, head) else None


def is_left_open(tokens: tuple[Token, ...], head: int) -> bool:
    """ "Infection CANNOT BE EXCLUDED"."""
    if not _OWN.isdisjoint(tokens[head].canon):
        return False
    for token in tokens[head + 1 : head + 1 + _BEHIND]:
        if token.text in _OPEN:
            return True
        if token.text in _OPEN_STOPS or not FINDINGS.isdisjoint(token.canon):
            return False
    return False


def respective_side(tokens: tuple[Token, ...], head: int) -> Side | None:
    """The side of one of two in order: "the left lower and right lung, atelectasis AND PNEUMONIA RESPECTIVELY"."""
    end = next((at for at in range(head + 1, min(head + _LISTED, len(tokens))) if tokens[at].text == "respectively"), 0)
    joined = next((at for at in range(end - 1, max(0, end - _LISTED), -1) if tokens[at].text == "and"), 0)
    if not end or not joined:
        return None
    sides = [
        SIDES[token.text] for at, token in enumerate(tokens[:joined]) if token.text in SIDES and is_side(tokens, at)
    ]
    return Side(sides[head > joined]) if sorted(sides) == ["left", "right"] else None
