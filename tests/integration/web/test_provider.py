"""Logins at an OpenID certified provider: every way to prove who we are, and its own logout."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import ECKey
from pydantic import SecretStr

from integration.fhir.smart import SmartKeyError, signing_key
from services.settings import Database, Oidc, Settings, Worklist
from services.web.app import create_app
from services.web.auth.oidc import OidcError, Provider, Registration
from tests.ehr import KEY, SECRET, Ehr, running, visited

HOME = "http://testserver"


@pytest.fixture(scope="module")
def provider() -> Iterator[Ehr]:
    """The running provider."""
    with running({}) as found:
        yield found


def worklist(database: Database, provider: Ehr, method: str, secret: str, logout: bool = False) -> TestClient:
    oidc = Oidc(
        issuer=provider.issuer,
        client_id=f"{method}-app",
        client_secret=SecretStr(secret),
        client_authentication=method,
        logout=logout,
    )
    settings = Settings(database=database, worklist=Worklist(public_url=HOME, oidc=oidc))
    return TestClient(create_app(settings), follow_redirects=False)


def log_in(browser: TestClient, person: httpx2.Client) -> list[str]:
    """The way through the provider, whose last address logged the person in."""
    passed = visited(person, browser.get("/login/oidc").headers["location"])
    answer = browser.get(passed[-1])
    assert answer.status_code == 303, answer.text
    return passed


@pytest.mark.parametrize(
    ("method", "secret"),
    [
        ("client_secret_basic", SECRET),
        ("client_secret_post", SECRET),
        ("client_secret_jwt", SECRET),
        ("private_key_jwt", KEY),
    ],
)
def test_the_provider_is_shown_who_we_are(database: Database, provider: Ehr, method: str, secret: str) -> None:
    with worklist(database, provider, method, secret) as browser, httpx2.Client() as person:
        log_in(browser, person)
        assert browser.get("/api/v1/me").json()["name"] == "Dr Launched"


@pytest.mark.parametrize(
    ("method", "secret"),
    [
        ("client_secret_basic", "another"),
        ("client_secret_post", "another"),
        ("client_secret_jwt", SECRET[::-1]),
        ("private_key_jwt", ECKey.generate_key("P-384").as_pem(private=True).decode()),
    ],
)
def test_who_cannot_show_it_does_not_get_in(database: Database, provider: Ehr, method: str, secret: str) -> None:
    with worklist(database, provider, method, secret) as browser, httpx2.Client() as person:
        back = visited(person, browser.get("/login/oidc").headers["location"])[-1]
        answer = browser.get(back)
        assert answer.status_code == 403
        assert "did not accept the login" in answer.text


def test_the_key_to_register_is_published(database: Database, provider: Ehr) -> None:
    with worklist(database, provider, "private_key_jwt", KEY) as browser:
        (published,) = browser.get("/.well-known/jwks.json").json()["keys"]
        assert published["kid"] == signing_key(KEY, "").key_id
        assert "d" not in published


def test_a_key_that_cannot_sign_stops_the_worklist_at_its_start(database: Database, provider: Ehr) -> None:
    other = ECKey.generate_key("P-256").as_pem(private=True).decode()
    with pytest.raises(SmartKeyError, match="ES384 needs P-384"):
        worklist(database, provider, "private_key_jwt", other)


async def test_where_no_key_is_published_it_is_named_at_the_login(provider: Ehr) -> None:
    known = Registration("app", SecretStr("no key"), f"{HOME}/login/callback", "openid", "private_key_jwt")
    async with httpx2.AsyncClient() as http:
        asked = Provider(f"{provider.issuer}/.well-known/openid-configuration", http)
        with pytest.raises(OidcError, match="not a PEM private key"):
            await asked.start(known)


@pytest.mark.parametrize(
    "answer",
    [b"", b"busy", b"[]", b"{}", b'{"access_token": "x", "expires_in": [1]}', b'{"error": ["invalid_grant"]}',
     b'{"access_token": "x", "id_token": 7}', b'{"access_token": "x", "id_token": "a.b.c"}'],
)  # fmt: skip
async def test_a_provider_that_answers_nonsense_logs_nobody_in(provider: Ehr, answer: bytes) -> None:
    known = Registration("app", SecretStr(SECRET), f"{HOME}/login/callback", "openid")
    async with httpx2.AsyncClient() as http:
        asked = Provider(f"{provider.issuer}/.well-known/openid-configuration", http)
        with answering(answer) as url:
            (await asked.metadata())["token_endpoint"] = url
            with pytest.raises(OidcError, match="identity provider"):
                await asked.finish(known, "code", "verifier", "nonce")


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """A server that says one thing to every POST."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_logging_out_ends_the_providers_session_too(database: Database, provider: Ehr) -> None:
    with worklist(database, provider, "client_secret_basic", SECRET, logout=True) as browser, httpx2.Client() as person:
        assert any("/interaction/" in each for each in log_in(browser, person))
        assert not any("/interaction/" in each for each in log_in(browser, person))
        leave(browser, person)
        assert browser.get("/api/v1/me").status_code == 401
        assert any("/interaction/" in each for each in log_in(browser, person))


def leave(browser: TestClient, person: httpx2.Client) -> None:
    """Logs out here, and says yes to the provider's question."""
    token = browser.get("/session").json()["csrf"]
    answer = browser.post("/logout", headers={"X-CSRF-Token": token, "Origin": HOME})
    assert "/session/end?client_id=" in answer.headers["location"]
    question = person.get(answer.headers["location"])
    (action,) = re.findall(r'action="([^"]+)"', question.text)
    (xsrf,) = re.findall(r'name="xsrf" value="([^"]+)"', question.text)
    assert person.post(action, data={"xsrf": xsrf, "logout": "yes"}).headers["location"] == f"{HOME}/login"


def test_without_the_setting_a_logout_is_ours_alone(database: Database, provider: Ehr) -> None:
    with worklist(database, provider, "client_secret_basic", SECRET) as browser, httpx2.Client() as person:
        log_in(browser, person)
        token = browser.get("/session").json()["csrf"]
        answer = browser.post("/logout", headers={"X-CSRF-Token": token, "Origin": HOME})
        assert answer.headers["location"] == "/login"
        assert not any("/interaction/" in each for each in log_in(browser, person))
