"""Traces reach a collector, link across processes, and carry no words."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.settings import Telemetry
from services.telemetry import traces


class Collector:
    """An OTLP/HTTP collector that keeps what it is sent."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.arrived = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.received.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()
                collector.arrived.set()

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    traces.configure(Telemetry(otlp_endpoint=made.url), "test")
    yield made
    traces._tracers.clear()
    made.server.shutdown()


def test_without_a_collector_nothing_is_stored() -> None:
    with traces.span("mllp frame", bytes=1):
        assert traces.here() == ""


def test_the_workers_step_links_to_the_frame_it_came_from(collector: Collector) -> None:
    with traces.span("mllp frame", bytes=12):
        stored = traces.here()
    with pytest.raises(ValueError), traces.span("job intake", link=stored, job=7):
        raise ValueError("CANARY said the report")
    assert collector.arrived.wait(30)
    (batch,) = [ExportTraceServiceRequest.FromString(one) for one in collector.received]
    frame, job = batch.resource_spans[0].scope_spans[0].spans
    assert (frame.name, job.name) == ("mllp frame", "job intake")
    assert stored == f"00-{frame.trace_id.hex()}-{frame.span_id.hex()}-01"
    assert job.links[0].trace_id == frame.trace_id != job.trace_id
    assert b"CANARY" not in b"".join(collector.received)
