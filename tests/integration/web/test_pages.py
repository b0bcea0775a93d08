"""What the pages answer: rights, headers, forged requests, errors without patients."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, update

from services.settings import Database, Settings, Worklist
from services.store.tables import account, audit, delivery, login_session
from services.web.app import WorklistError, create_app
from tests import seeding
from tests.integration.web.conftest import look, seen_to_its_end
from tests.seeding import Exam

OPEN_PAGES = ("/login",)
PAGES = (
    "/worklist", "/reports/1", "/reports/1/print", "/reports/1/fhir", "/worklist.csv", "/charts", "/charts/queue.csv",
    "/messages", "/jobs", "/audit", "/audit.csv", "/audit.ndjson", "/audit/verify", "/people", "/preferences",
    "/session", "/findings", "/api/v1/me", "/api/v1/reports", "/api/v1/audit",
)  # fmt: skip
ONLY = {
    "/worklist": {"reviewer", "signer", "auditor", "administrator"},
    "/messages": {"operator", "administrator"},
    "/jobs": {"operator", "administrator"},
    "/audit": {"auditor", "administrator"},
    "/audit.csv": {"auditor", "administrator"},
    "/people": {"administrator"},
    "/api/v1/audit": {"auditor", "administrator"},
    "/api/v1/messages": {"operator", "administrator"},
}


def give(engine: Engine, *roles: str) -> None:
    """The demo account has just these roles."""
    with engine.begin() as connection:
        connection.execute(update(account).values(roles=list(roles)))


@pytest.fixture
def report(engine: Engine) -> int:
    """A report of three suggestions."""
    with engine.begin() as connection:
        return seeding.put(connection, Exam(family="Canarybird"))


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_shown_without_a_session(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (303, 401)
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/login?next=")


@pytest.mark.parametrize("path", sorted(ONLY))
def test_each_role_sees_its_own_pages(reviewer: TestClient, engine: Engine, path: str) -> None:
    allowed = set()
    for role in ("reviewer", "signer", "operator", "auditor", "administrator"):
        give(engine, role)
        if reviewer.get(path).status_code == 200:
            allowed.add(role)
    assert allowed == ONLY[path]


@pytest.mark.parametrize("path", ["/login", "/worklist", "/static/keys.js", "/nothing", "/api/v1/openapi.json"])
def test_every_answer_carries_the_strict_policy(reviewer: TestClient, path: str) -> None:
    policy = reviewer.get(path).headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def test_an_ehr_may_embed_the_pages_where_the_settings_say_so(database: Database) -> None:
    worklist = Worklist(frame_ancestors=["https://ehr.example"])
    with TestClient(create_app(Settings(database=database, worklist=worklist))) as client:
        assert "frame-ancestors https://ehr.example" in client.get("/login").headers["content-security-policy"]


def test_a_change_without_the_token_is_refused(reviewer: TestClient, report: int) -> None:
    del reviewer.headers["X-CSRF-Token"]
    assert reviewer.post("/reviews/1/claim").status_code == 403
    assert reviewer.post("/preferences", data={"csrf": "guessed", "theme": "light"}).status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_change_from_another_site_is_refused(reviewer: TestClient, report: int, headers: dict[str, str]) -> None:
    assert reviewer.post("/reviews/1/claim", headers=headers).status_code == 403
    assert reviewer.post("/login/demo", headers=headers).status_code == 403


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: TestClient) -> None:
    cookie = client.post("/login/demo").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_the_database_keeps_no_cookie(client: TestClient, engine: Engine) -> None:
    client.post("/login/demo")
    with engine.connect() as connection:
        kept = connection.execute(select(login_session.c.token_sha256)).scalar_one()
    assert len(kept) == 32
    assert client.cookies["countersign"].encode() not in bytes(kept)


def test_logging_out_ends_the_session_in_the_database(reviewer: TestClient) -> None:
    cookie = reviewer.cookies["countersign"]
    reviewer.post("/logout")
    reviewer.cookies.set("countersign", cookie)
    assert reviewer.get("/session").status_code == 303


@pytest.mark.parametrize("column", ["seen_at", "created_at"])
def test_sessions_end_after_idling_and_in_any_case(reviewer: TestClient, engine: Engine, column: str) -> None:
    past = func.now() - func.make_interval(0, 0, 0, 1)
    with engine.begin() as connection:
        connection.execute(update(login_session).values({column: past}))
    assert reviewer.get("/worklist").status_code == 303


def test_the_demo_login_is_for_loopback_only(database: Database) -> None:
    with pytest.raises(WorklistError, match="DEMO_LOGIN"):
        create_app(Settings(database=database, worklist=Worklist(demo_login=True, host="0.0.0.0")))


def test_without_the_flag_there_is_no_demo_login(database: Database) -> None:
    worklist = Worklist(public_url="http://testserver")
    with TestClient(create_app(Settings(database=database, worklist=worklist))) as client:
        assert client.post("/login/demo").status_code == 403


def test_where_the_site_asks_signing_needs_a_fresh_login(database: Database, engine: Engine) -> None:
    worklist = Worklist(demo_login=True, public_url="http://testserver", reauthenticate=True, settle=0)
    with engine.begin() as connection:
        seeding.put(connection, Exam(text=seeding.NORMAL, says=()))
    with TestClient(create_app(Settings(database=database, worklist=worklist)), follow_redirects=False) as client:
        client.post("/login/demo")
        client.headers["X-CSRF-Token"] = client.get("/session").json()["csrf"]
        look(client)
        past = func.now() - func.make_interval(0, 0, 0, 0, 0, 10)
        with engine.begin() as connection:
            connection.execute(update(login_session).values(authenticated_at=past))
        refused = client.post("/reviews/1/sign", data={"revision": 0}, headers={"HX-Request": "true"})
        assert (refused.status_code, refused.headers["x-countersign-code"]) == (403, "reauthenticate")
        client.post("/login/demo")
        client.headers["X-CSRF-Token"] = client.get("/session").json()["csrf"]
        assert (
            client.post("/reviews/1/sign", data={"revision": 0, "acknowledged": "nothing_to_report"}).status_code == 204
        )


def test_errors_and_logs_name_no_patient(reviewer: TestClient, report: int, capfd: pytest.CaptureFixture[str]) -> None:
    answers = [
        reviewer.get("/worklist?q=Canarybird&sort=nonsense"),
        reviewer.get("/reports/99999"),
        reviewer.get("/nothing/Canarybird"),
        reviewer.post("/reviews/1/decide", data={"action": "Canarybird", "revision": "Canarybird"}),
        reviewer.post("/api/v1/reviews/1/decisions", json={"action": "Canarybird"}),
    ]
    assert [answer.status_code for answer in answers] == [422, 404, 404, 422, 422]
    assert not any("Canarybird" in answer.text for answer in answers)
    written = capfd.readouterr()
    assert "Canarybird" not in written.out + written.err


@pytest.mark.parametrize("path", ["/worklist?q=%00", "/worklist?patient=a%00%5Eb", "/api/v1/reports?finding=%00"])
def test_what_the_database_has_no_value_for_is_not_understood(reviewer: TestClient, path: str) -> None:
    assert reviewer.get(path).status_code == 422


def test_every_view_export_and_login_is_audited(reviewer: TestClient, report: int, engine: Engine) -> None:
    give(engine, "reviewer", "signer", "auditor")
    for path in ("/reports/1", "/worklist.csv", "/reports/1/fhir", "/audit.ndjson"):
        assert reviewer.get(path).status_code == 200
    with engine.connect() as connection:
        actions = connection.execute(select(audit.c.action).order_by(audit.c.id)).scalars().all()
    assert actions == ["login", "review.view", "export", "export", "export"]


def test_a_signed_report_is_exported_as_final_observations_and_an_open_one_as_none(
    reviewer: TestClient, report: int, engine: Engine
) -> None:
    def statuses(path: str) -> list[str]:
        entries = reviewer.get(path).json()["entry"]
        return [entry["resource"]["status"] for entry in entries if entry["resource"]["resourceType"] == "Observation"]

    assert statuses("/reports/1/fhir") == []
    assert statuses("/reports/1/fhir?status=preliminary") == ["preliminary"] * 3
    review = seen_to_its_end(reviewer)
    for suggestion in review["suggestions"]:
        path = f"/api/v1/reviews/1/suggestions/{suggestion['id']}/open"
        revision = reviewer.post(path).json()["revision"]
        decision = {"revision": revision, "action": "approve", "suggestion_id": suggestion["id"]}
        decided = reviewer.post("/api/v1/reviews/1/decisions", json=decision)
        assert decided.status_code == 200, decided.text
    revision = decided.json()["revision"]
    assert (
        reviewer.post(
            "/api/v1/reviews/1/sign", json={"revision": revision, "acknowledged": ["nothing_to_report"]}
        ).json()["state"]
        == "signed"
    )
    assert statuses("/reports/1/fhir") == ["final"] * 3


def test_signing_queues_deliveries_only_where_there_is_somewhere_to_go(
    reviewer: TestClient, report: int, engine: Engine
) -> None:
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(delivery)) == 0


def test_csv_holds_no_formulas(reviewer: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        seeding.put(connection, Exam(family="=cmd|'/c calc'!A1"))
    assert "'=cmd" in reviewer.get("/worklist.csv").text
