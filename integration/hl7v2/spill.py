"""An OBX whose text holds the field separator unescaped: the rest of the line stands in the fields after OBX-5."""

from __future__ import annotations

import re

from integration.hl7v2.segments import Segment, with_fields
from integration.hl7v2.senders import SenderMap

VALUE, UNITS, STATUS = 5, 6, 11
SPILT = "OBX-5 holds the field separator unescaped; the text after it is kept"
_WORD = re.compile(r"[^\W\d_]{2,}")
_FEWEST_WORDS = 2


def gathered(obx: Segment, sender: SenderMap) -> Segment:
    """The OBX with the text that ran into later fields back in OBX-5.

    The result status tells by how many fields they moved; without one, words right behind the text do.
    """
    if not any(map(str.strip, obx.fields[UNITS:STATUS])):
        return obx
    moved = _moved(obx, sender)
    if not moved:
        return obx
    text = obx.marks.field.join(obx.fields[VALUE : VALUE + moved + 1])
    return with_fields(obx, (*obx.fields[:VALUE], text, *obx.fields[VALUE + moved + 1 :]), SPILT)


def _moved(obx: Segment, sender: SenderMap) -> int:
    """By how many fields what follows OBX-5 has moved to the right."""
    if not _is_status(obx, STATUS, sender):
        for number in range(STATUS + 1, min(len(obx.fields), STATUS + 40)):
            if _is_status(obx, number, sender) and _speaks(obx.fields[VALUE + 1 : number - STATUS + VALUE + 1]):
                return number - STATUS
    if obx.raw(STATUS).strip():
        return 0
    behind = [number for number in range(UNITS, min(STATUS, len(obx.fields))) if obx.raw(number).strip()]
    told = behind and behind[0] == UNITS and len(_WORD.findall(obx.raw(UNITS))) >= _FEWEST_WORDS
    return behind[-1] - VALUE if told else 0


def _is_status(obx: Segment, number: int, sender: SenderMap) -> bool:
    word = obx.raw(number).strip()
    return bool(word) and len(word) < len("preliminary ") and sender.status_of(word) is not None


def _speaks(fields: tuple[str, ...]) -> bool:
    return any(_WORD.search(field) for field in fields)
