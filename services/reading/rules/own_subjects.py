"""Where a modifier that looks back finds the subject of its own, after a comma or where dictation leaves one out."""

from __future__ import annotations

from services.reading.rules.heads import DEVICES
from services.reading.rules.modifiers import Hit, Kind
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

SIZES = wordset(
    """small moderate mild minimal trace tiny large severe there multiple scattered one two three four five six seven
    eight nine ten twelve"""
)
_DETERMINERS = wordset("the this these a an")
_JOINING = FINITE | wordset(
    """of in and or , ; : ( at on to for from with within by than that as between along near if all under beneath below
    above over behind into around about through across underlying overlying inside outside beyond against"""
)
_NONE = wordset("none nil")
# Parts of a line or tube, words said of them, and what adds a part to what was told.
_PARTS = wordset("tip tips end ends aspect portion extent side-port sideport sidehole hole holes port course")
_OF_PART = _PARTS | _DETERMINERS | wordset("its their side distal proximal inferior most is are itself")
_ADDING = wordset("with and , but")
# What may stay unknown of a thing that is there: "hydronephrosis and hydroureter, CAUSE not shown".
_CAUSES = wordset("cause source level aetiology etiology reason origin obstruction")
# Words of a remark after a comma, at most; what makes it a part of a list, or of what stands before.
_REMARK = 5
_LISTING = wordset("and or nor of in on at for with this these it which that")
_PLACED_BY = wordset("with in at on within over")
_ADVERBS = wordset("more most less very as not also")
_SINCE = wordset("now since almost then has have is are also and or but partially")
_CHANGED = wordset(
    """improving improved stable unchanged persistent persisting persists decreased decreasing increased increasing
    smaller larger residual worsening worse better"""
)


def own_part(tokens: tuple[Token, ...], start: int, end: int) -> int:
    """Where a part has a remark of its own: "tube below the diaphragm WITH THE TIP not identified"."""
    at = end - 1
    while at > start and tokens[at].text in _OF_PART:
        at -= 1
    joined = start < at < end - 1 and tokens[at].text in _ADDING
    return at + 1 if joined and any(token.text in _PARTS for token in tokens[at + 1 : end]) else start


def subject_start(tokens: tuple[Token, ...], start: int, end: int) -> int:
    """Where the subject begins in dictation without punctuation: "... lower pole THE appendix is not seen"."""
    for at in range(end - 1, start, -1):
        if tokens[at].text in _DETERMINERS and tokens[at - 1].text not in _JOINING:
            return at
    return start


def own_remark(tokens: tuple[Token, ...], start: int, hit: Hit) -> int:
    """Where the subject of a denial begins after a comma: "drain in the left base, SIDE HOLES not seen"."""
    comma = next((at for at in range(hit.start - 1, start - 1, -1) if tokens[at].text == ","), -1)
    if comma < 0 or (comma == hit.start - 1 and tokens[hit.start].text not in _NONE):
        return start
    if tokens[hit.start - 1].text in _CAUSES and len(tokens[comma + 1 : hit.start]) <= _REMARK:
        return comma + 1
    listed = any(token.text in ("and", "or", "nor") for token in tokens[start : hit.start])
    return start if listed else comma + 1


def own_cause(tokens: tuple[Token, ...], start: int, hit: Hit) -> int:
    """Where a hedge without a verb begins after a comma: "infarcts in both territories, EMBOLIC SOURCE likely"."""
    ends = (",", "with") if len(hit.trigger.words) == 1 else (",",)
    comma = next((at for at in range(hit.start - 1, start - 1, -1) if tokens[at].text in ends), -1)
    own = tokens[comma + 1 : hit.start]
    if comma < 0 or not own or len(own) > _REMARK or not own[-1].text[0].isalpha():
        return start
    told = any(token.text in _LISTING or token.text in FINITE or token.text in SIDES for token in own)
    bare = own[-1].text in _ADVERBS or not SIZES.isdisjoint([token.text for token in own[:1]])
    verbal = hit.trigger.words[0] in FINITE
    return start if told or bare or verbal else comma + 1


def has_own_subject(tokens: tuple[Token, ...], start: int, hit: Hit) -> bool:
    """Whether what is gone is named after a comma: "right line in place, LEFT PICC removed"."""
    comma = next((at for at in range(hit.start - 1, start - 1, -1) if tokens[at].text == ","), hit.start)
    own = tokens[comma + 1 : hit.start]
    if hit.trigger.kind is not Kind.RESOLVED:
        return False
    if any(token.text in SIDES for token in own):
        return True
    return bool(own) and (_is_remark(tokens[start:comma], own) or _is_contrast(tokens[start:comma], own))


def _is_contrast(before: tuple[Token, ...], own: tuple[Token, ...]) -> bool:
    """Whether another thing is gone than the one that only changed: "IMPROVING discitis, epidural COLLECTION gone"."""
    changed = any(token.text in _CHANGED for token in before)
    last = own[-1].text
    return changed and len(own) <= _REMARK and last.isalpha() and not last.endswith("ly") and last not in _SINCE


def _is_remark(before: tuple[Token, ...], own: tuple[Token, ...]) -> bool:
    """Whether what is gone is a thing beside the one before: "tract with a burr hole, CATHETER removed"."""
    placed = any(token.text in _PLACED_BY or token.text in FINITE for token in before)
    return placed and len(own) <= _REMARK and not DEVICES.isdisjoint(own[-1].canon)
