"""One child: it opens messages and reads reports by the rules, one after the other, under limits the kernel keeps.

It holds no database, no broker and no secret of its own, writes no file, and names faults by their type alone.
"""

from __future__ import annotations

import itertools
import json
import math
import resource
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from integration import documents
from services.dispatch.children import wire
from services.dispatch.children.limits import Over, over
from services.reading.catalogue.library import Library, joined
from services.reading.reader import Catalogue, Question, Reader
from services.settings import Limits
from services.workflow import intake
from services.workflow.context import Site


@dataclass(frozen=True, slots=True)
class Trade:
    """What a child is born with."""

    site: Site
    library: Library
    rules: Reader
    limits: Limits


@dataclass(frozen=True, slots=True)
class Letter:
    """The message of a job, as `intake.opened` wants it."""

    door: str
    peer: str
    application: str
    facility: str
    part: int | None
    site_id: str
    body: bytes


def live(peer: socket.socket, trade: Trade) -> None:
    """Answers until the other side is gone, or a limit is met."""
    _settle_down(trade.limits)
    while True:
        try:
            head, body = wire.receive(peer)
        except wire.Closed:
            return
        _begin(trade.limits)
        answer, text = _answered(trade, head, body)
        signal.alarm(0)
        wire.send(peer, answer, text)
        if answer.get("over"):
            # Memory that was short once is in pieces.
            return


def _settle_down(limits: Limits) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGXCPU, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    space = _space() + limits.memory
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    # A core would hold a report.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    documents.limit(attachment=limits.attachment, pages=limits.pages)


def _space() -> int:
    """Bytes of address space a child is born with: libraries and the like, which no document asked for."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _begin(limits: Limits) -> None:
    """The kernel ends this process (SIGXCPU, SIGALRM) whatever the interpreter does by then."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + limits.cpu)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_REAL, limits.wall)


def _answered(trade: Trade, head: wire.Head, body: bytes) -> tuple[wire.Head, bytes]:
    try:
        text = _opened(trade, head, body) if head["ask"] == "open" else _read(trade, head, body)
        if len(text) > trade.limits.output:
            raise over("output", trade.limits)
    except Over as limit:
        return {"over": str(limit)}, b""
    except MemoryError:
        return {"over": str(over("memory", trade.limits))}, b""
    except Exception as error:
        return {"fault": type(error).__name__}, b""
    return {}, text


def _opened(trade: Trade, head: wire.Head, body: bytes) -> bytes:
    letter = Letter(**head["letter"], body=body)
    ends = list(itertools.accumulate(head["parts"]))
    parts = [body[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    found = intake.opened(letter, trade.site, parts)
    reports = found.understood.reports if found.understood else ()
    if any(len(report.text) > trade.limits.text for report in reports):
        raise over("text", trade.limits)
    return found.model_dump_json().encode()


def _read(trade: Trade, head: wire.Head, body: bytes) -> bytes:
    catalogue = _catalogue(trade.library, head["catalogue"])
    if catalogue.version != head["version"]:
        raise LookupError
    asked = Question.model_validate({**json.loads(body), "catalogue": catalogue})
    return trade.rules.read(asked).model_dump_json().encode()


def _catalogue(library: Library, name: str) -> Catalogue:
    if name in library.catalogues:
        return library.catalogues[name]
    return joined([library.catalogues[part] for part in name.split("+")])
