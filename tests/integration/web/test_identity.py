"""Login at a real OpenID provider, in a process of its own (oidc-provider-mock: discovery, signed ID tokens).

It runs from a wheel in a second and lets a test name the claims, which the certified providers for other
runtimes do not without one. That the PKCE verifier counts is shown in test_launch.py, by one of those.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine, text

from services.settings import Database, Oidc, Settings, SmartLaunch, Worklist
from services.web.app import create_app
from tests.ports import free_port

PEOPLE = (
    {"sub": "ada", "name": "Ada Signer", "roles": ["reviewer", "signer", "gardener"],
     "fhirUser": "https://ehr.example/fhir/Practitioner/7"},
    {"sub": "old", "name": "Session Of Yesterday", "roles": ["signer"], "auth_time": 1},
    {"sub": "eve", "name": "Eve Nobody", "roles": []},
    {"sub": "sam", "name": "Sam Launched", "fhirUser": "https://ehr.example/fhir/Practitioner/9"},
    {"sub": "pat", "name": "Pat Patient", "fhirUser": "https://ehr.example/fhir/Patient/1"},
)  # fmt: skip


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider's URL."""
    port = free_port()
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        str(port),
        "--require-nonce",
        "true",
    ]
    for person in PEOPLE:
        command += ["--user-claims", json.dumps(person)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://localhost:{port}"
    for _ in range(300):
        try:
            httpx2.get(f"{url}/.well-known/openid-configuration", timeout=2).raise_for_status()
            break
        except httpx2.HTTPError:
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture
def ehr(issuer: str) -> Iterator[str]:
    """A FHIR base URL whose SMART configuration names the provider."""
    metadata = httpx2.get(f"{issuer}/.well-known/openid-configuration").json()
    with serving("/fhir/.well-known/smart-configuration", metadata) as url:
        yield f"{url}/fhir"


@contextmanager
def serving(path: str, document: dict[str, Any]) -> Iterator[str]:
    """One JSON document over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(document).encode()
            self.send_response(200 if self.path == path else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def launch(issuer: str, ehr: str) -> SmartLaunch:
    """Our registration at the EHR's authorization server, with the scopes of an EHR launch."""
    body = {"redirect_uris": ["http://testserver/login/callback"], "scope": "launch openid fhirUser"}
    client = httpx2.post(f"{issuer}/oauth2/clients", json=body).raise_for_status().json()
    return SmartLaunch(issuers={ehr: client["client_id"]}, client_secret=client["client_secret"])


@pytest.fixture
def browser(database: Database, issuer: str, launch: SmartLaunch) -> Iterator[TestClient]:
    """A browser at a worklist that knows the provider and the EHR."""
    oidc = Oidc(issuer=issuer, client_id="countersign", client_secret=SecretStr("secret"))
    worklist = Worklist(public_url="http://testserver", oidc=oidc, smart=launch)
    with TestClient(create_app(Settings(database=database, worklist=worklist)), follow_redirects=False) as client:
        yield client


def consent(address: str, sub: str) -> str:
    """The person says yes at the provider; where it sends the browser then."""
    answer = httpx2.post(address, data={"sub": sub}, follow_redirects=False)
    assert answer.status_code in (302, 303), answer.text
    return answer.headers["location"]


def log_in(browser: TestClient, sub: str, start: str = "/login/oidc?next=/charts") -> Any:
    """The whole way; our answer to the callback."""
    begun = browser.get(start)
    assert begun.status_code == 303, begun.text
    return browser.get(consent(begun.headers["location"], sub))


def test_a_login_makes_an_account_with_roles_and_practitioner(browser: TestClient) -> None:
    answer = log_in(browser, "ada")
    assert (answer.status_code, answer.headers["location"]) == (303, "/charts")
    person = browser.get("/api/v1/me").json()
    assert person["name"] == "Ada Signer"
    assert person["roles"] == ["reviewer", "signer"]
    assert person["practitioner"] == "https://ehr.example/fhir/Practitioner/7"


def test_without_a_role_nobody_gets_in(browser: TestClient) -> None:
    answer = log_in(browser, "eve")
    assert answer.status_code == 403
    assert "no role here" in answer.text
    assert browser.get("/api/v1/me").status_code == 401


def test_an_answer_can_be_used_once(browser: TestClient) -> None:
    begun = browser.get("/login/oidc")
    back = consent(begun.headers["location"], "ada")
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


def test_an_answer_nobody_asked_for_is_refused(browser: TestClient) -> None:
    assert browser.get("/login/callback?state=made-up&code=made-up").status_code == 403


def test_a_code_of_another_login_is_refused(browser: TestClient) -> None:
    first = consent(browser.get("/login/oidc").headers["location"], "ada")
    second = consent(browser.get("/login/oidc").headers["location"], "ada")
    code = parse_qs(urlsplit(first).query)["code"][0]
    state = parse_qs(urlsplit(second).query)["state"][0]
    assert browser.get("/login/callback", params={"state": state, "code": code}).status_code == 403


def test_an_ehr_launch_logs_its_practitioner_in_with_the_roles_of_the_settings(browser: TestClient, ehr: str) -> None:
    answer = log_in(browser, "sam", f"/launch?iss={ehr}&launch=abc")
    assert answer.status_code == 303
    person = browser.get("/api/v1/me").json()
    assert (person["name"], person["roles"]) == ("sam", ["reviewer", "signer"])


def test_an_ehr_launch_by_somebody_who_is_no_practitioner_is_refused(browser: TestClient, ehr: str) -> None:
    assert log_in(browser, "pat", f"/launch?iss={ehr}&launch=abc").status_code == 403


def test_an_ehr_that_is_not_in_the_settings_cannot_launch(browser: TestClient) -> None:
    assert browser.get("/launch?iss=https://elsewhere.example/fhir&launch=abc").status_code == 403


def test_a_provider_that_asked_again_confirms_who_signs_and_one_that_did_not_does_not(browser: TestClient) -> None:
    log_in(browser, "ada")
    assert log_in(browser, "ada", "/login/again?next=/login/done").headers["location"] == "/login/done"
    log_in(browser, "old")
    answer = log_in(browser, "old", "/login/again?next=/login/done")
    assert answer.status_code == 403
    assert "did not ask you who you are again" in answer.text


def test_confirming_who_you_are_asks_the_provider_for_a_fresh_login(browser: TestClient) -> None:
    log_in(browser, "ada")
    again = browser.get("/login/again?next=/login/done")
    asked = parse_qs(urlsplit(again.headers["location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"])
def test_a_login_leads_nowhere_but_home(browser: TestClient, target: str) -> None:
    begun = browser.get("/login/oidc", params={"next": target})
    answer = browser.get(consent(begun.headers["location"], "ada"))
    assert answer.headers["location"] == "/worklist"


def test_a_provider_that_is_away_is_said_so(database: Database) -> None:
    oidc = Oidc(issuer=f"http://127.0.0.1:{free_port()}", client_id="countersign")
    settings = Settings(database=database, worklist=Worklist(public_url="http://testserver", oidc=oidc))
    with TestClient(create_app(settings), follow_redirects=False) as browser:
        answer = browser.get("/login/oidc")
    assert answer.status_code == 502
    assert "cannot be reached" in answer.text


def stranger(browser: TestClient) -> TestClient:
    """Another browser at the same worklist: no cookie of the first."""
    return TestClient(browser.app, follow_redirects=False)


@pytest.mark.parametrize("by_launch", [False, True])
def test_an_answer_that_another_browser_asked_for_logs_nobody_in(
    browser: TestClient, ehr: str, by_launch: bool
) -> None:
    """Login CSRF: the victim follows a link to the callback of the attacker's login (RFC 9700 §4.7)."""
    start = f"/launch?iss={ehr}&launch=abc" if by_launch else "/login/oidc"
    link = consent(browser.get(start).headers["location"], "sam" if by_launch else "ada")
    victim = stranger(browser)

    assert victim.get(link).status_code == 403
    assert victim.get("/worklist").headers["location"].startswith("/login")
    assert browser.get(link).status_code == 303, "whoever began it can end it"


def test_a_login_ends_the_session_before_it(browser: TestClient) -> None:
    log_in(browser, "ada")
    earlier = browser.cookies["countersign"]
    log_in(browser, "ada")

    assert browser.cookies["countersign"] != earlier
    assert stranger(browser).get("/api/v1/me", headers={"Cookie": f"countersign={earlier}"}).status_code == 401


@pytest.mark.parametrize("state", ["made-up", "", "a" * 500, "\x00"])
def test_answers_that_fit_no_login_leave_no_row_and_are_refused_after_the_twentieth(
    browser: TestClient, engine: Engine, state: str
) -> None:
    """Whoever sets the cookie themselves has begun nothing either."""
    browser.cookies.set(f"countersign-login-{state[:12]}", state)
    asked = {"state": state, "code": "x"}
    statuses = [browser.get("/login/callback", params=asked).status_code for _ in range(25)]

    assert statuses == [403] * 20 + [429] * 5
    with engine.connect() as connection:
        refused = connection.execute(text("SELECT count(*) FROM audit WHERE action = 'login.refused'")).scalar()
    assert refused == 0


@pytest.mark.parametrize(
    ("host", "status"),
    [("testserver", 200), ("127.0.0.1:8080", 200), ("evil.example", 421), ("testserver.evil.example", 421), ("", 421)],
)
def test_pages_are_shown_under_our_names_only(browser: TestClient, host: str, status: int) -> None:
    """DNS rebinding: a page of another site whose name now leads to us."""
    for path in ("/login", "/fhir/metadata", "/api/v1/openapi.json"):
        assert (browser.get(path, headers={"Host": host}).status_code == 421) == (status == 421)
