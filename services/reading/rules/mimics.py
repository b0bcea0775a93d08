"""What only looks like a finding: "the nodule at the left base is a NIPPLE SHADOW", "may just be OVERLYING breast"."""

from __future__ import annotations

from collections.abc import Sequence

from integration.canonical import Status
from services.reading.rules.mentions import Mention
from services.reading.rules.modifiers import Kind
from services.reading.rules.scope import Parsed
from services.reading.rules.tokens import Token
from services.reading.rules.wordset import wordset

# What says by one word that nothing is there.
_ARTEFACT = wordset(
    """artefact artefacts artefactual artefactually artifact artifacts artifactual artifactually summation
    projectional"""
)
# By two: what the first of them is, after the second.
_PAIRS = {
    "shadow": wordset("nipple breast composite companion summation"),
    "shadows": wordset("nipple breast composite companion summation"),
    "fold": wordset("skin"),
    "folds": wordset("skin"),
    "hardening": wordset("beam"),
    "averaging": wordset("volume"),
    "through": wordset("shine"),
    "motion": wordset("to respiratory patient"),
    "nipple": wordset("a the"),
}
# What lies over the film: "OVERLYING soft TISSUE".
_OVER = wordset("overlying superimposed overlapping overlap")
_TISSUES = wordset("breast breasts tissue tissues structures shadows clothing dressing dressings hair jewellery")
_MIMICS = _ARTEFACT | _TISSUES | _PAIRS.keys()
_DESCRIBING = wordset(
    """a an the just only merely simply all be to of from external overlying superimposed motion flow respiratory streak
    metal metallic dental partial beam nipple skin breast soft normal prominent cardiac pulsation mixing patient shine
    t2 chest wall likely probably possibly due secondary related being"""
)
_LINKS = wordset(
    """is are was were be represents represent reflects reflect relates relate due secondary attributed ascribed likely
    possibly probably presumably perhaps maybe favored favoured may might could ?"""
)
_HEDGES = wordset("likely possibly probably presumably perhaps maybe favored favoured may might could ?")
_LONGEST = 9
_NOT_LINKED = wordset("there by obscured degraded limited hampered not no without")
_PARTING = wordset(", ; and but with")
_FAR = 16


def without_mimics(parsed: Parsed, found: list[Mention]) -> list[Mention]:
    """The mentions; what is only an artefact is denied, what may be one left open."""
    told = _told(parsed)
    if told is None:
        return found
    link, status = told
    last = max((each.last for each in found if _reaches(parsed.sentence.tokens, each.last, link)), default=0)
    return [
        each._replace(status=status, rule="mimic") if each.status is Status.PRESENT and each.last == last else each
        for each in found
    ]


def _reaches(tokens: Sequence[Token], last: int, link: int) -> bool:
    """Whether nothing else is spoken of between: "nodule at the base, MAY BE", not "effusion, THE OPACITY is"."""
    between = [token.text for token in tokens[last:link]]
    return last <= link and len(between) <= _FAR and not _PARTING.intersection(between[:-2])


def _told(parsed: Parsed) -> tuple[int, Status] | None:
    """Where the sentence begins to say that what stood before is an artefact, and how surely; None: it does not."""
    tokens = parsed.sentence.tokens
    for at, token in enumerate(tokens):
        if token.text not in _MIMICS or not _is_mimic(tokens, at):
            continue
        link = _link(tokens, at)
        if link < 0:
            return None
        doubted = any(each.text in _HEDGES for each in tokens[link:at]) or any(
            scope.kind in (Kind.UNCERTAIN, Kind.VERSUS) and scope.start <= at < scope.end for scope in parsed.scopes
        )
        return link, Status.UNCERTAIN if doubted else Status.ABSENT
    return None


def _is_mimic(tokens: Sequence[Token], at: int) -> bool:
    text = tokens[at].text
    before = tokens[at - 1].text if at else ""
    if text in _TISSUES:
        return any(token.text in _OVER for token in tokens[max(0, at - 3) : at])
    return text in _ARTEFACT or before in _PAIRS.get(text, frozenset())


def _link(tokens: Sequence[Token], at: int) -> int:
    """The first word that joins the artefact to what it is said of; -1 where nothing does."""
    link = -1
    for place in range(at - 1, max(-1, at - _LONGEST), -1):
        text = tokens[place].text
        if text in _NOT_LINKED:
            return -1
        if text in _LINKS:
            link = place
        elif text not in _DESCRIBING and (place < at - 1 or not text.isalpha()):
            break
    return -1 if link > 0 and tokens[link - 1].text in _NOT_LINKED else link
