"""A trace looked up by somebody, with its row in the audit trail, and as text to paste into a ticket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import cast

from sqlalchemy import Connection

from services.actions.operating import Operator
from services.domain.audit_actions import AuditAction
from services.domain.traces import Step, Trace
from services.store import audit, operating, traces


def traced(connection: Connection, by: Operator, asked: str, *, texts: bool = False) -> Trace | None:
    """The chain an id belongs to, of the operator's site; None where nothing has that id. The look is audited."""
    sites = [by.site] if by.site else traces.sites(connection)
    groups = traces.meanings(connection, sites, asked)
    if not groups:
        return None
    trace = traces.follow(connection, sites, asked, groups, texts=texts)
    entity = trace.found[0].ref
    noun, _, number = entity.partition("/")
    site = operating.site_of(connection, cast(operating.Noun, noun), int(number))
    assert site is not None
    audit.append(
        connection,
        site=site,
        actor=by.actor,
        action=AuditAction.TRACE_SHOW,
        entity=entity,
        report_id=int(number) if noun == "report" else None,
        detail={"steps": len(trace.steps), **({"text": True} if texts else {})},
    )
    return trace


def as_text(trace: Trace) -> str:
    """Line by line, times in UTC to the millisecond; holds patients' text only where the trace does."""
    return "\n".join(_lines(trace)) + "\n"


def _lines(trace: Trace) -> Iterator[str]:
    found = ", ".join(match.ref for match in trace.found)
    yield f"Trace of {found} ({trace.found[0].why})"
    for step in trace.steps:
        yield _line(step)
        yield from (f"    | {line}" for line in step.text.splitlines())
    if trace.left_out:
        yield f"{trace.left_out} more reports are not followed"
    if trace.others:
        yield f"It could also mean {', '.join(match.ref for match in trace.others)}"


def _line(step: Step) -> str:
    at = step.at.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
    return f"{at}  {step.lane:<8}  {step.ref:<18} {step.state:<12} {'; '.join([step.says, *spans(step)])}"


def spans(step: Step) -> Sequence[str]:
    """How long it waited, how long it took, how often it was tried again, in words."""
    said = [f"waited {duration(step.waited_ms)}"] if step.waited_ms else []
    said += [f"took {duration(step.took_ms)}"] if step.took_ms is not None else []
    return [*said, *([f"retried {step.retries}"] if step.retries else [])]


def duration(ms: int) -> str:
    """ "7 ms", "1.250 s", "3 min 20 s", "2 h 5 min": exact where it is short."""
    if ms < 1000:
        return f"{ms} ms"
    seconds = ms // 1000
    if seconds < 60:
        return f"{ms / 1000:.3f} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
