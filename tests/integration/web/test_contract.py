"""API v1 keeps what it promised: the file, unknown parameters, problems, ETag, HEAD, gzip, docs, the client example."""

from __future__ import annotations

import base64
import copy
import importlib.util
import json
import re
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, func, insert, select, update

from integration.webhooks import Receiver, keys_of
from scripts.api_file import FILE, broken, described, text_of
from services.settings import Queue, Settings
from services.store import deliveries, notices, second_readings
from services.store.tables import account, draft, opening, report, report_version, review, second_reading
from services.web.app import PAGES
from services.workflow import webhooks
from tests import seeding
from tests.integration.workflow.test_intake import store, work
from tests.messages import oru
from tests.system import eventually

ROOT = Path(__file__).parents[3]
Json = dict[str, Any]


@pytest.fixture(scope="module")
def contract() -> Json:
    found: Json = json.loads(FILE.read_text())
    return found


def test_the_file_is_the_contract_and_says_what_the_code_does(contract: Json) -> None:
    now = described()
    assert broken(contract, now) == []
    assert FILE.read_text() == text_of(now), "python scripts/api_file.py"


def drop_operation(api: Json) -> None:
    del api["paths"]["/messages"]["get"]


def drop_parameter(api: Json) -> None:
    api["paths"]["/messages"]["get"]["parameters"].pop()


def need_parameter(api: Json) -> None:
    new = {"in": "query", "name": "new", "required": True, "schema": {"type": "string"}}
    api["paths"]["/messages"]["get"]["parameters"].append(new)


def narrow_limit(api: Json) -> None:
    for each in api["paths"]["/messages"]["get"]["parameters"]:
        if each["name"] == "limit":
            each["schema"]["maximum"] = 10


def drop_field(api: Json) -> None:
    del api["components"]["schemas"]["Step"]["properties"]["says"]


def retype_field(api: Json) -> None:
    api["components"]["schemas"]["Job"]["properties"]["id"] = {"type": "string"}


def need_field(api: Json) -> None:
    api["components"]["schemas"][chosen(api)]["required"].append("new")


def other_answer(api: Json) -> None:
    content = api["paths"]["/me"]["get"]["responses"]["200"]["content"]["application/json"]
    content["schema"] = {"$ref": "#/components/schemas/Done"}


def chosen(api: Json) -> str:
    reference = api["paths"]["/replays"]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return str(reference.rpartition("/")[2])


BREAKS = (
    drop_operation,
    drop_parameter,
    need_parameter,
    narrow_limit,
    drop_field,
    retype_field,
    need_field,
    other_answer,
)


@pytest.mark.parametrize("change", BREAKS)
def test_a_change_that_breaks_a_client_is_named(contract: Json, change: Callable[[Json], None]) -> None:
    changed = copy.deepcopy(contract)
    change(changed)
    assert len(broken(contract, changed)) == 1


def test_what_is_added_breaks_nobody(contract: Json) -> None:
    changed = copy.deepcopy(contract)
    changed["paths"]["/new"] = changed["paths"]["/me"]
    changed["components"]["schemas"]["Step"]["properties"]["more"] = {"type": "string"}
    new = {"in": "query", "name": "new", "required": False, "schema": {"type": "string"}}
    changed["paths"]["/messages"]["get"]["parameters"].append(new)
    assert broken(contract, changed) == []


def test_every_operation_says_who_may_and_ends_with_problems(contract: Json) -> None:
    assert set(contract["components"]["securitySchemes"]) == {"session", "csrf", "bearer"}
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            names = {name for way in operation["security"] for name in way}
            assert names == ({"session", "bearer"} if method == "get" else {"session", "csrf", "bearer"}), path
            assert {"401", "403", "422"} <= set(operation["responses"]), path
            bounded = [each for each in operation.get("parameters", []) if each["name"] == "limit"]
            assert all(each["schema"]["maximum"] == 1000 for each in bounded)


def test_an_unknown_parameter_is_refused_and_the_known_ones_are_named(reviewer: TestClient) -> None:
    for path in ("/me", "/reports", "/messages", "/jobs", "/audit", "/trace?id=x", "/feeds", "/people"):
        answer = reviewer.get(f"/api/v1{path}{'&' if '?' in path else '?'}limitt=3")
        assert answer.status_code == 422, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["field"] == "query.limitt"
    assert "limit" in reviewer.get("/api/v1/messages?limitt=3").json()["errors"][0]["allowed"]


@pytest.mark.parametrize(
    ("path", "field", "allowed"),
    [
        ("/messages?state=gone", "query.state", "quarantined"),
        ("/jobs?state=gone", "query.state", "dead"),
        ("/messages?limit=5000", "query.limit", "at most 1000"),
        ("/messages?limit=0", "query.limit", "at least 1"),
        ("/messages?door=ftp", "query.door", "hl7"),
        ("/charts/nothing", "path.name", "queue"),
    ],
)
def test_a_value_that_may_not_be_is_named_with_those_that_may(
    reviewer: TestClient, path: str, field: str, allowed: str
) -> None:
    problem = reviewer.get(f"/api/v1{path}").json()
    assert problem["type"] == "urn:countersign:problem:invalid"
    fault = next(each for each in problem["errors"] if each["field"].startswith(field))
    assert allowed in [word for each in problem["errors"] for word in each["allowed"]], problem
    assert "gone" not in json.dumps(fault)


def test_head_says_what_get_would(reviewer: TestClient) -> None:
    got, head = (reviewer.request(method, "/api/v1/messages") for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert reviewer.head("/api/v1/nothing").status_code == 404


def test_a_long_answer_is_compressed_for_who_takes_it(reviewer: TestClient) -> None:
    plain = reviewer.get("/api/v1/openapi.json", headers={"Accept-Encoding": "identity"})
    packed = reviewer.get("/api/v1/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_a_review_is_changed_at_its_revision_alone(reviewer: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        seeding.put(connection)
    answer = reviewer.get("/api/v1/reports/1")
    tag = answer.headers["etag"]
    assert tag == f'"{answer.json()["revision"]}"'
    reviewer.post("/api/v1/reviews/1/claim", json={})
    suggestion = answer.json()["suggestions"][0]["id"]
    reviewer.post(f"/api/v1/reviews/1/suggestions/{suggestion}/open")
    decision = {"action": "approve", "suggestion_id": suggestion, "confirmed": True, "revision": 0}

    def decide(tag: str) -> tuple[int, str, int]:
        """Status, its code, and how many drafts there are afterwards."""
        said = reviewer.post("/api/v1/reviews/1/decisions", json=decision, headers={"If-Match": tag})
        with engine.connect() as connection:
            drafts = connection.scalar(select(func.count()).select_from(draft)) or 0
        return said.status_code, said.json().get("title", ""), drafts

    now = reviewer.get("/api/v1/reports/1").headers["etag"]
    assert decide('"99"') == (412, "stale", 0)
    assert decide(now) == (200, "", 1)
    assert decide(now) == (200, "", 1), "sent twice, it is one"
    latest = reviewer.get("/api/v1/reports/1").headers["etag"]
    assert latest != now
    without = reviewer.post("/api/v1/reviews/1/decisions", json={**decision, "action": "reject", "revision": 77})
    assert without.status_code == 409, "without a precondition it is a conflict"
    assert reviewer.post("/api/v1/reviews/1/claim", json={}, headers={"If-Match": "nonsense"}).status_code == 422


CHANGES: tuple[tuple[str, str, Json | None], ...] = (
    ("post", "claim", {}),
    ("post", "release", None),
    ("post", "seen", {"shown": True, "end": True}),
    ("post", "suggestions/1/open", None),
    ("post", "decisions", {"action": "approve", "suggestion_id": 1, "revision": 0}),
    ("post", "accept", {"revision": 0}),
    ("post", "told", {"person": "Dr Lee", "at": "2026-11-29T10:00:00Z", "means": "phone"}),
    ("delete", "told", None),
    ("delete", "drafts/1", None),
    ("post", "sign", {"revision": 0}),
    ("post", "take-back", None),
    ("post", "advisories", {"identifier": "a", "left_out": True}),
)


def test_no_change_of_a_review_is_made_at_another_revision_than_asked(reviewer: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        seeding.put(connection)
    reviewer.post("/api/v1/reviews/1/claim", json={})
    reviewer.post("/api/v1/reviews/1/suggestions/1/open")

    def standing() -> list[Any]:
        with engine.connect() as connection:
            counts = [connection.scalar(select(func.count()).select_from(table)) for table in (draft, opening)]
            return [*counts, *connection.execute(select(review.c.state, review.c.claimed_until, review.c.revision))]

    before = standing()
    for method, path, body in CHANGES:
        bodies = [body, {**body, "revision": 1}] if body and "revision" in body else [body]
        for each in bodies:
            said = reviewer.request(method, f"/api/v1/reviews/1/{path}", json=each, headers={"If-Match": '"99"'})
            assert (said.status_code, said.json()["title"]) == (412, "stale"), path
    assert standing() == before


def test_lists_of_what_stopped_are_read_page_by_page(reviewer: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(account).values(roles=["operator"]))
        numbers = [seeding.put(connection) for _ in range(3)]
        connection.execute(update(report).values(held="another patient"))
        for number in numbers:
            notices.add(connection, "delivery", "default", number, f"delivery {number}")
            version = connection.scalar(select(report_version.c.id).where(report_version.c.report_id == number))
            row = {"site_id": "default", "kind": "signed", "version_id": version, "destination": "default"}
            deliveries.add(connection, report_id=number, **row, state="dead")
    for path in ("held", "notices", "deliveries", "jobs"):
        whole = reviewer.get(f"/api/v1/{path}").json()
        ids = [each["id"] for each in whole["items"]]
        assert (whole["next"], whole["total"]) == (None, len(ids)) and (len(ids) == 3 or path == "jobs")
        first = reviewer.get(f"/api/v1/{path}?limit=2").json()
        if ids:
            assert (first["next"], first["total"]) == (ids[1], None)
            rest = reviewer.get(f"/api/v1/{path}?limit=2&before={first['next']}").json()
            assert ([each["id"] for each in rest["items"]], rest["next"], rest["total"]) == (ids[2:], None, None)


def test_the_reference_is_a_page_of_our_own(reviewer: TestClient, contract: Json) -> None:
    page = reviewer.get("/api/v1/docs")
    assert page.status_code == 200
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)
    for path in contract["paths"]:
        assert f"/api/v1{path}</code>" in page.text


def test_no_get_changes_a_claim_an_opening_a_decision_or_a_setting(
    reviewer: TestClient, engine: Engine, contract: Json
) -> None:
    with engine.begin() as connection:
        seeding.put(connection)
        to_read_again(connection)
    pages = {
        route.path
        for part in PAGES
        for route in part.router.routes
        if isinstance(route, APIRoute)
        and "GET" in (route.methods or ())
        and not route.path.startswith(("/login", "/events"))
    }

    def standing() -> list[Any]:
        with engine.connect() as connection:
            counts = [connection.scalar(select(func.count()).select_from(table)) for table in (draft, opening)]
            reviews = connection.execute(select(review.c.state, review.c.claimed_by, review.c.revision)).all()
            again = connection.execute(select(second_reading.c.state, second_reading.c.claimed_by)).all()
            return [*counts, *reviews, *again]

    before = standing()
    assert reviewer.get("/second/1", follow_redirects=False).headers["location"] == "/second"
    for path in (*pages, *(f"/api/v1{each}" for each, methods in contract["paths"].items() if "get" in methods)):
        where = re.sub(r"\{\w+\}", "1", path.replace("{name}", "queue"))
        reviewer.get(where, params={"id": "1"} if path.endswith("/trace") else None)
    assert standing() == before
    assert reviewer.post("/second/1/open", follow_redirects=False).headers["location"] == "/second/1"
    assert reviewer.get("/second/1").text.count("data-item=") == 1
    assert standing() != before


def to_read_again(connection: Connection) -> None:
    """A report somebody else signed, to be read a second time by the reviewer."""
    number = seeding.put(connection)
    row = {"site_id": "default", "issuer": "urn:test", "subject": "ben", "name": "Ben", "roles": []}
    signer = connection.scalar(insert(account).values(**row).returning(account.c.id))
    signed = update(review).where(review.c.report_id == number).values(state="signed", signed_by=signer)
    review_id, version_id = connection.execute(signed.returning(review.c.id, review.c.version_id)).one()
    findings = [{"id": "pneumonia", "name": "Pneumonia"}]
    second_readings.add(
        connection, site_id="default", report_id=number, review_id=review_id, version_id=version_id, findings=findings
    )


def example_of(name: str) -> Any:
    """A file of deploy/examples/api as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"deploy/examples/api/{name}.py")
    assert spec and spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return example


def test_the_client_example_reads_again_what_is_held(reviewer: TestClient, engine: Engine) -> None:
    example = example_of("client")
    store(engine, *(oru(f"E{n}", status="ZZ") for n in range(3)))
    work(engine)
    client = example.Countersign(reviewer)
    assert len(list(client.every("/messages", state="quarantined", limit=2))) == 3
    calls: list[str] = []
    asked = client.call

    def worked(method: str, where: str, **what: Any) -> Any:
        calls.append(where)
        if where.startswith("/replays/"):
            work(engine)
        return asked(method, where, **what)

    client.call = worked
    replay = client.replay_quarantined("RIS^NORTHSIDE", pause=0)
    assert [each["state"] for each in replay["messages"]] == ["quarantined"] * 3
    assert client.call("GET", "/trace", params={"id": "E1"})["steps"]
    with pytest.raises(example.Problem, match="unknown"):
        client.call("GET", "/trace", params={"id": "nobody"})


def test_the_receiver_example_does_each_event_once_and_asks_the_api_for_its_report(
    reviewer: TestClient, engine: Engine
) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    lines: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), example_of("receiver").handler(secret, reviewer, lines.append))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with engine.begin() as connection:
        number = seeding.put(connection)
        version = connection.scalar(select(report_version.c.id))
        row = {"site_id": "default", "kind": "webhook", "destination": "ours", "detail": {"event": "report.signed"}}
        deliveries.add(connection, report_id=number, version_id=version, **row)
        (due,) = deliveries.claim(connection, Queue(), 1, webhook="ours")
        body = webhooks.body_of(connection, due, Settings())
    receiver = Receiver(url, keys_of(secret))
    answers = [receiver.post(name, body).status for name in ("msg_1", "msg_1", "msg_2")]
    forged = Receiver(url, (b"x" * 32,)).post("msg_3", body).status
    eventually(lambda: len(lines) == 2, 20, "told")
    server.shutdown()
    server.server_close()
    assert (answers, forged) == ([204, 204, 204], 400)
    assert all(line.endswith(f"report.signed report {number} (open)") for line in lines)
