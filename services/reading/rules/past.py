"""What is of before: "there might have been edema ON MONDAY", and what is found after an operation: "s/p CABG WITH"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.reading.rules.tokens import Token
from services.reading.rules.wordset import wordset

_MAY = wordset("may might could")
_BEEN = (["have", "been"], ["have", "had"])
_DAYS = wordset("monday tuesday wednesday thursday friday saturday sunday yesterday earlier previously before")
_EXAMS = wordset("prior previous outside earlier old last initial")
_OPERATION = re.compile(
    r"\w+(?:otomy|ectomy|ostomy|plasty|desis|centesis)|surgery|fusion|repair|replacement|placement|graft|grafting|shunt"
    r"|stent|clipping|coiling|stenting|resection|excision|bypass|cabg|avr|mvr|evacuation|biopsy|ablation|fixation|orif"
    r"|whipple|transplant|transplantation|drainage|removal"
)
_TREATED = wordset("radiation radiotherapy chemotherapy chemo adjuvant subsequent history")
_SIZED = wordset("small moderate mild large trace tiny minimal stable severe persistent unchanged new there")


def was_before(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether what may have been was so in another exam: "there MIGHT HAVE BEEN edema ON MONDAY"."""
    texts = [token.text for token in tokens[start:end]]
    if texts[:1] == [] or texts[0] not in _MAY or texts[1:3] not in _BEEN:
        return False
    return any(_is_of_other_day(tokens, at) for at in range(start + 3, end))


def _is_of_other_day(tokens: Sequence[Token], at: int) -> bool:
    text, before = tokens[at].text, tokens[at - 1].text
    if text in _DAYS:
        return True
    beside = tokens[at - 2].text if before == "the" else before
    return beside in ("on", "in", "at") and (text in _EXAMS or text.startswith("_"))


def is_found_after(tokens: Sequence[Token], start: int, at: int) -> bool:
    """Whether a finding follows an operation: "status post sternotomy WITH cardiomegaly", "CABG, SMALL effusion"."""
    if not any(_OPERATION.fullmatch(token.text) for token in tokens[start:at]):
        return False
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if tokens[at].text == "with":
        return following not in _TREATED
    return tokens[at].text == "," and following in _SIZED
