"""Webhooks against a real receiver: what is told, to whom, how often, and what a kill or a refusal makes of it."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import AnyHttpUrl
from sqlalchemy import Engine, select, text, update

from services.doctor import examine
from services.settings import Database, Fhir, Settings, Webhook, Writeback
from services.store import advisories, deliveries, traces
from services.store.tables import advisory, notice, report
from services.store.tables import delivery as outbox
from services.workflow import webhooks
from services.workflow.webhooks import REFUSALS, Hook
from tests.databases import environment
from tests.integration.sender.house import House
from tests.integration.web.test_telling import EXAM
from tests.system import eventually
from tests.unit.test_webhooks import VERIFIED
from tests.webhook_receiver import Call, Received, receiver

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
SIGNED, OVERDUE = "report.signed", "critical_result.not_communicated"


@pytest.fixture
def pager() -> Iterator[Received]:
    with receiver() as received:
        yield received


@pytest.fixture
def home(engine: Engine, database: Database, pager: Received, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with a critical result to sign, no FHIR server, and two receivers of which one is another site's."""
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    made = House(engine, database, "http://127.0.0.1:9/none", Writeback())
    hooks = {"pager": hook(pager), "south": hook(pager, sites=["south"])}
    made.settings = made.settings.model_copy(update={"webhooks": hooks, "fhir": Fhir()})
    made.seed(EXAM)
    return made


def hook(received: Received, **more: Any) -> Webhook:
    return Webhook(url=AnyHttpUrl(received.url), secret_env="PAGER_SECRET", **more)


def hook_of(settings: Settings) -> Hook:
    return webhooks.hooks(settings)[0]


def send(home: House) -> list[str]:
    """What is due to the pager, carried out once."""
    with home.engine.begin() as connection:
        connection.execute(update(outbox).values(not_before=text("now()")))
        rows = deliveries.claim(connection, home.settings.queue, 10, webhook="pager")
    return webhooks.send(home.engine, rows, hook_of(home.settings))


def tell_overdue(home: House, hours: float) -> int:
    with home.engine.begin() as connection:
        signed = text(f"now() - interval '{hours} h'")
        connection.execute(update(advisory).values(signed_at=signed))
        return webhooks.tell_overdue(connection, home.settings)


def event_of(call: Call) -> Any:
    return VERIFIED(call.headers, call.body, SECRET)


def queued(engine: Engine) -> list[tuple[str, str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(select(outbox.c.kind, outbox.c.destination, outbox.c.state).order_by(outbox.c.id))
        return [(row[0], row[1], row[2]) for row in rows]


def test_a_signed_report_is_told_by_ids_and_links_to_those_who_want_it(home: House, pager: Received) -> None:
    home.sign()
    assert queued(home.engine) == [("webhook", "pager", "pending")]
    assert send(home) == ["sent"]
    (call,) = pager.calls
    event = event_of(call)
    assert (event["type"], event["data"]["report_id"], event["data"]["site"]) == (SIGNED, home.report_id, "default")
    assert event["data"]["links"]["api"] == f"http://127.0.0.1:8080/api/v1/reports/{home.report_id}"
    assert set(event["data"]) == {"site", "report_id", "version_id", "review_id", "delivery_id", "links"}
    with home.engine.connect() as connection:
        known = connection.execute(select(report)).mappings().one()
    said = call.body.decode() + json.dumps(dict(call.headers))
    for name in ("patient_name", "patient_id", "accession", "filler", "procedure"):
        assert not known[name] or known[name] not in said, name
    assert "pneumothorax" not in said.lower()


def test_what_is_not_taken_comes_again_under_its_id_and_what_is_refused_for_good_waits_for_a_person(
    home: House, pager: Received
) -> None:
    home.sign()
    pager.answers = [503, 302, 404]
    assert [send(home) for _ in range(4)] == [["postponed"]] * 3 + [["sent"]]
    assert len({call.headers["webhook-id"] for call in pager.calls}) == 1
    assert [event_of(call) for call in pager.calls] == [event_of(pager.calls[0])] * 4
    home.amend()
    home.sign()
    pager.answers = [410]
    assert send(home) == ["dead"]
    with home.engine.begin() as connection:
        (said,) = connection.execute(select(notice.c.message)).scalars()
        assert said.endswith("answered 410")
        (dead,) = deliveries.in_states(connection, ("dead",))
        assert deliveries.retry(connection, dead.id)
    pager.answers = [403] * REFUSALS
    assert [send(home)[0] for _ in range(REFUSALS)] == ["postponed"] * (REFUSALS - 1) + ["dead"]
    assert event_of(pager.calls[-1])["data"]["delivery_id"] == dead.id


def test_a_receiver_is_waited_for_as_long_as_it_asks_and_events_of_a_report_keep_their_order(
    home: House, pager: Received
) -> None:
    home.sign()
    home.amend()
    home.sign()
    pager.answers, pager.headers = [429], {"Retry-After": "1200"}
    assert send(home) == ["postponed"]
    with home.engine.begin() as connection:
        waits = text("SELECT min(not_before) > now() + interval '19 min' FROM delivery WHERE attempts = 1")
        assert connection.scalar(waits)
        assert deliveries.claim(connection, home.settings.queue, 10, webhook="pager") == []
    pager.headers = {}
    assert [send(home), send(home)] == [["sent"], ["sent"]]
    numbers = [event_of(call)["data"]["delivery_id"] for call in pager.calls]
    assert numbers[0] == numbers[1] < numbers[2]


def test_a_critical_result_nobody_was_told_of_is_told_once_with_what_became_of_it(home: House, pager: Received) -> None:
    home.sign()
    send(home)
    assert [tell_overdue(home, hours) for hours in (0.9, 24 * 9, 1.1, 1.1)] == [0, 0, 1, 0]
    assert send(home) == ["sent"]
    event = event_of(pager.calls[-1])
    assert event["type"] == OVERDUE
    with home.engine.begin() as connection:
        row = connection.execute(select(advisory)).mappings().one()
        assert event["data"]["advisory_id"] == row["id"]
        assert (event["data"]["communicated"], event["data"]["withdrawn"]) == (False, False)
        told = {key: row[key] for key in ("site_id", "report_id", "version_id", "identifier", "kind", "record")}
        advisories.tell(connection, {"person": "Ward 3"}, **told)
        connection.execute(update(advisory).values(overdue_at=None))
    assert tell_overdue(home, 1.1) == 0, "somebody was told"
    with home.engine.begin() as connection:
        connection.execute(update(outbox).where(outbox.c.kind == "webhook").values(state="dead"))
        deliveries.retry(connection, event["data"]["delivery_id"])
    assert send(home) == ["sent"]
    assert event_of(pager.calls[-1])["data"]["communicated"] is True


def test_nothing_is_told_of_a_training_message_or_of_what_a_receiver_did_not_ask_for(
    home: House, pager: Received
) -> None:
    hooks = {"pager": hook(pager, events=[SIGNED])}
    with home.engine.begin() as connection:
        connection.execute(update(report).values(processing="T"))
    home.sign()
    assert tell_overdue(home, 2) == 1
    with home.engine.begin() as connection:
        connection.execute(update(report).values(processing="P"))
        connection.execute(update(advisory).values(overdue_at=None))
    home.settings = home.settings.model_copy(update={"webhooks": hooks})
    assert tell_overdue(home, 2) == 1
    assert queued(home.engine) == []


def test_a_sender_killed_in_the_middle_of_a_call_tells_it_again(home: House, pager: Received) -> None:
    home.sign()
    pager.hold.clear()
    where = {
        **environment(home.settings.database),
        "PAGER_SECRET": SECRET,
        "COUNTERSIGN_WEBHOOKS": json.dumps({"pager": {"url": pager.url, "secret_env": "PAGER_SECRET"}}),
        "COUNTERSIGN_QUEUE__LEASE": "2",
        "COUNTERSIGN_QUEUE__RENEW": "0.5",
    }
    for how, after in ((signal.SIGKILL, 1), (signal.SIGTERM, 2)):
        sender = subprocess.Popen([sys.executable, "-m", "services.cli", "sender"], env=os.environ | where)
        try:
            eventually(lambda after=after: len(pager.calls) >= after, 60, "the receiver was called")  # type: ignore[misc]
            if how == signal.SIGTERM:
                pager.hold.set()
                eventually(lambda: queued(home.engine) == [("webhook", "pager", "sent")], 30, "it was taken")
        finally:
            sender.send_signal(how)
            ended = sender.wait(60)
        assert ended == (-9 if how == signal.SIGKILL else 0)
        if how == signal.SIGKILL:
            assert queued(home.engine) == [("webhook", "pager", "pending")]
    assert {call.headers["webhook-id"] for call in pager.calls} == {pager.calls[0].headers["webhook-id"]}
    assert event_of(pager.calls[-1])["type"] == SIGNED


def test_the_doctor_and_the_trace_say_what_waits_for_whom(home: House, pager: Received) -> None:
    def says(name: str) -> tuple[bool, str]:
        found = {each.what: each for each in examine(home.settings, listener=False)}
        return found[name].well, found[name].says

    assert says("webhook pager") == (True, "nothing waits for it")
    home.sign()
    pager.answers = [500]
    send(home)
    well, said = says("webhook pager")
    assert well and "1 events wait" in said and "answered 500" in said
    with home.engine.begin() as connection:
        connection.execute(update(outbox).values(destination="gone"))
        steps = traces.follow(
            connection, ["default"], "1", traces.meanings(connection, ["default"], "report/1"), texts=False
        ).steps
    well, said = says("webhook gone")
    assert not well and "names no such receiver" in said
    (step,) = [each for each in steps if each.lane == "delivery"]
    assert step.says.startswith(f"webhook {SIGNED} of version") and step.says.endswith("to gone answered 500")
    missing = home.settings.model_copy(
        update={"webhooks": {"pager": hook(pager).model_copy(update={"secret_env": "NO"})}}
    )
    home.settings = missing
    well, said = says("COUNTERSIGN_WEBHOOKS")
    assert not well and "the variable NO: the secret is empty" in said
