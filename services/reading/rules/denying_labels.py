"""Labels that deny what they list: "NO EVIDENCE OF: fracture, dislocation", "REMOVED SINCE LAST WEEK: K-wires"."""

from __future__ import annotations

from services.reading.rules.heads import FINDINGS
from services.reading.rules.sentences import Sentence
from services.reading.rules.wordset import wordset

_DENYING = frozenset(
    """no evidence of|no sign of|no signs of|no evidence for|negative for|absence of|absent|no|pertinent negatives
    |negatives|relevant negatives|important negatives|not seen|excluded|not identified|not present|none of the following
    |no evidence of the following|there is no""".replace("\n    ", "").split("|")
)
_GONE = wordset("removed resolved cleared discontinued explanted gone")


def denies(sentence: Sentence) -> bool:
    """Whether the sentence's own label says that what it lists is not there, or no more."""
    label = sentence.tokens[: sentence.label]
    if not label:
        return False
    if " ".join([token.text for token in label if token.text.isalpha()]) in _DENYING:
        return True
    named = any(not FINDINGS.isdisjoint(token.canon) for token in label)
    return not named and any(token.text in _GONE for token in label)
