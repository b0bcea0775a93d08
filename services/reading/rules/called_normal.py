"""What a report calls normal is no finding: "NORMAL follicles", "the dura enhances NORMALLY", "Fazekas 0"."""

from __future__ import annotations

from services.reading.rules.heads import DEVICES
from services.reading.rules.places import Place
from services.reading.rules.scope import Parsed
from services.reading.rules.tokens import Token
from services.reading.rules.wordset import wordset

_PHYSIOLOGIC = wordset("physiologic physiological")
_STUDIES = wordset("study examination exam film radiograph cxr")
_CONTINUING = wordset("and with , heart liver size")
_FLUID = wordset("fluid effusion enhance calcify")
_BE = [["is"], ["are"], ["appears"], ["appear"], ["remains"]]
# Of a scale that begins at nothing; how far behind its name the figure stands.
_SCALES = wordset("fazekas")
_GRADED = 4
# Words between an enhancement and that it is normal, at most.
_NEAR = 7


def is_normal(parsed: Parsed, at: int, place: Place) -> bool:
    """Whether it is called normal: "normal follicles", "enhance normally", "the signal is normal"."""
    tokens = parsed.sentence.tokens
    # "NORMAL STUDY" is a finding by itself.
    if not DEVICES.isdisjoint(tokens[at].canon) or tokens[at].text in _STUDIES:
        return False
    # "A physiologic amount OF fluid."
    first = place.first - 3 if tokens[place.first - 1].text == "of" else place.first
    before = {token.text for token in tokens[max(0, first) : at]}
    if "normal" in before and "pressure" not in before:
        return True
    return not _PHYSIOLOGIC.isdisjoint(before) or _is_told_after(tokens[at], tokens[at + 1 :])


def _is_told_after(head: Token, rest: tuple[Token, ...]) -> bool:
    after = [token.text for token in rest[:_GRADED]]
    if after[:1] == ["normally"] or (after[:1] in _BE and "normal" in after[1:2]) or _is_within_normal(rest):
        return True
    if head.text in _SCALES:
        return "0" in after
    if _FLUID.isdisjoint(head.canon):
        return False
    return (not _PHYSIOLOGIC.isdisjoint(after[:2]) and "?" not in after) or _ends_normal(head, rest)


def _is_within_normal(after: tuple[Token, ...]) -> bool:
    """Whether what follows calls it normal: "tonsils 4 mm below the foramen magnum, WITHIN NORMAL RANGE"."""
    texts = [token.text for token in after]
    end = next((at for at, text in enumerate(texts) if text in (";", "but")), len(texts))
    at = next((at for at in range(end - 1) if texts[at : at + 2] == ["within", "normal"]), -1)
    last = at - 1 if at > 0 and texts[at - 1] == "," else at
    return at >= 0 and not any(text in _CONTINUING for text in texts[:last])


def _ends_normal(head: Token, after: tuple[Token, ...]) -> bool:
    """Whether an enhancement is called so at the end: "linear enhancement of the dura IS NORMAL"."""
    texts = [token.text for token in after if token.text != "."]
    own = texts[:-2]
    if "enhance" not in head.canon or [texts[-2:-1], texts[-1:]] not in ([["is"], ["normal"]], [["are"], ["normal"]]):
        return False
    return len(own) <= _NEAR and (own[-2:] == [",", "which"] or _CONTINUING.isdisjoint(own))
