"""Traces reach a collector, link across processes, go along with every request, and carry no words."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import Engine, select, update

from integration.fhir.client import AsyncClient
from integration.fhir.errors import NotFound
from integration.fhir.exchange import read
from integration.hl7v2.mllp import whole
from services.dispatch.lease_keeper import Lessee
from services.engines import EngineSpec
from services.reading.reader import ReadingError
from services.reading.rules.reader import RulesReader
from services.settings import Fhir, Settings, Telemetry
from services.store import deliveries
from services.store.tables import job
from services.telemetry import traces
from services.workflow.context import endpoint, fhir_client, site, systems
from services.workflow.delivery import FhirTarget, send
from services.workflow.engine_reader import build_reader
from services.workflow.readers import readers
from services.workflow.receive import Arrival
from services.workflow.run import Runner
from tests.collector import Collector
from tests.contract.sglang.cases import QUESTION
from tests.faults.sink import Sink
from tests.messages import oru
from tests.receiving import receive
from tests.system import eventually


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "500")
    traces.configure(Telemetry(otlp_endpoint=made.url), "test")
    yield made
    traces._tracers.clear()
    made.stop()


def test_without_a_collector_nothing_is_stored() -> None:
    with traces.span("mllp frame", bytes=1):
        assert traces.here() == ""


def test_the_workers_step_links_to_the_frame_it_came_from(collector: Collector) -> None:
    with traces.span("mllp frame", bytes=12):
        stored = traces.here()
    with pytest.raises(ValueError), traces.span("job intake", link=stored, job=7):
        raise ValueError("CANARY said the report")
    spans = eventually(lambda: sent if len(sent := list(collector.spans())) == 2 else None, 30, "two spans")
    frame, job = [span for _, span in spans]
    assert (frame.name, job.name) == ("mllp frame", "job intake")
    assert stored == context(frame)
    assert job.links[0].trace_id == frame.trace_id != job.trace_id
    assert b"CANARY" not in b"".join(collector.received)


class Witness:
    """A server that is full, or knows nothing, and remembers the headers it was asked with."""

    def __init__(self) -> None:
        self.heard: list[dict[str, str]] = []
        witness = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(503)

            def do_GET(self) -> None:
                self._answer(404)

            def _answer(self, status: int) -> None:
                witness.heard.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def witness() -> Iterator[Witness]:
    made = Witness()
    yield made
    made.stop()


class Heard(Sink):
    """A sink that remembers the headers of what it was asked."""

    def __init__(self) -> None:
        self.heard: list[dict[str, str]] = []
        super().__init__()

    def answer(self, method: str, path: str, query: str, headers: Any, body: Any) -> tuple[int, dict[str, Any], str]:
        self.heard.append({name.lower(): value for name, value in headers.items()})
        return super().answer(method, path, query, headers, body)


def ask_model(witness: Witness) -> None:
    """One call with two attempts, which the server is too full for."""
    told = {"name": "m", "url": f"{witness.url}/v1", "model": "any", "local": True, "attempts": 2}
    reader = build_reader("m", {"m": EngineSpec.model_validate(told)}, RulesReader())
    with pytest.raises(ReadingError), traces.span("reading", engine="m"):
        reader.read(QUESTION)


def contexts(heard: list[dict[str, str]]) -> list[str]:
    """What each request carried, and that it carried nothing else of ours to be traced by."""
    assert not any(name in one for one in heard for name in ("baggage", "tracestate"))
    return [one.get("traceparent", "") for one in heard]


def context(span: Span) -> str:
    """As the standard writes it: sampled, its number drawn at random (W3C Trace Context 2, trace-flags)."""
    return f"00-{span.trace_id.hex()}-{span.span_id.hex()}-03"


def test_each_attempt_at_a_model_server_carries_the_context_of_the_reading(
    collector: Collector, witness: Witness
) -> None:
    ask_model(witness)
    assert collector.arrived.wait(30)
    (reading,) = [span for _, span in collector.spans()]
    assert contexts(witness.heard) == [context(reading)] * 2


async def test_tasks_side_by_side_carry_each_its_own_context(collector: Collector, witness: Witness) -> None:
    target = endpoint(Fhir.model_validate({"url": witness.url}))

    async def ask(number: int) -> None:
        with traces.span("delivery", delivery=number):
            await asyncio.sleep(0)
            with pytest.raises(NotFound):
                await client.run(read(f"Patient/{number}"))

    async with AsyncClient(target) as client:
        await asyncio.gather(*map(ask, range(4)))
        with pytest.raises(NotFound):
            await client.run(read("Patient/outside"))
    spans = eventually(lambda: sent if len(sent := list(collector.spans())) == 4 else None, 30, "four spans")
    assert sorted(contexts(witness.heard)) == sorted(["", *(context(span) for _, span in spans)])


async def test_without_a_collector_no_context_goes_out(witness: Witness) -> None:
    ask_model(witness)
    async with AsyncClient(endpoint(Fhir.model_validate({"url": witness.url}))) as client:
        with pytest.raises(NotFound), traces.span("delivery", delivery=1):
            await client.run(read("Patient/1"))
    assert contexts(witness.heard) == ["", "", ""]


def by_name(collector: Collector) -> dict[str, Span]:
    return {span.name: span for _, span in collector.spans()}


@pytest.mark.parametrize("lost", [0, 1])
def test_a_report_is_followed_from_its_frame_over_the_reading_to_the_fhir_server(
    collector: Collector, engine: Engine, lost: int
) -> None:
    """Read in the job that took it in, or, once that has lost a worker, in a job of its own."""
    sink = Heard()
    settings = Settings(fhir=Fhir.model_validate({"url": sink.url}))
    runner = Runner(engine, Lessee(engine, settings.queue), site(settings), readers(settings))
    with traces.span("mllp frame", bytes=1), engine.begin() as connection:
        receive(connection, [Arrival(whole(oru("T1")), trace=traces.here())], settings.mllp)
        connection.execute(update(job).values(lost=lost))
    for _ in range(1 + lost):
        with engine.connect() as connection:
            due = connection.scalar(select(job.c.id).where(job.c.state == "ready"))
        runner.run(due)
    with engine.begin() as connection:
        (row,) = deliveries.claim(connection, settings.queue, 1)
    assert send(engine, [row], FhirTarget(fhir_client(settings.fhir), systems(settings), settings)) == ["sent"]
    sink.stop()
    read_by = "job analysis" if lost else "job intake"
    names = {"mllp frame", "job intake", read_by, "reading", "delivery"}
    found = eventually(lambda: sent if names <= (sent := by_name(collector)).keys() else None, 30, "all steps arrived")
    frame, reading, analysis = found["mllp frame"], found["reading"], found[read_by]
    assert found["job intake"].links[0].span_id == analysis.links[0].span_id == frame.span_id
    assert (reading.trace_id, reading.parent_span_id) == (analysis.trace_id, analysis.span_id)
    assert found["delivery"].links[0].trace_id == analysis.trace_id
    assert set(contexts(sink.heard)) == {context(found["delivery"])}
