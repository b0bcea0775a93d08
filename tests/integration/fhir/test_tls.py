"""Mutual TLS and a static bearer token, as the settings give them, against a server that insists on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import AnyHttpUrl, SecretStr

from integration.fhir.client import Client
from integration.fhir.errors import Unreachable
from integration.fhir.exchange import create, read
from services.settings import Fhir
from services.workflow.context import fhir_client
from tests.integration.fhir.certificates import Authority, demanding
from tests.integration.fhir.servers import Proxy, Sekmet

TOKEN = "only for the tests"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), "hospital")


@pytest.fixture(scope="module")
def guarded(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server that wants the token, behind TLS that wants a certificate."""
    server = Sekmet(tmp_path_factory.mktemp("guarded"), {"server_auth": {"types": ["bearer"], "tokens": [TOKEN]}})
    server.start()
    with Proxy(server.base_url, tls=demanding(authority)) as proxy:
        yield proxy.base_url
    server.stop()


def client(url: str, ca: Path | None, pair: tuple[Path, Path] | None, token: str = TOKEN) -> Client:
    """As the processes make theirs."""
    certificate, key = pair or (None, None)
    given = {"ca": ca, "client_certificate": certificate, "client_key": key, "token": SecretStr(token)}
    return fhir_client(Fhir.model_validate({"url": AnyHttpUrl(url), **given}))


def test_with_certificate_and_token_the_server_is_read_and_written(guarded: str, authority: Authority) -> None:
    with client(guarded, authority.ca, authority.issue("countersign")) as ours:
        written = ours.run(create({"resourceType": "Patient", "active": True}))
        assert ours.run(read(written.reference))["active"] is True


def test_without_a_certificate_of_their_authority_nothing_is_said(
    guarded: str, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger").issue("stranger")
    for pair in (None, stranger):
        with client(guarded, authority.ca, pair) as ours, pytest.raises(Unreachable, match="no answer"):
            ours.run(read("Patient/1"))


def test_a_server_another_authority_vouches_for_gets_no_token(
    guarded: str, authority: Authority, tmp_path: Path
) -> None:
    pair = authority.issue("countersign")
    for ca in (None, Authority(tmp_path, "another").ca):
        with client(guarded, ca, pair) as ours, pytest.raises(Unreachable, match="no answer"):
            ours.run(read("Patient/1"))


def test_a_certificate_does_not_stand_for_the_token(guarded: str, authority: Authority) -> None:
    pair = authority.issue("countersign")
    with client(guarded, authority.ca, pair, "another") as ours, pytest.raises(Unreachable, match="401"):
        ours.run(read("Patient/1"))
