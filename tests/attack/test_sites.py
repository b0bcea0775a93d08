"""Every address of the worklist, `/api/v1` and `/fhir`, tried by somebody of another site with every role there is.

They read nothing and change nothing of the site that is not theirs. The same requests by a person of the site itself
show that each would have.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, func, insert, literal, select, update

from services.domain.audit_actions import AuditAction
from services.settings import Database, Settings, Worklist
from services.store import audit, people, quarantine
from services.store.tables import (
    account,
    advisory,
    delivery,
    draft,
    job,
    message,
    metadata,
    notice,
    replay,
    report,
    report_source,
    report_version,
    review,
    second_reading,
    suggestion,
)
from services.store.tables import audit as audit_rows
from services.web.app import create_app
from services.web.fhir.served_resources import SERVED
from services.web.views.charting import CHARTS
from tests import seeding
from tests.integration.api.test_read_api import Issuer
from tests.integration.web.conftest import ALL_ROLES, seen_to_its_end
from tests.seeding import Exam

CANARY = "CANARYBIRD"
TEXT = seeding.CHEST.replace("Cough", f"{CANARY} cough")
FOLLOW_UP = {
    "kind": "follow_up",
    "message": f"Follow-up {CANARY}",
    "detail": {"modality": "CT", "interval": "3 months"},
    "quotes": [],
}
# The stream of counts has no end; it is asked for apart. The others are the way in and out.
APART = ("/events", "/logout")


@dataclass
class House:
    """A worklist of site north, and what its rows are called."""

    client: TestClient
    engine: Engine
    ids: dict[str, list[Any]] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    def visitor(self, site: str) -> TestClient:
        """A browser with a session of somebody who may do everything at that site."""
        with self.engine.begin() as connection:
            row = people.put_account(
                connection, site=site, issuer="urn:test", subject=site, name=f"Person of {site}", roles=ALL_ROLES,
                practitioner=f"Practitioner/{site}",
            )  # fmt: skip
            token, csrf = people.start_session(connection, row.id)
        self.client.cookies = {"countersign": token}  # type: ignore[assignment]
        self.client.headers["X-CSRF-Token"] = csrf
        return self.client


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def house(database: Database, engine: Engine, issuer: Issuer) -> Iterator[House]:
    worklist = Worklist(
        public_url="http://testserver", settle=0, undo=0, rated_share=1, double_read_share=1,
        api_issuer=issuer.url, api_jwks_url=issuer.url, api_audience="countersign",
        api_sites={"south-ehr": "south", "north-ehr": "north"},
    )  # fmt: skip
    app = create_app(Settings(database=database, site="north", worklist=worklist))
    with TestClient(app, follow_redirects=False) as client:
        made = House(client, engine)
        fill(made)
        yield made


def fill(house: House) -> None:
    """Site north: reports open, drafted, signed and held, and whatever stands beside them."""
    exam = Exam(site="north", family=f"{CANARY}NAME", patient_id="NORTH1", text=TEXT, advisories=(FOLLOW_UP,))
    with house.engine.begin() as connection:
        reports = [seeding.put(connection, exam) for _ in range(6)]
        connection.execute(update(report).where(report.c.id.in_(reports[2:])).values(held="another patient"))
    api = house.visitor("north")
    sign(api, reports[1])
    opened = seen_to_its_end(api, reports[0])
    first = next(each for each in opened["suggestions"] if each["state"] == "proposed")
    approve(api, reports[0], opened["revision"], first["id"])
    assert api.post("/api/v1/views", json={"name": CANARY, "query": CANARY}).status_code == 200
    with house.engine.begin() as connection:
        besides(connection, reports[1])
        house.ids, house.body = names(connection), values(connection, reports[0])


def approve(api: TestClient, number: int, revision: int, suggestion_id: int) -> Any:
    api.post(f"/api/v1/reviews/{number}/suggestions/{suggestion_id}/open")
    decide = {"revision": revision, "action": "approve", "suggestion_id": suggestion_id}
    answer = api.post(f"/api/v1/reviews/{number}/decisions", json=decide)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sign(api: TestClient, number: int) -> None:
    opened = seen_to_its_end(api, number)
    for each in opened["suggestions"]:
        opened = approve(api, number, opened["revision"], each["id"])
    signed = api.post(f"/api/v1/reviews/{number}/sign", json={"revision": opened["revision"], "acknowledged": []})
    assert signed.status_code == 200, signed.text


RECORD = report_version.c.record


def besides(connection: Connection, report_id: int) -> None:
    """What operators see to: a message in quarantine, a dead job, a stopped delivery, a notice."""
    body = f"MSH|^~\\&|{CANARY}|\r".encode()
    told = {"door": "hl7", "bytes": len(body), "sha256": "0" * 64, "state": "quarantined", "body": body}
    known = {"site_id": "north", "application": CANARY, "control_id": CANARY, "reason": CANARY}
    number = connection.scalar(insert(message).values(**told, **known).returning(message.c.id))
    quarantine.remember(connection, "north", "account/1", quarantine.bodies(connection, "north", [number]))
    source = select(report_version.c.site_id, report_version.c.report_id, literal(number), literal("hl7"), RECORD)
    connection.execute(
        insert(report_source).from_select(["site_id", "report_id", "message_id", "door", "record"], source)
    )
    connection.execute(insert(job).values(site_id="north", kind="intake", state="dead", reason=CANARY))
    version = select(report_version.c.id).where(report_version.c.report_id == report_id).scalar_subquery()
    stopped = {"site_id": "north", "kind": "signed", "state": "dead", "reason": CANARY, "destination": "default"}
    connection.execute(insert(delivery).values(report_id=report_id, version_id=version, **stopped))
    connection.execute(insert(notice).values(site_id="north", kind="gone", message=CANARY, report_id=report_id))
    audit.append(
        connection, site="north", actor="account/1", action=AuditAction.MESSAGE_SHOW, entity=CANARY, report_id=report_id
    )


def names(connection: Connection) -> dict[str, list[Any]]:
    """What stands in the addresses of the site's things, by the parameter's name."""

    def every(column: Any) -> list[Any]:
        return list(connection.scalars(select(column)))

    findings = every(suggestion.c.identifier)[:2]
    keys, versions = every(report.c.key), every(report_version.c.id)
    remarks = every(advisory.c.identifier)
    return {
        "report_id": every(report.c.id),
        "review_id": every(review.c.id),
        "message_id": every(message.c.id),
        "job_id": every(job.c.id),
        "delivery_id": every(delivery.c.id),
        "notice_id": every(notice.c.id),
        "account_id": every(account.c.id),
        "reading_id": every(second_reading.c.id),
        "suggestion_id": every(suggestion.c.id)[:1],
        "draft_id": every(draft.c.id),
        "other_id": every(message.c.id),
        "key": [group.key for group in quarantine.groups(connection, "north")],
        "number": every(replay.c.id),
        "replay_id": every(replay.c.id),
        "view_id": [1],
        "finding_id": ["pneumonia"],
        "kind": list(SERVED),
        "identity": [*findings, *keys[:2], *remarks[:1], f"v{versions[1]}", f"v{versions[1]}-ai"],
        "name": [*CHARTS, "reviewers", "drift", "agreement", "shadow"],
        "table": ["acceptance", "outcomes"],
    }


def values(connection: Connection, report_id: int) -> dict[str, Any]:
    """One body that every change finds its fields in."""
    row = connection.execute(select(review.c.revision).where(review.c.report_id == report_id)).one()
    numbers = list(connection.scalars(select(suggestion.c.id).where(suggestion.c.report_id == report_id)))
    return {
        "revision": row.revision, "action": "reject", "suggestion_id": numbers[-1], "confirmed": True,
        "reason": "other", "finding": "pneumonia", "chosen": [report_id],
        "drafts": list(connection.scalars(select(draft.c.id))),
        "draft_id": connection.scalar(select(func.max(draft.c.id))), "identifier": "x", "left_out": True,
        "item": "quality", "value": 3, "acknowledged": ["all"], "seen": "end", "shown": True, "end": True,
        "active": False, "status": "absent", "name": "mine", "query": "", "theme": "dark", "next": "/worklist",
        "login": "nobody", "password": "x", "person": "Dr. Two", "at": "2026-09-14T12:00:00+00:00", "means": "phone",
    }  # fmt: skip


def routes(of: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(method, path) of everything that is served, in included routers and mounted applications too."""
    for each in of:
        included = getattr(each, "original_router", None)
        if included is not None:
            yield from routes(included.routes, prefix + each.include_context.prefix)
        elif isinstance(each, APIRoute):
            yield from ((method, prefix + each.path) for method in each.methods)
        else:
            yield from routes(getattr(each, "routes", None) or (), prefix + getattr(each, "path", ""))


def addresses(house: House, path: str) -> Iterator[str]:
    """The path with every choice of names in it."""
    wanted = [part.split("}")[0] for part in path.split("{")[1:]]
    assert set(wanted) <= set(house.ids), f"{path}: say in names() what stands there"
    for chosen in itertools.product(*(house.ids[name] for name in wanted)):
        yield path.format(**dict(zip(wanted, chosen, strict=True)))


@dataclass
class Tried:
    """What came of all requests, by (method, path): the best status, and whether the site's words were read."""

    best: dict[tuple[str, str], int] = field(default_factory=dict)
    told: set[tuple[str, str]] = field(default_factory=set)


def try_all(house: House, client: TestClient) -> Tried:
    tried = Tried()
    for method, path in dict.fromkeys(routes(house.client.app.routes)):  # type: ignore[attr-defined]
        if path in APART:
            continue
        stop_again(house)
        for address, asked in itertools.product(addresses(house, path), QUERIES if method == "GET" else ("",)):
            answer = send(house, client, method, address + asked)
            assert answer.status_code < 500, (method, address, answer.text[:500])
            key = (method, path)
            tried.best[key] = min(tried.best.get(key, 999), answer.status_code)
            if CANARY.lower() in answer.text.lower():
                tried.told.add(key)
    return tried


def stop_again(house: House) -> None:
    """What an operator can see to once waits again: each address finds it."""
    with house.engine.begin() as connection:
        connection.execute(update(job).where(job.c.id.in_(house.ids["job_id"])).values(state="dead"))
        connection.execute(update(delivery).where(delivery.c.id.in_(house.ids["delivery_id"])).values(state="dead"))
        connection.execute(update(notice).values(cleared_at=None, cleared_by=""))
        connection.execute(update(message).values(state="quarantined"))
        held = report.c.id.in_(house.ids["report_id"][-2:])
        connection.execute(update(report).where(held).values(held="another patient"))


# For lists, searches, single things and their versions.
QUERIES = (
    "",
    "?site=north&patient=NORTH1%5ENORTH&show=all",
    "?patient=NORTH1&state=quarantined",
    "?status=preliminary,final,amended",
    "?finding=pneumonia&version=1&reading=1",
    "?report=1&number=1",
)


def send(house: House, client: TestClient, method: str, address: str) -> Any:
    if method == "GET":
        return client.get(address)
    if address.startswith("/fhir"):
        return client.request(method, address, data={"status": "preliminary,final,amended"})
    # In a form `end` is the end of a quote.
    form = {name: value for name, value in house.body.items() if name != "end"}
    given: dict[str, Any] = {"json": house.body} if address.startswith("/api") else {"data": form}
    return client.request(method, address, **given)


# The trail is sealed meanwhile, whoever asks.
SEALED = ("sequence", "previous_hash", "hash", "sealed_at")


def standing(engine: Engine, others: int) -> dict[str, list[str]]:
    """Every row that is not the other site's own. Logins that fail leave theirs at the installation's site."""
    found = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            if table.name in ("login_session", "login_attempt", "worker", "local_password"):
                continue
            columns = [each for each in table.c if each.name not in SEALED]
            rows = connection.execute(select(*columns)).mappings()
            kept = [row for row in rows if row.get("site_id") != "south" and row.get("account_id") != others]
            kept = [row for row in kept if row.get("action") != "login.refused"]
            found[table.name] = sorted(repr(sorted(row.items(), key=str)) for row in kept)
    return found


def test_nobody_of_another_site_reads_or_changes_anything(house: House) -> None:
    south = house.visitor("south")
    with house.engine.connect() as connection:
        stranger = connection.execute(select(account.c.id).where(account.c.site_id == "south")).scalar_one()
    before = standing(house.engine, stranger)
    tried = try_all(house, south)
    assert tried.told == set()
    after = standing(house.engine, stranger)
    changed = {name: [row for row in after[name] if row not in before[name]] for name in before}
    assert {name: rows for name, rows in changed.items() if rows} == {}
    assert {name: len(rows) for name, rows in after.items()} == {name: len(rows) for name, rows in before.items()}

    own = try_all(house, house.visitor("north"))
    named = {key for key in own.best if "_id}" in key[1]}
    assert len(own.best) > 110
    assert len(own.told) > 25, sorted(own.told)
    named -= ANYBODYS
    assert {key: tried.best[key] for key in named if tried.best[key] not in (403, 404, 409)} == {}
    assert {key: own.best[key] for key in named if own.best[key] == tried.best[key]} == {}


# Addresses that answer everybody, and tell nothing: the next report of one's own list, a view that is not there, the
# way to a comparison.
ANYBODYS = {
    ("GET", "/messages/{message_id}/beside"),
    ("GET", "/api/v1/reviews/{review_id}/next"),
    ("DELETE", "/api/v1/views/{view_id}"),
    ("POST", "/views/{view_id}/drop"),
}


def test_tokens_of_systems_are_of_a_site_too(house: House, issuer: Issuer) -> None:
    def found(client: str, method: str) -> tuple[int, int]:
        token = issuer.token("system/*.rs", client_id=client)
        headers = {"Authorization": f"Bearer {token}"}
        statuses, told = set(), 0
        for kind in SERVED:
            if method == "POST":
                form = {"status": "preliminary,final,amended"}
                answer = house.client.post(f"/fhir/{kind}/_search", data=form, headers=headers)
            else:
                answer = house.client.get(f"/fhir/{kind}?status=preliminary,final,amended", headers=headers)
            statuses.add(answer.status_code)
            told += answer.text.count('"fullUrl"')
        assert len(statuses) == 1
        return statuses.pop(), told

    house.client.cookies.clear()
    for method in ("GET", "POST"):
        assert found("south-ehr", method) == (200, 0)
        assert found("a third", method) == (403, 0)
        status, told = found("north-ehr", method)
        assert status == 200 and told > 5
    rows = select(audit_rows.c.site_id, audit_rows.c.actor).where(audit_rows.c.action == "api.search")
    with house.engine.connect() as connection:
        assert set(connection.execute(rows).tuples()) == {("south", "south-ehr"), ("north", "north-ehr")}
