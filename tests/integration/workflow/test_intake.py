"""A stored message is understood, taken apart, or ignored with its reason; a replay begins anew."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, select, update

from integration.hl7v2.mllp import whole
from integration.hl7v2.senders import SenderMap, Senders
from services.domain.messages import ClaimedJob
from services.settings import Mllp, Queue, Settings
from services.store import inbox, jobs
from services.store.tables import job, message, report
from services.workflow.context import Site, systems
from services.workflow.intake import Opened, as_whole, opened, parts_of, take_in
from services.workflow.receive import Arrival
from tests.messages import oru
from tests.receiving import receive

OWN = oru("E1").replace(b"|RIS|NORTHSIDE|", b"|COUNTERSIGN|COUNTERSIGN|")


def store(engine: Engine, *bodies: bytes) -> list[int]:
    with engine.begin() as connection:
        received = receive(connection, [Arrival(whole(body)) for body in bodies], Mllp())
    return [each.message_id for each in received]


def work(engine: Engine, mllp: Mllp | None = None, *maps: SenderMap) -> None:
    """Every intake job that is ready, done."""
    settings = Settings(mllp=mllp or Mllp())
    site = Site(settings, Senders(maps), systems(settings))
    ready = select(job.c.id).where(job.c.kind == "intake", job.c.state == "ready").order_by(job.c.id).limit(1)
    with engine.begin() as connection:
        while (number := connection.scalar(ready)) is not None:
            claimed = jobs.claim(connection, number, "test", Queue())
            assert claimed is not None
            take_in(connection, claimed, opened_wholly(connection, claimed, site), site)


def opened_wholly(connection: Connection, claimed: ClaimedJob, site: Site) -> Opened:
    """As a worker opens a message: a part that completes its message with the others."""
    given = opened(claimed, site)
    parts = parts_of(connection, claimed, given)
    return as_whole(opened(claimed, site, parts.bodies), parts) if parts else given


def outcomes(engine: Engine) -> list[tuple[str | None, str, str]]:
    """(control id, state, reason) of every message, in the order of arrival."""
    with engine.connect() as connection:
        query = select(message.c.control_id, message.c.state, message.c.reason).order_by(message.c.id)
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def replay(engine: Engine, message_id: int) -> bool:
    with engine.begin() as connection:
        return inbox.requeue(connection, message_id)


def test_each_message_of_a_batch_is_judged_as_if_it_had_come_alone(engine: Engine) -> None:
    admission = b"MSH|^~\\&|RIS|NORTHSIDE|||2026||ADT^A08|D1|P|2.5\r"
    stranger = oru("S1").replace(b"|RIS|", b"|OTHER|")
    nameless = b"MSH|^~\\&|RIS|NORTHSIDE|||2026|||N1|P|2.5\r"
    store(engine, b"BHS|^~\\&|RIS||||2026||||B1\r" + oru("A1") + admission + stranger + OWN + nameless + b"BTS|5\r")
    work(engine, Mllp(allowed_senders=["RIS", "COUNTERSIGN"]))
    assert outcomes(engine) == [
        ("B1", "done", ""),
        ("A1", "done", ""),
        ("D1", "ignored", "ADT^A08 carries no report"),
        ("S1", "rejected", "MSH-3 is not on the allow-list"),
        ("E1", "ignored", "our own message come back"),
        ("N1", "rejected", "Send the message type in MSH-9."),
    ]
    with engine.connect() as connection:
        assert connection.scalars(select(report.c.accession)).all() == ["A1"]


def test_a_message_of_a_batch_belongs_to_the_site_of_its_own_sender(engine: Engine) -> None:
    store(engine, b"BHS|^~\\&|HUB||||2026||||B1\r" + oru("A1") + oru("A2").replace(b"|RIS|", b"|FAR|"))
    work(engine, None, SenderMap(application="FAR", site="far"))
    with engine.connect() as connection:
        assert connection.scalars(select(report.c.site_id).order_by(report.c.id)).all() == ["default", "far"]


def test_a_batch_replayed_reads_its_messages_again_and_makes_no_new_ones(engine: Engine) -> None:
    (batch,) = store(engine, oru("A1", priority="S") + oru("A2"))
    work(engine)
    before = outcomes(engine)
    assert replay(engine, batch)
    work(engine)
    assert outcomes(engine) == before and len(before) == 3
    with engine.connect() as connection:
        query = select(job.c.priority).where(job.c.kind == "intake").order_by(job.c.id)
        assert connection.scalars(query).all() == [0, 0, 2, 0, 0, 2]


def test_our_own_message_replayed_is_still_not_read(engine: Engine) -> None:
    (ours,) = store(engine, OWN)
    assert replay(engine, ours)
    work(engine)
    assert outcomes(engine) == [("E1", "ignored", "our own message come back")]


def test_a_message_whose_bytes_were_purged_cannot_be_replayed(engine: Engine) -> None:
    (purged,) = store(engine, b"MSH|^~\\&|RIS|NORTHSIDE|||2026||ADT^A08|D1|P|2.5\r")
    with engine.begin() as connection:
        connection.execute(update(message).values(body=None, truncated=True))
    assert not replay(engine, purged)


def test_which_characters_a_message_was_read_with_is_kept(engine: Engine) -> None:
    german = oru("A1", "Kein Erguß rechts.").decode()
    declared = german.replace("|2.5.1\r", "|2.5.1||||||8859/1\r").replace("|A1|P|", "|A2|P|")
    wrong = german.replace("|2.5.1\r", "|2.5.1||||||UNICODE UTF-8\r").replace("|A1|P|", "|A3|P|")
    store(engine, german.encode(), declared.encode("latin-1"), wrong.encode("latin-1"))
    work(engine)
    assert outcomes(engine) == [
        ("A1", "done", ""),
        ("A2", "done", "read as iso8859-1"),
        ("A3", "done", "MSH-18: the declared character set does not fit; read as cp1252"),
    ]
