"""FHIR read and search over what we hold."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import fhirkit
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import Engine, select, update

from integration.canonical import ReportStatus, sha256
from services.settings import Database, Settings, Worklist, Writeback
from services.store import reports, reviews
from services.store.tables import advisory, audit, report, suggestion
from services.web.app import create_app
from tests import seeding
from tests.integration.sender.house import House
from tests.messages import oru

KEY = RSAKey.generate_key(2048, {"kid": "k", "alg": "RS256"})
STRANGER = RSAKey.generate_key(2048, {"kid": "k", "alg": "RS256"})


class Issuer:
    """Publishes its keys, as an identity provider does."""

    def __init__(self) -> None:
        content = json.dumps(KeySet([KEY]).as_dict(private=False)).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, scope: str = "system/*.rs", key: RSAKey = KEY, **changes: Any) -> str:
        claims = {"iss": self.url, "aud": "countersign", "sub": "ehr", "scope": scope, "exp": int(time.time()) + 300}
        return jwt.encode({"alg": "RS256", "kid": "k"}, {**claims, **changes}, key, algorithms=["RS256"])


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def api(database: Database, issuer: Issuer) -> Iterator[TestClient]:
    worklist = Worklist(
        demo_login=True,
        public_url="http://testserver",
        api_issuer=issuer.url,
        api_jwks_url=issuer.url,
        api_audience="countersign",
    )
    with TestClient(create_app(Settings(database=database, worklist=worklist)), follow_redirects=False) as client:
        client.headers["Authorization"] = f"Bearer {issuer.token()}"
        yield client


@pytest.fixture
def signed(engine: Engine) -> int:
    """A report whose effusion was approved, pneumonia rejected and cardiomegaly is undecided."""
    with engine.begin() as connection:
        number = seeding.put(connection)
        for finding, state in (("pleural_effusion", "approved"), ("pneumonia", "rejected")):
            where = (suggestion.c.report_id == number, suggestion.c.finding_id == finding)
            connection.execute(update(suggestion).where(*where).values(state=state, reason="x"))
    return number


def found(api: TestClient, path: str) -> list[str]:
    """Code texts of the Observations a search gives."""
    answer = api.get(f"/fhir/{path}")
    assert answer.status_code == 200, answer.text
    return [entry["resource"]["code"]["text"] for entry in answer.json().get("entry", [])]


def test_without_a_status_only_what_is_signed_is_shown(api: TestClient, signed: int) -> None:
    assert found(api, "Observation") == ["Pleural effusion"]


def test_other_statuses_are_shown_when_asked_for(api: TestClient, signed: int) -> None:
    assert found(api, "Observation?status=preliminary") == ["Cardiomegaly"]
    assert found(api, "Observation?status=entered-in-error") == ["Pneumonia"]
    assert found(api, "Observation?status=final,preliminary") == ["Pleural effusion", "Cardiomegaly"]
    assert found(api, "Observation?status=cancelled") == []


def test_every_resource_we_serve_is_valid_and_can_be_read_by_its_id(api: TestClient, signed: int) -> None:
    for kind in ("Observation", "DiagnosticReport", "Task", "Provenance", "Device"):
        entries = api.get(f"/fhir/{kind}").json()["entry"]
        for entry in entries:
            assert [str(issue) for issue in fhirkit.validate(entry["resource"])] == []
            again = api.get(entry["fullUrl"].removeprefix("http://testserver"))
            assert again.json() == entry["resource"]


def test_signed_advisories_are_served_and_those_left_out_are_not(api: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        number = seeding.put(connection)
        version = reports.current_version(connection, number)
        assert version is not None
        for kind, state in (("critical_result", "signed"), ("follow_up", "signed"), ("follow_up", "open")):
            said = {"kind": kind, "message": "CT", "quotes": [], "detail": {"modality": "CT", "interval": "3 months"}}
            named = {"identifier": sha256(kind, state), "kind": kind, "record": said, "state": state}
            signed = {"signed_by": "Practitioner/ada", "signed_at": datetime.now(UTC)}
            ids = {"report_id": number, "version_id": version.id}
            connection.execute(advisory.insert().values(**named, **signed, **ids))
        connection.execute(update(suggestion).values(state="approved"))
    for path in ("Flag", "ServiceRequest?intent=proposal"):
        (entry,) = api.get(f"/fhir/{path}").json()["entry"]
        assert [str(issue) for issue in fhirkit.validate(entry["resource"])] == []
        assert api.get(entry["fullUrl"].removeprefix("http://testserver")).json() == entry["resource"]
    (order,) = api.get("/fhir/ServiceRequest?intent=order").json()["entry"]
    (report_,) = api.get("/fhir/DiagnosticReport").json()["entry"]
    assert report_["resource"]["basedOn"] == [{"reference": f"ServiceRequest/{order['resource']['id']}"}]


def test_references_between_our_resources_lead_to_them(api: TestClient, signed: int) -> None:
    (entry,) = api.get("/fhir/Observation").json()["entry"]
    for reference in (entry["resource"]["focus"][0], entry["resource"]["device"]):
        assert api.get(f"/fhir/{reference['reference']}").status_code == 200


def test_a_search_by_patient_finds_theirs_and_no_one_else_s(api: TestClient, signed: int, engine: Engine) -> None:
    with engine.begin() as connection:
        seeding.put(connection)
        number = connection.scalar(select(report.c.patient_id).where(report.c.id == signed))
    system = "urn:countersign:authority:NORTH"
    assert found(api, f"Observation?patient:identifier={system}|{number}") == ["Pleural effusion"]
    assert found(api, f"Observation?patient:identifier={system}|nobody") == []
    assert found(api, f"Observation?patient:identifier=urn:elsewhere|{number}") == []
    assert found(api, f"Observation?patient.identifier={system}|{number}") == ["Pleural effusion"]
    assert found(api, "Observation?patient.identifier=nobody") == []


def test_a_search_by_code_takes_public_codes_and_our_own(api: TestClient, signed: int) -> None:
    assert found(api, "Observation?code=http://snomed.info/sct|60046008") == ["Pleural effusion"]
    assert found(api, "Observation?code=pleural_effusion") == ["Pleural effusion"]
    assert found(api, "Observation?code=http://snomed.info/sct|233604007") == []


def test_a_search_by_time_uses_when_it_was_last_changed(api: TestClient, signed: int) -> None:
    (entry,) = api.get("/fhir/Observation").json()["entry"]
    moment = entry["resource"]["meta"]["lastUpdated"]
    assert found(api, f"Observation?_lastUpdated=ge{moment.replace('+', '%2B')}") == ["Pleural effusion"]
    assert found(api, "Observation?_lastUpdated=lt2020-01-01") == []
    assert found(api, "Observation?_lastUpdated=ge2020-01-01&_lastUpdated=lt2099-01-01") == ["Pleural effusion"]


def test_pages_hold_everything_once(api: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        for _ in range(4):
            seeding.put(connection)
    seen: list[str] = []
    url = "/fhir/Observation?status=preliminary&_count=5"
    while url:
        bundle = api.get(url).json()
        seen += [entry["fullUrl"] for entry in bundle["entry"]]
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        url = links.get("next", "").removeprefix("http://testserver")
    assert len(seen) == len(set(seen)) == 12


def test_metadata_needs_no_access_and_is_valid(api: TestClient) -> None:
    del api.headers["Authorization"]
    statement = api.get("/fhir/metadata").json()
    assert [str(issue) for issue in fhirkit.validate(statement)] == []
    assert statement["fhirVersion"] == "4.0.1"


def test_everything_else_needs_a_session_or_a_token(api: TestClient, signed: int, issuer: Issuer) -> None:
    del api.headers["Authorization"]
    assert api.get("/fhir/Observation").status_code == 401
    api.post("/login/demo")
    assert api.get("/fhir/Observation").status_code == 200


TOKENS: list[tuple[dict[str, Any], int]] = [
    ({"key": STRANGER}, 401),
    ({"exp": 1}, 401),
    ({"aud": "somebody else"}, 401),
    ({"iss": "https://elsewhere.example.org"}, 401),
    ({"scope": "system/Patient.rs"}, 403),
    ({"scope": "system/Observation.write"}, 403),
    ({"scope": "patient/Observation.rs"}, 403),
    ({"scope": "system/Observation.r"}, 403),
    ({"scope": "system/Observation.read"}, 200),
    ({"scope": "system/Observation.rs"}, 200),
]


def test_a_token_opens_what_its_issuer_and_its_scopes_say(api: TestClient, signed: int, issuer: Issuer) -> None:
    for changes, status in TOKENS:
        api.headers["Authorization"] = f"Bearer {issuer.token(**changes)}"
        assert api.get("/fhir/Observation").status_code == status, changes


def test_an_unsigned_token_is_refused(api: TestClient, signed: int) -> None:
    api.headers["Authorization"] = "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0."
    assert api.get("/fhir/Observation").status_code == 401


def test_a_bad_parameter_is_named(api: TestClient) -> None:
    for given in ("_count=x", "_cursor=!!", "_lastUpdated=yesterday", "subject:x=1"):
        answer = api.get(f"/fhir/Observation?{given}")
        assert answer.status_code == 400
        assert given.partition("=")[0].partition(":")[0] in answer.json()["issue"][0]["diagnostics"]


def test_an_unknown_parameter_is_left_out_of_the_self_link_or_refused_when_strict(api: TestClient) -> None:
    lenient = api.get("/fhir/Observation?colour=blue").json()
    assert lenient["link"][0]["url"] == "http://testserver/fhir/Observation"
    strict = api.get("/fhir/Observation?colour=blue", headers={"Prefer": "handling=strict"})
    assert strict.status_code == 400


def test_every_look_leaves_an_audit_row(api: TestClient, signed: int, engine: Engine) -> None:
    api.get("/fhir/Observation")
    with engine.connect() as connection:
        rows = connection.execute(select(audit.c.actor, audit.c.action, audit.c.detail)).all()
    assert [tuple(row) for row in rows] == [("ehr", "api.search", {"type": "Observation", "count": 1})]


def test_without_a_smart_client_no_key_is_published(api: TestClient) -> None:
    assert api.get("/.well-known/jwks.json").json() == {"keys": []}


def test_a_report_with_nothing_suggested_still_has_its_task(api: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        seeding.put(connection, seeding.Exam(text=seeding.NORMAL, says=()))
    (entry,) = api.get("/fhir/Task").json()["entry"]
    assert entry["resource"]["note"] == [{"text": "nothing suggested; read by rules"}]


def test_the_newest_version_of_a_report_is_the_one_served(api: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        number = seeding.put(connection)
        before = reports.current_version(connection, number)
        assert before is not None
        reports.set_version_state(connection, before.id, "superseded")
        said = seeding.record(seeding.Exam(text=seeding.NORMAL), 10_000)
        reports.put_version(connection, number, said, "current")
        assert reviews.id_of_report(connection, number)
    assert len(api.get("/fhir/DiagnosticReport").json()["entry"]) == 1


def test_what_is_taken_back_is_new_to_those_who_poll_by_time(
    api: TestClient, engine: Engine, database: Database
) -> None:
    """A site without a writable server hears of retractions and corrections in no other way."""
    home = House(engine, database, "http://127.0.0.1:9/fhir", Writeback())
    home.take(oru("A", "Large left pneumothorax.", "Small right pleural effusion.", control_id="1"))
    home.read()
    home.sign()
    every = "Observation?status=final,entered-in-error,cancelled"
    ended = "20260914130000"
    for changes in ({"status": ReportStatus.CORRECTED}, {"status": ReportStatus.ENTERED_IN_ERROR, "text": ""}):
        entries = api.get(f"/fhir/{every}").json()["entry"]
        latest = max(entry["resource"]["meta"]["lastUpdated"] for entry in entries)
        after = (datetime.fromisoformat(latest) + timedelta(milliseconds=1)).isoformat()
        polled = f"{every}&_lastUpdated=ge{after.replace('+', '%2B')}"
        assert found(api, polled) == []
        home.take(oru("A", "Left rib fracture.", control_id=ended, time=ended, status="C"), **changes)
        home.read()
        ended = "20260914140000"
    assert {"Pleural effusion", "Pneumothorax", "Rib fracture"} <= set(found(api, polled))
    entries = api.get(f"/fhir/{polled}").json()["entry"]
    assert {entry["resource"]["status"] for entry in entries} == {"entered-in-error"}
    assert (
        api.get(f"/fhir/Task?status=completed,requested&_lastUpdated=ge{after.replace('+', '%2B')}").json().get("entry")
        is None
    )


def test_an_order_that_is_not_kept_is_not_claimed(api: TestClient, signed: int) -> None:
    (link,) = api.get("/fhir/Observation?_sort=-_lastUpdated").json()["link"]
    assert link["url"].endswith("/fhir/Observation")
    strict = api.get("/fhir/Observation?_sort=-_lastUpdated", headers={"Prefer": "handling=strict"})
    assert strict.status_code == 400


def test_an_identifier_of_another_system_is_another_identifier(api: TestClient, signed: int) -> None:
    (entry,) = api.get("/fhir/DiagnosticReport?status=final").json()["entry"]
    name = entry["resource"]["identifier"][0]
    assert len(api.get(f"/fhir/DiagnosticReport?identifier={name['system']}|{name['value']}").json()["entry"]) == 1
    assert len(api.get(f"/fhir/DiagnosticReport?identifier={name['value']}").json()["entry"]) == 1
    assert "entry" not in api.get(f"/fhir/DiagnosticReport?identifier=urn:x|{name['value']}").json()
    assert "entry" not in api.get("/fhir/DiagnosticReport?status=amended").json()


def test_a_search_can_be_posted_by_who_has_a_token(api: TestClient, signed: int) -> None:
    form = {"code": "pleural_effusion", "status": "final"}
    bundle = api.post("/fhir/Observation/_search", data=form).json()
    assert [entry["resource"]["code"]["text"] for entry in bundle["entry"]] == ["Pleural effusion"]
    assert "code=pleural_effusion" in bundle["link"][0]["url"]
    assert api.post("/fhir/Observation/_search", data={"_count": "x"}).status_code == 400
    assert api.post("/fhir/Observation/_search", data={"code": "x" * 70_000}).status_code == 400
    del api.headers["Authorization"]
    assert api.post("/fhir/Observation/_search", data=form).status_code == 401


BAD = (
    "_lastUpdated=9999-12-31", "_lastUpdated=ge9999-12-31T23:59:59-14:00", "_lastUpdated=le0001-01-01",
    "_lastUpdated=lt0001-01-01T00:00:00%2B14:00", "identifier=a%00b", "identifier=%00%7Cb", "code=%00", "_id=%00",
    "patient=Patient/%00", "patient:identifier=a%7C%00", "focus=%00", "status=%00", "_cursor=%00", "_count=%00",
    "%00=1&_id=%00", "code=" + ",".join("a" * 300), "identifier=%ED%A0%80", "_cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk",
)  # fmt: skip


@pytest.mark.parametrize("query", BAD)
@pytest.mark.parametrize("kind", ["Observation", "Task"])
def test_what_no_search_can_hold_is_an_operation_outcome(api: TestClient, signed: int, kind: str, query: str) -> None:
    """A database that is asked for a NUL, or a time beyond its own, is no reason to answer 500."""
    asked = (api.get(f"/fhir/{kind}?{query}"), api.post(f"/fhir/{kind}/_search?{query}", data={"_count": "1"}))
    for answer in asked:
        unknown = kind == "Task" and query.startswith(("identifier", "code"))
        assert answer.status_code == (200 if unknown and "%" not in query and "," not in query else 400), answer.text
        assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("identity", ["%00", "v%00", "v" + "9" * 30, "a" * 3000, "v-1", "%ED%A0%80", "v1%00-ai"])
@pytest.mark.parametrize("kind", ["Observation", "Task", "Provenance", "DiagnosticReport", "Device"])
def test_an_id_nothing_can_have_is_not_found(api: TestClient, signed: int, kind: str, identity: str) -> None:
    answer = api.get(f"/fhir/{kind}/{identity}")
    assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")


def test_what_is_not_served_is_an_operation_outcome_too(api: TestClient) -> None:
    for method, path, status in (("PUT", "Observation/1", 405), ("DELETE", "Task/v1", 405), ("GET", "a/b/c", 404)):
        answer = api.request(method, f"/fhir/{path}")
        assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
