"""Nothing of a report message is lost in silence: every segment is read, said in a note, or holds the message back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.hl7v2.charset import decode
from integration.hl7v2.msh import read_header
from integration.hl7v2.parts import split
from integration.hl7v2.report import Understood, read_reports
from integration.hl7v2.segments import Segment, read_segments
from integration.hl7v2.senders import SenderMap

CORPUS = os.environ.get("COUNTERSIGN_CORPUS", "")
pytestmark = pytest.mark.skipif(not CORPUS, reason="COUNTERSIGN_CORPUS does not name the folder of the corpus")
WORD = re.compile(r"[A-Za-z]{4,}")
GONE = frozenset({"X", "D", "W"})


def messages() -> Iterator[tuple[str, bytes]]:
    for path in sorted(Path(CORPUS).rglob("*.hl7")):
        for part in split(path.read_bytes()):
            yield f"{path.name}#{part.number}", part.body


def taken(body: bytes) -> tuple[Understood, list[Segment]] | None:
    """A message that became reports, with its segments; None for one that says of itself that it did not."""
    understood = read_reports(body, "corpus", SenderMap())
    if not understood.reports:
        assert understood.ignored or understood.quarantined
        return None
    header = read_header(body)
    assert header is not None
    return understood, read_segments(decode(body, header.charset), header)


def lost(understood: Understood, segments: list[Segment]) -> list[str]:
    """Segments that are neither read, nor in a note, nor in a reason."""
    said = " ".join(part for report in understood.reports for part in (report.text, *report.notes)).casefold()
    named = " ".join((*understood.notes, *understood.problems, understood.quarantined))
    unread = next((note for note in understood.notes if note.startswith("not read: ")), "")
    groups = re.findall(r"of OBR (\d+)", " ".join((*understood.problems, understood.quarantined)))
    order, missing = 0, []
    for segment in segments:
        order += segment.name == "OBR"
        if str(order) in groups and segment.name in ("OBX", "NTE", "OBR", "ADD"):
            continue
        if segment.name in ("OBX", "NTE", "ADD") and not is_said(segment, said, named, understood):
            missing.append(segment.place)
        if segment.name.startswith("Z") and segment.name != "ZDS" and segment.name not in unread:
            missing.append(segment.place)
        if segment.name in ("OBR", "TXA"):
            missing += [f"{segment.name}-{n}" for n in unaccounted(segment) if f"{segment.name}-{n}" not in unread]
    return missing


def is_said(segment: Segment, said: str, named: str, understood: Understood) -> bool:
    number = {"OBX": 5, "NTE": 3, "ADD": 1}[segment.name]
    if segment.name == "OBX" and segment.value(11).upper() in GONE:
        return True
    value = segment.value(number)
    if value and any(value == report.order.study_uid for report in understood.reports):
        return True
    if re.search(rf"\b{segment.place}\b", named):
        return True
    if segment.value(2).upper() == "ED":
        return bool(said.strip())
    words = WORD.findall(segment.text(number).replace(segment.marks.component, " "))
    parts = re.split(f"[{re.escape(segment.marks.component + segment.marks.repetition)}]", segment.raw(number))
    heard = [word for word in words if word.casefold() in said]
    if not segment.raw(number).strip('" '):
        return True
    # Of a coded value its words, not the name of its code system.
    return len(heard) * 2 >= len(words) > 0 or any(part and part.casefold() in said for part in parts)


# What docs/hl7.md says is read of them; and set ids, which say nothing.
READ = {
    "OBR": {1, 2, 3, 4, 5, 7, 13, 15, 16, 18, 22, 24, 25, 27, 29, 31, 32, 44, 45},
    "TXA": {1, 2, 3, 4, 5, 6, 7, 9, 12, 14, 15, 17, 19, 22},
}


def unaccounted(segment: Segment) -> list[int]:
    return [n for n in range(1, len(segment.fields)) if n not in READ[segment.name] and segment.raw(n).strip(' "')]


def test_every_segment_of_every_corpus_message_is_accounted_for() -> None:
    counted, missing = 0, {}
    for name, body in messages():
        found = taken(body)
        if found:
            counted += 1
            if gaps := lost(*found):
                missing[name] = gaps
    assert counted > 190 and missing == {}


def test_the_account_can_fail() -> None:
    body = (Path(CORPUS) / "cases" / "015-nte-after-obx.hl7").read_bytes()
    found = taken(body)
    assert found is not None
    understood, segments = found
    bare = understood.model_copy(
        update={"notes": (), "reports": tuple(each.model_copy(update={"notes": ()}) for each in understood.reports)}
    )
    assert lost(understood, segments) == [] and "NTE 1" in lost(bare, segments)
