"""One report's whole way, from any number it goes by, the same on the page, by the API and by the command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, insert, select, update
from typer.testing import CliRunner

from services.actions.operating import Operator
from services.actions.tracing import as_text, traced
from services.cli import build
from services.domain.traces import Lane, Trace
from services.settings import Worklist
from services.store import traces
from services.store.tables import account, audit, delivery, fhir_resource, job, message, report, suggestion
from services.web.app import create_app
from tests.databases import environment
from tests.integration.sender.house import House
from tests.messages import oru

PATIENT = ("Canarybird", "PA7")
BODY = oru("A7", "Canarybird has a large left pneumothorax.", control_id="C7")
MACHINE = Operator("operating system user 1")


@pytest.fixture
def sent(empty: House) -> House:
    """A report that came by HL7, was read, signed and sent; its message came twice."""
    empty.take(BODY)
    with empty.engine.begin() as connection:
        number = connection.scalar(select(message.c.id))
        again = {"site_id": "default", "door": "hl7", "bytes": 3, "sha256": "0" * 64, "state": "ignored"}
        connection.execute(insert(message).values(duplicate_of=number, **again))
    empty.read()
    assert empty.send() == ["sent"]
    empty.sign()
    assert empty.send() == ["sent"]
    return empty


@pytest.fixture
def client(sent: House) -> Iterator[TestClient]:
    settings = sent.settings.model_copy(
        update={"worklist": Worklist(demo_login=True, public_url="http://testserver", settle=0, undo=0)}
    )
    with TestClient(create_app(settings), follow_redirects=False) as client:
        client.post("/login/demo")
        yield client


def follow(connection: Connection, asked: str, by: Operator = MACHINE, *, texts: bool = False) -> Trace:
    found = traced(connection, by, asked, texts=texts)
    assert found is not None, asked
    return found


def test_every_number_leads_to_the_same_chain(sent: House) -> None:
    with sent.engine.begin() as connection:
        chain = [step.ref for step in follow(connection, "C7").steps]
        observation = connection.execute(select(fhir_resource.c.resource_type, fhir_resource.c.resource_id)).first()
        assert observation is not None
        jobs, sendings = (list(connection.scalars(select(table.c.id))) for table in (job, delivery))
        asked = ["A7", "PA7", f"report/{sent.report_id}", f"review/{sent.review_id}", "message/1", "MESSAGE/2"]
        asked += [f"{observation[0]}/{observation[1]}", f"https://fhir.test/r4/{observation[0]}/{observation[1]}"]
        asked += [observation[1], f"job/{jobs[-1]}", f"delivery/{sendings[0]}", f"CS{sendings[0]}"]
        for number in asked:
            assert [step.ref for step in follow(connection, number).steps] == chain, number


def test_the_chain_has_every_lane_in_order_of_time_with_waits(sent: House) -> None:
    with sent.engine.begin() as connection:
        steps = follow(connection, "C7").steps
    assert {step.lane for step in steps} == set(Lane)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert len([step for step in steps if step.lane is Lane.MESSAGE]) == 2
    deliveries = [step for step in steps if step.lane is Lane.DELIVERY]
    assert [step.state for step in deliveries] == ["sent", "sent"]
    assert all(step.took_ms is not None for step in deliveries)
    assert {"review.sign", "draft.approve"} <= {step.state for step in steps if step.lane is Lane.REVIEW}


def test_retries_and_reasons_are_told(sent: House) -> None:
    with sent.engine.begin() as connection:
        connection.execute(update(delivery).values(attempts=4, state="dead", sent_at=None, reason="answered 422"))
        said = as_text(follow(connection, "C7"))
    assert said.count("retried 3") == 2 and said.count("answered 422") == 2


def test_a_ticket_holds_no_patient_unless_it_is_asked_to(sent: House) -> None:
    with sent.engine.begin() as connection:
        plain, whole = (as_text(follow(connection, "C7", texts=texts)) for texts in (False, True))
        named = {"name": select(report.c.patient_name), "finding": select(suggestion.c.finding["name"].as_string())}
        words = [*PATIENT, "A7", *(str(connection.scalar(query)) for query in named.values())]
    for word in words:
        assert word not in plain and word in whole, word


def test_who_looks_is_in_the_trail_and_that_they_asked_for_the_text(sent: House) -> None:
    with sent.engine.begin() as connection:
        follow(connection, "A7", texts=True)
        query = select(audit.c.actor, audit.c.entity, audit.c.report_id, audit.c.detail)
        (row,) = connection.execute(query.where(audit.c.action == "trace.show"))
    assert tuple(row)[:3] == (MACHINE.actor, f"report/{sent.report_id}", sent.report_id)
    assert row[3]["text"] is True


def test_a_look_from_the_machine_is_in_the_trail_of_the_site_of_what_was_found(sent: House) -> None:
    with sent.engine.begin() as connection:
        north = insert(message).values(door="hl7", bytes=1, sha256="0" * 64, state="done", site_id="north")
        number = connection.execute(north.returning(message.c.id)).scalar_one()
        follow(connection, f"message/{number}")
        assert connection.scalars(select(audit.c.site_id).where(audit.c.action == "trace.show")).all() == ["north"]


@pytest.mark.parametrize("asked", ["C7", "A7", "PA7", "message/1", "report/1", "job/1", "delivery/1", "1"])
def test_another_site_finds_nothing(sent: House, asked: str) -> None:
    with sent.engine.begin() as connection:
        assert traced(connection, Operator("account/9", "north"), asked) is None
        assert not connection.scalars(select(audit.c.id).where(audit.c.action == "trace.show")).all()


def test_a_frame_leads_to_parts_of_its_own_site_alone(sent: House) -> None:
    with sent.engine.begin() as connection:
        part = {"door": "hl7", "bytes": 1, "sha256": "0" * 64, "state": "done", "parent_id": 1}
        for number, site in enumerate(("default", "north"), 1):
            connection.execute(insert(message).values(part=number, site_id=site, **part))
        ours = follow(connection, "message/1", Operator("account/1", "default"))
        everything = follow(connection, "message/1")
    assert len(everything.steps) - len(ours.steps) == 1
    assert not any("part 2" in step.says for step in ours.steps)


@pytest.mark.parametrize(
    "asked", ["", "   ", "unheard of", "report/999", "99999999999999999999", "job/99999999999999999999", "'; DROP", "%"]
)
def test_what_means_nothing_finds_nothing(sent: House, asked: str) -> None:
    with sent.engine.connect() as connection:
        assert traces.meanings(connection, ["default"], asked) == []


def test_a_bare_number_that_is_several_things_says_so(sent: House) -> None:
    with sent.engine.begin() as connection:
        found = follow(connection, "1")
    assert [each.ref for each in found.found] == ["report/1"]
    assert {"message/1", "delivery/1"} <= {each.ref for each in found.others}


def test_page_api_and_command_say_the_same(client: TestClient, sent: House) -> None:
    page = client.get("/trace", params={"id": "C7"})
    assert page.status_code == 200
    api = client.get("/api/v1/trace", params={"id": "C7"}).json()
    told = environment(sent.settings.database)
    ran = CliRunner().invoke(build(["trace"]), ["trace", "C7", "--json"], env=told)
    steps = [step for step in json.loads(ran.stdout)["steps"] if step["state"] != "trace.show"]
    assert steps == api["steps"]
    for step in api["steps"]:
        assert f'id="{step["ref"]}"' in page.text
    plain = CliRunner().invoke(build(["trace"]), ["trace", "C7"], env=told).stdout
    ticket = re.search(r'<pre id="ticket"[^>]*>(.*?)</pre>', page.text, re.S)
    assert ticket and ticket[1].count("\n") == plain.count("\n")


def test_the_picture_has_each_step_in_its_lane_inside_the_frame(client: TestClient) -> None:
    page = client.get("/trace", params={"id": "C7"}).text
    (picture,) = re.findall(r"<svg class=\"lanes\".*?</svg>", page, re.S)
    width = float(re.search(r'viewBox="0 0 (\d+)', picture)[1])  # type: ignore[index]
    boxes = [
        (float(x), float(w))
        for x, w in re.findall(r'<rect class="[^"]+" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', picture)
    ]
    assert boxes and all(x >= 84 and x + w <= width for x, w in boxes)
    assert all(label in picture for label in ("Messages", "Jobs", "Versions", "Readings", "Review", "Deliveries"))


def test_links_of_the_page_lead_somewhere(client: TestClient) -> None:
    page = client.get("/trace", params={"id": "C7"}).text
    for link in set(re.findall(r'<td><a href="(/[^"]+)"', page)):
        assert client.get(link.replace("&amp;", "&")).status_code == 200, link


def test_an_operator_alone_gets_no_text_and_a_reviewer_no_trace(client: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(account).values(roles=["operator"]))
    assert "Canarybird" not in client.get("/trace", params={"id": "C7"}).text
    assert client.get("/api/v1/trace", params={"id": "C7", "text": True}).status_code == 403
    with engine.begin() as connection:
        connection.execute(update(account).values(roles=["reviewer"]))
    assert client.get("/api/v1/trace", params={"id": "C7"}).status_code == 403


def test_what_is_unknown_is_said_so(client: TestClient) -> None:
    assert client.get("/api/v1/trace", params={"id": "nothing"}).status_code == 404
    page = client.get("/trace", params={"id": "nothing"})
    assert page.status_code == 404 and "Nothing is known" in page.text
