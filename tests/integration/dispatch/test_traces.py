"""Traces reach a collector, link across processes, and carry no words."""

from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import Engine, select, update

from integration.hl7v2.mllp import whole
from services.dispatch.lessee import Lessee
from services.pipeline.context import fhir_client, site, systems
from services.pipeline.delivery import FhirTarget, send
from services.pipeline.readers import readers
from services.pipeline.receive import Arrival
from services.pipeline.run import Runner
from services.settings import Fhir, Settings, Telemetry
from services.store import deliveries
from services.store.tables import job
from services.telemetry import traces
from tests.collector import Collector
from tests.faults.sink import Sink
from tests.messages import oru
from tests.receiving import receive
from tests.system import eventually


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
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
    assert collector.arrived.wait(30)
    frame, job = [span for _, span in collector.spans()]
    assert (frame.name, job.name) == ("mllp frame", "job intake")
    assert stored == f"00-{frame.trace_id.hex()}-{frame.span_id.hex()}-01"
    assert job.links[0].trace_id == frame.trace_id != job.trace_id
    assert b"CANARY" not in b"".join(collector.received)


def by_name(collector: Collector) -> dict[str, Span]:
    return {span.name: span for _, span in collector.spans()}


@pytest.mark.parametrize("lost", [0, 1])
def test_a_report_is_followed_from_its_frame_over_the_reading_to_the_fhir_server(
    collector: Collector, engine: Engine, lost: int
) -> None:
    """Read in the job that took it in, or, once that has lost a worker, in a job of its own."""
    sink = Sink()
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
