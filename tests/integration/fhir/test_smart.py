"""SMART Backend Services against a token server that checks signature, audience, lifetime, jti and scopes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from joserfc.jwk import ECKey, RSAKey

from integration.fhir.capability import capabilities
from integration.fhir.client import AsyncClient, Client, Endpoint
from integration.fhir.errors import Refused, Unreachable
from integration.fhir.exchange import create, search
from integration.fhir.smart import BackendServices, SmartKeyError, signing_key
from integration.fhir.write import write
from tests.integration.fhir.servers import Proxy, Sekmet
from tests.integration.fhir.wanted_set import Case, MemoryLedger, counts

RSA = RSAKey.generate_key(2048).as_pem(private=True).decode()
EC = ECKey.generate_key("P-384").as_pem(private=True).decode()
STRANGER = RSAKey.generate_key(2048).as_pem(private=True).decode()
READ_AND_WRITE = " ".join(
    f"system/{kind}.crus"
    for kind in ("Patient", "ServiceRequest", "DiagnosticReport", "Device", "Observation", "Provenance", "Task")
)


@pytest.fixture(scope="module")
def smart_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sekmet]:
    clients = [
        {"client_id": "rsa", "jwks": signing_key(RSA, "k1").public_jwks(), "scopes": READ_AND_WRITE},
        {"client_id": "ec", "jwks": signing_key(EC, "k2").public_jwks(), "scopes": READ_AND_WRITE},
        {"client_id": "reader", "jwks": signing_key(RSA, "k1").public_jwks(), "scopes": "system/Patient.rs"},
    ]
    auth = {"types": ["smart"], "smart_clients": clients}
    server = Sekmet(tmp_path_factory.mktemp("smart"), {"server_auth": auth}).start()
    yield server
    server.stop()


def endpoint(url: str, client_id: str, pem: str, scope: str = READ_AND_WRITE, token_url: str = "") -> Endpoint:
    key = signing_key(pem, "k1" if pem == RSA else "k2")
    return Endpoint(url, BackendServices(client_id, key, scope, url, token_url))


@pytest.mark.parametrize(("client_id", "pem"), [("rsa", RSA), ("ec", EC)])
def test_a_signed_assertion_opens_the_server(smart_server: Sekmet, client_id: str, pem: str) -> None:
    client = Client(endpoint(smart_server.base_url, client_id, pem))
    assert client.run(search("Patient", [])).total is not None


def test_the_same_works_asynchronously(smart_server: Sekmet) -> None:
    async def look() -> int | None:
        async with AsyncClient(endpoint(smart_server.base_url, "ec", EC)) as client:
            return (await client.run(search("Patient", []))).total

    assert asyncio.run(look()) is not None


def test_a_token_is_fetched_once_and_used_until_it_expires(smart_server: Sekmet) -> None:
    root = smart_server.base_url.removesuffix("/fhir")
    with Proxy(root) as proxy:
        # The server checks the audience, so the token request names it; the proxy only counts.
        base = proxy.base_url
        client = Client(endpoint(base + "/fhir", "rsa", RSA))
        for _ in range(5):
            client.run(search("Patient", []))
    asked = [path for method, path in proxy.requests if "smart-configuration" in path]
    assert len(asked) == 1


def test_a_key_the_server_does_not_know_is_unreachable_with_the_oauth_code(smart_server: Sekmet) -> None:
    client = Client(endpoint(smart_server.base_url, "rsa", STRANGER))
    with pytest.raises(Unreachable, match="invalid_client"):
        client.run(search("Patient", []))


def test_least_scopes_are_enough_to_write_and_no_more_is_granted(smart_server: Sekmet) -> None:
    """A transaction would need rights on every type; without them the resources go one by one."""
    client, case = Client(endpoint(smart_server.base_url, "rsa", RSA)), Case()
    outcome = client.run(write(client.run(capabilities()), case.wanted(), MemoryLedger()))
    assert outcome.kept == {}
    assert set(counts(client, case.systems).values()) == {1}
    with pytest.raises(Refused, match="403"):
        client.run(create({"resourceType": "Encounter", "status": "finished"}))


def test_scopes_that_are_not_granted_are_a_refusal(smart_server: Sekmet) -> None:
    client = Client(endpoint(smart_server.base_url, "reader", RSA, "system/Patient.rs"))
    with pytest.raises(Refused, match="403"):
        client.run(create({"resourceType": "Patient"}))


def test_a_token_the_server_no_longer_takes_is_renewed(smart_server: Sekmet) -> None:
    chosen = endpoint(smart_server.base_url, "rsa", RSA)
    client = Client(chosen)
    client.run(search("Patient", []))
    assert isinstance(chosen.auth, BackendServices)
    chosen.auth._token = "no longer valid"
    assert client.run(search("Patient", [])).total is not None


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        ("nonsense", "not a PEM"),
        (ECKey.generate_key("P-256").as_pem(private=True).decode(), "P-256"),
        (RSAKey.generate_key(2048).as_pem(private=False).decode(), "public key"),
    ],
)
def test_a_key_that_cannot_serve_is_named_at_start(pem: str, reason: str) -> None:
    with pytest.raises(SmartKeyError, match=reason):
        signing_key(pem, "k")


def test_what_is_published_holds_no_private_part() -> None:
    for pem in (RSA, EC):
        (key,) = signing_key(pem, "k").public_jwks()["keys"]
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)
        assert (key["kid"], key["use"]) == ("k", "sig")
