"""Traces from the frame to the FHIR server, sent to an OTLP collector; off, and not even imported, without one.

A step in another process is a trace of its own that links to the step before it: hours may lie between them. What
a step asks of a model server or a FHIR server carries its context there, so that their spans are its children.
Attributes are ids, counts and kinds. Exceptions are not recorded: their words could quote a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from services.settings import Telemetry

if TYPE_CHECKING:
    from opentelemetry.trace import Link, Tracer

_tracers: list[Tracer] = []


def configure(settings: Telemetry, process: str) -> None:
    """Starts to send, where a collector is set. Raises nothing: a collector that is away costs traces only."""
    if not settings.otlp_endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"countersign-{process}"}))
    endpoint = settings.otlp_endpoint.rstrip("/").removesuffix("/v1/traces") + "/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    _tracers[:] = [provider.get_tracer("countersign")]


def is_on() -> bool:
    """Whether anybody listens."""
    return bool(_tracers)


@contextmanager
def span(name: str, *, link: str = "", **attributes: str | int) -> Iterator[None]:
    """One step; `link` is the trace context (W3C traceparent) of the step it follows from."""
    if not _tracers:
        yield
        return
    options: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}
    with _tracers[0].start_as_current_span(name, links=_links(link), attributes=attributes, **options):
        yield


def headers() -> dict[str, str]:
    """The HTTP headers that carry the step under way in this thread or task (W3C Trace Context); none when off.

    Never baggage: it could hold anything.
    """
    if not _tracers:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carried: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carried)
    return carried


def here() -> str:
    """The trace context of the step under way, to be stored for the next; "" when off."""
    return headers().get("traceparent", "")


def _links(context: str) -> list[Link]:
    from opentelemetry.trace import Link, SpanContext, TraceFlags

    parts = context.split("-")
    if len(parts) != 4:
        return []
    return [Link(SpanContext(int(parts[1], 16), int(parts[2], 16), is_remote=True, trace_flags=TraceFlags(1)))]
