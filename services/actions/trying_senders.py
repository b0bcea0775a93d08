"""What other sender maps would make of messages that are here, without reading one of them anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from integration.canonical import Door, Report
from integration.hl7v2.msh import read_header
from integration.hl7v2.report import Understood, read_reports
from integration.hl7v2.senders import Senders
from integration.reasons import kind_of_reason
from services.domain.messages import Message
from services.domain.words import MessageState


@dataclass
class Trial:
    """What became of messages under other maps; counts, and the ids of those whose outcome is another one."""

    read: list[int] = field(default_factory=list)
    ignored: list[int] = field(default_factory=list)
    still: Counter[str] = field(default_factory=Counter)
    lost: dict[int, str] = field(default_factory=dict)
    changed: list[int] = field(default_factory=list)
    same: int = 0


def tried(messages: Iterable[Message], now: Senders, then: Senders) -> Trial:
    """Messages in quarantine and messages that were read, under the maps in use and under others."""
    trial = Trial()
    for message, body in _single(messages):
        before, after = (_under(maps, message, body) for maps in (now, then))
        if message.state == MessageState.QUARANTINED:
            _count_held(trial, message, after)
        elif not before.reports:
            continue
        elif not after.reports:
            trial.lost[message.id] = after.quarantined or after.ignored
        elif _told(before.reports) != _told(after.reports):
            trial.changed.append(message.id)
        else:
            trial.same += 1
    return trial


def _count_held(trial: Trial, message: Message, after: Understood) -> None:
    if after.quarantined:
        trial.still[kind_of_reason(after.quarantined)] += 1
    else:
        (trial.read if after.reports else trial.ignored).append(message.id)


def _single(messages: Iterable[Message]) -> Iterator[tuple[Message, bytes]]:
    """HL7 messages with their bytes; a batch counts by its messages."""
    for message in messages:
        body = bytes(message.body or b"")
        header = read_header(body) if message.door == Door.HL7.value and body else None
        if header and not header.is_batch:
            yield message, body


def _under(maps: Senders, message: Message, body: bytes) -> Understood:
    return read_reports(body, message.site_id, maps.find(message.application, message.facility))


def _told(reports: Iterable[Report]) -> list[tuple[object, ...]]:
    return [(each.key_parts, each.status, each.text, each.sections, each.issued) for each in reports]
