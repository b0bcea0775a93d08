"""Patients' names and words of reports are nowhere but in the database's own columns and on the FHIR server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import text

from tests.collector import Collector
from tests.faults.rig import Rig
from tests.messages import oru
from tests.system import eventually

CANARY = "CANARYBIRD"
# What operators read, whole.
SPOKEN = """
    SELECT reason FROM job UNION ALL SELECT reason FROM message UNION ALL SELECT reason FROM delivery
    UNION ALL SELECT message FROM notice UNION ALL SELECT detail::text FROM audit
    UNION ALL SELECT reason FROM suggestion
"""


@contextmanager
def broker_traffic(rig: Rig) -> Iterator[list[str]]:
    """Every command the broker is given."""
    heard: list[str] = []
    client = rig.valkey()
    monitor = client.monitor()
    monitor.__enter__()

    def listen() -> None:
        try:
            heard.extend(str(command["command"]) for command in monitor.listen())
        except (OSError, ValueError, AttributeError):
            return

    threading.Thread(target=listen, daemon=True).start()
    yield heard
    client.close()


def canaries(accession: str) -> list[bytes]:
    """A report that is read, and several that something goes wrong with."""
    good = oru(accession, f"There is a small right pleural effusion. {CANARY} said so.")
    named = good.replace(b"TESTCASE^ANY", f"{CANARY}^{CANARY}".encode())
    return [
        named,
        named.replace(b"PID|", b"PIX|").replace(accession.encode(), b"X1"),
        named.replace(accession.encode(), CANARY.encode() * 400),
        named.replace(b"|CS|CS|", f"|{CANARY}|CS|".encode()).replace(b"ORU^R01^ORU_R01", b"ADT^A08"),
        named.replace(b"|TX|", f"|{CANARY}|".encode()),
        f"no header {CANARY}".encode(),
    ]


@pytest.fixture
def collector(rig: Rig) -> Iterator[Collector]:
    """Every process sends its traces there."""
    made = Collector()
    with rig.configured(TELEMETRY__OTLP_ENDPOINT=made.url):
        yield made
    made.stop()


def test_a_patients_name_is_in_no_log_metric_trace_broker_message_or_reason(rig: Rig, collector: Collector) -> None:
    with broker_traffic(rig) as heard, rig.row("C canary") as row:
        with rig.peer() as peer:
            for body in canaries("CANARY1"):
                peer.send(body)
                peer.answer()
        row.feed(2)
    with rig.engine.connect() as connection:
        reasons = "\n".join(str(one) for (one,) in connection.execute(text(SPOKEN)))
        known = connection.execute(text("SELECT count(*) FROM report_version WHERE text LIKE '%CANARYBIRD%'")).scalar()
    assert known, "the canary was read"
    assert heard, "the broker was heard"
    assert_linked(eventually(lambda: steps(collector), 60, "traces of all processes"))
    outputs = {"reasons": reasons, "broker": "\n".join(heard), "postgres": rig.log("postgres")}
    outputs |= {"traces": b"".join(collector.received).decode("latin-1")}
    outputs |= {name: rig.log(name) for name in ("listener", "relay", "worker", "worker2", "sender")}
    outputs |= {f"metrics of {name}": metrics(rig, name) for name in ("listener", "relay", "worker", "sender")}
    leaks = {name: around(said) for name, said in outputs.items() if CANARY in said.upper()}
    assert leaks == {}


STEPS = {
    ("countersign-listener", "mllp frame"), ("countersign-worker", "job intake"),
    ("countersign-worker", "reading"), ("countersign-sender", "delivery"),
}  # fmt: skip


def steps(collector: Collector) -> dict[str, list[Span]] | None:
    """Spans by name, once every process has sent its own."""
    found: dict[str, list[Span]] = {}
    came = set()
    for process, span in collector.spans():
        came.add((process, span.name))
        found.setdefault(span.name, []).append(span)
    return found if came >= STEPS and delivered_from(found) <= read_in(found) else None


def delivered_from(found: dict[str, list[Span]]) -> set[bytes]:
    """Traces the deliveries say they come from."""
    return {span.links[0].trace_id for span in found["delivery"]}


def read_in(found: dict[str, list[Span]]) -> set[bytes]:
    """Traces in which a report was read; two workers send theirs when it suits them."""
    return {span.trace_id for name in ("job intake", "job analysis") for span in found.get(name, [])}


def assert_linked(found: dict[str, list[Span]]) -> None:
    """Over three processes: the frame, its job, the rules' reading inside it, the delivery of the job that read it."""
    frames = {span.span_id for span in found["mllp frame"]}
    jobs = {span.trace_id: span.span_id for span in found["job intake"]}
    assert {span.links[0].span_id for span in found["job intake"]} <= frames
    assert all(span.parent_span_id == jobs[span.trace_id] for span in found["reading"])
    assert delivered_from(found) <= read_in(found)


def around(said: str) -> str:
    at = said.upper().index(CANARY)
    return said[max(0, at - 60) : at + 60]


def metrics(rig: Rig, name: str) -> str:
    with urlopen(f"http://127.0.0.1:{rig.health[name]}/metrics", timeout=10) as answer:
        found = answer.read().decode()
    assert "countersign_" in found
    return str(found)
