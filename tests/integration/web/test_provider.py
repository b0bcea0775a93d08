"""Logins at an OpenID certified provider: every way to prove who we are, and its own logout."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus

import httpx2
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr, ValidationError

from integration.fhir.smart import SmartKeyError, signing_key
from services.settings import Database, Oidc, Settings, Worklist
from services.web.app import create_app
from services.web.auth.discovery import METADATA_SECONDS, Discovery, OidcError
from services.web.auth.oidc import Provider, Registration
from tests.ehr import HOME, KEY, SECRET, Ehr, running, visited


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


def known(secret: str = SECRET, method: str = "client_secret_basic", client_id: str = "app") -> Registration:
    return Registration(client_id, SecretStr(secret), f"{HOME}/login/callback", "openid", method)


@asynccontextmanager
async def asked(provider: Ehr, **said: Any) -> AsyncIterator[Provider]:
    """The provider, as if its document said something else here and there."""
    async with httpx2.AsyncClient() as http:
        found = Discovery(f"{provider.issuer}/.well-known/openid-configuration", http, provider.issuer)
        await found.document()
        found._document |= said
        yield Provider(found)


def test_a_login_by_key_without_one_is_no_public_client() -> None:
    with pytest.raises(ValidationError, match="wants the private key"):
        Oidc(client_authentication="private_key_jwt")


async def test_a_key_that_cannot_sign_is_named_at_the_login(provider: Ehr) -> None:
    async with asked(provider) as one:
        with pytest.raises(OidcError, match="not a PEM private key"):
            await one.finish(known("no key", "private_key_jwt"), "code", "verifier", "nonce")


@pytest.mark.parametrize(
    "answer",
    [b"", b"busy", b"[]", b"{}", b'{"access_token": "x", "expires_in": [1]}', b'{"error": ["invalid_grant"]}',
     b'{"access_token": "x", "expires_in": 1e999}', b'{"access_token": "x", "id_token": 7}',
     b'{"access_token": "x", "id_token": "a.b.c"}', b"[" * 100_000],
)  # fmt: skip
async def test_a_provider_that_answers_nonsense_logs_nobody_in(provider: Ehr, answer: bytes) -> None:
    with answering(answer) as url:
        async with asked(provider, token_endpoint=url) as one:
            with pytest.raises(OidcError, match="identity provider"):
                await one.finish(known(), "code", "verifier", "nonce")


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500])
async def test_a_token_counts_only_where_the_login_was_accepted(provider: Ehr, status: int) -> None:
    with answering(b'{"access_token": "x", "id_token": "a.b.c"}', status) as url:
        async with asked(provider, token_endpoint=url) as one:
            with pytest.raises(OidcError, match="did not accept the login"):
                await one.finish(known(), "code", "verifier", "nonce")


@pytest.mark.parametrize(
    "claims",
    [{"sub": ""}, {"sub": None}, {"nonce": "other"}, {"azp": "other"}, {"iss": "other"}, {"aud": ["app", "other"]},
     {"at_hash": [1]}, {"exp": 1}, {"iat": None}],
)  # fmt: skip
async def test_an_id_token_is_checked_in_full(provider: Ehr, claims: dict[str, Any]) -> None:
    good = {"iss": provider.issuer, "aud": "app", "sub": "ada", "nonce": "nonce", "exp": time.time() + 60}
    good["iat"] = time.time()
    signer = ECKey.generate_key("P-256")
    # A key of a kind nobody knows beside it spoils nothing.
    with serving({"keys": [{"kty": "new"}, 5, signer.as_dict(private=False)]}) as keys:
        async with asked(provider, jwks_uri=keys) as one:
            for said, right in ((good, True), ({**good, **claims}, False)):
                token = {"access_token": "x", "id_token": jwt.encode({"alg": "ES256"}, said, signer)}
                with nullcontext() if right else pytest.raises(OidcError, match="could not be verified"):
                    assert (await one.claims(known(), token, "nonce"))["sub"] == "ada"


@pytest.mark.parametrize("document", [None, 5, [1], {}, {"keys": []}, {"keys": 5}, {"keys": [{"kty": "RSA"}]}])
async def test_keys_that_are_none_verify_nothing(provider: Ehr, document: Any) -> None:
    with serving(document) as keys:
        async with asked(provider, jwks_uri=keys) as one:
            with pytest.raises(OidcError, match="identity provider"):
                await one.claims(known(), {"id_token": "a.b.c"}, "nonce")


@pytest.mark.parametrize("address", [None, 5, "", "/relative", "javascript:alert(1)", "http://a\r\nX: y/", {"a": 1}])
async def test_nobody_is_sent_to_what_is_no_web_address(provider: Ehr, address: Any) -> None:
    async with asked(provider, authorization_endpoint=address, end_session_endpoint=address) as one:
        with pytest.raises(OidcError, match="names no authorization_endpoint"):
            await one.start(known())
        with pytest.raises(OidcError, match="names no end_session_endpoint"):
            await one.end(known(), HOME)


@pytest.mark.parametrize("document", [None, [], {}, {"issuer": ""}, {"issuer": 5}, {"issuer": "https://other.example"}])
async def test_a_provider_under_another_name_is_refused(document: Any) -> None:
    with serving(document) as url:
        async with httpx2.AsyncClient() as http:
            with pytest.raises(OidcError, match="identity provider"):
                await Discovery(url, http, "https://idp.example").document()


async def test_what_was_read_of_a_provider_outlives_an_hour_in_which_it_is_away() -> None:
    async with httpx2.AsyncClient() as http:
        with serving({"issuer": "https://idp.example/"}) as url:
            found = Discovery(url, http, "https://idp.example")
            await found.document()
        found._read_at -= 2 * METADATA_SECONDS
        assert (await found.document())["issuer"] == "https://idp.example/"


@pytest.mark.parametrize("secret", ["a+b%2Fc:d", "p%sss&=+/?", "schlüssel€"])
async def test_a_secret_of_any_letters_is_shown_as_the_rules_have_it(secret: str) -> None:
    with listening() as (url, heard):
        async with httpx2.AsyncClient() as http:
            provider = Discovery("", http, _document={"token_endpoint": url}, _read_at=time.monotonic())
            with pytest.raises(OidcError, match="did not accept"):
                await Provider(provider).finish(known(secret, client_id="a:b"), "c", "v", "n")
    shown = base64.b64decode(heard[0].removeprefix("Basic ")).decode()
    assert [unquote_plus(each) for each in shown.split(":")] == ["a:b", secret]


@contextmanager
def served(say: Callable[[BaseHTTPRequestHandler], tuple[int, bytes]]) -> Iterator[str]:
    """A server that answers every request by `say`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            status, body = say(self)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.headers["Content-Length"] = "0"
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def answering(body: bytes, status: int = 200) -> Any:
    return served(lambda _: (status, body))


def serving(document: Any) -> Any:
    return answering(json.dumps(document).encode())


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server that refuses everybody, and how each showed who they are."""
    heard: list[str] = []

    def refuse(request: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        heard.append(request.headers["Authorization"])
        return 401, b'{"error": "invalid_client"}'

    with served(refuse) as url:
        yield url, heard


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
    there = answer.headers["Refresh"].removeprefix("0; url=")
    assert "/session/end?client_id=" in there
    question = person.get(there)
    (action,) = re.findall(r'action="([^"]+)"', question.text)
    (xsrf,) = re.findall(r'name="xsrf" value="([^"]+)"', question.text)
    assert person.post(action, data={"xsrf": xsrf, "logout": "yes"}).headers["location"] == f"{HOME}/login"


def test_where_the_provider_ends_no_session_the_person_is_told(database: Database, provider: Ehr) -> None:
    with worklist(database, provider, "client_secret_basic", SECRET, logout=True) as browser, httpx2.Client() as person:
        log_in(browser, person)
        app: Any = browser.app
        del app.state.providers.at(provider.issuer).discovery._document["end_session_endpoint"]
        token = browser.get("/session").json()["csrf"]
        answer = browser.post("/logout", headers={"X-CSRF-Token": token, "Origin": HOME})
        assert answer.status_code == 502
        assert "Close the browser" in answer.text
        assert browser.get("/api/v1/me").status_code == 401


def test_without_the_setting_a_logout_is_ours_alone(database: Database, provider: Ehr) -> None:
    with worklist(database, provider, "client_secret_basic", SECRET) as browser, httpx2.Client() as person:
        log_in(browser, person)
        token = browser.get("/session").json()["csrf"]
        answer = browser.post("/logout", headers={"X-CSRF-Token": token, "Origin": HOME})
        assert answer.headers["location"] == "/login"
        assert not any("/interaction/" in each for each in log_in(browser, person))
