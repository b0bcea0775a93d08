"""TLS: mutual where a client CA is set; renewed certificates are taken up, unusable ones are not."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.listening import Listen, Peer, Running

ORU = b"MSH|^~\\&|RIS|HOSP|||2026||ORU^R01|T1|P|2.5\r"


def ask(running: Running, trusts: Path, identity: tuple[Path, Path] | None = None) -> bytes:
    """The answer to a report over TLS; b"" when the listener will not have us."""
    context = ssl.create_default_context(cafile=trusts)
    if identity:
        context.load_cert_chain(*identity)
    try:
        with (
            socket.create_connection(("127.0.0.1", running.port), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as channel,
        ):
            return Peer(channel).ask(ORU)
    except (ssl.SSLError, ConnectionError):
        return b""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "first")


def test_only_a_client_with_a_certificate_is_heard(listen: Listen, authority: Authority) -> None:
    certificate, key = authority.issue("server")
    running = listen(tls_certificate=certificate, tls_key=key, tls_client_ca=authority.path)
    assert b"MSA|AA|T1" in ask(running, authority.path, authority.issue("client"))
    assert ask(running, authority.path) == b""


def test_a_client_of_another_authority_is_refused(listen: Listen, authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("server")
    running = listen(tls_certificate=certificate, tls_key=key, tls_client_ca=authority.path)
    stranger = Authority(tmp_path, "second").issue("stranger")
    assert ask(running, authority.path, stranger) == b""


def test_with_a_renewed_client_authority_only_its_clients_are_heard(
    listen: Listen, authority: Authority, tmp_path: Path
) -> None:
    certificate, key = authority.issue("server")
    clients = Authority(tmp_path, "clients")
    running = listen(tls_certificate=certificate, tls_key=key, tls_client_ca=clients.path)
    old, successor = clients.issue("old"), Authority(tmp_path, "successor")
    assert b"MSA|AA" in ask(running, authority.path, old)
    clients.path.write_bytes(successor.path.read_bytes())
    running.call(running.listener.renew)
    assert ask(running, authority.path, old) == b""
    assert b"MSA|AA" in ask(running, authority.path, successor.issue("new"))


def test_over_tls_a_message_of_any_size_and_many_at_once_are_answered_in_order(
    listen: Listen, authority: Authority
) -> None:
    certificate, key = authority.issue("server")
    running = listen(tls_certificate=certificate, tls_key=key)
    bodies = [
        ORU.replace(b"T1", b"T%d" % number) + b"OBX|1|TX|||" + b"x" * size
        for number, size in enumerate((0, 70_000, 10, 1_000_000, 300_000, 1))
    ]
    with (
        socket.create_connection(("127.0.0.1", running.port), timeout=20) as plain,
        ssl.create_default_context(cafile=authority.path).wrap_socket(plain, server_hostname="localhost") as channel,
    ):
        peer = Peer(channel)
        peer.send(*bodies)
        answers = [peer.answer() for _ in bodies]
    assert all(b"MSA|AA|T%d\r" % number in answer for number, answer in enumerate(answers))


def test_renewed_certificates_are_taken_up_and_broken_ones_are_not(
    listen: Listen, authority: Authority, tmp_path: Path
) -> None:
    certificate, key = authority.issue("server")
    running = listen(tls_certificate=certificate, tls_key=key)
    assert b"MSA|AA" in ask(running, authority.path)
    second = Authority(tmp_path, "second")
    for old, new in zip((certificate, key), second.issue("renewed"), strict=True):
        old.write_bytes(new.read_bytes())
    running.call(running.listener.renew)
    assert b"MSA|AA" in ask(running, second.path)
    certificate.write_text("not a certificate")
    running.call(running.listener.renew)
    assert b"MSA|AA" in ask(running, second.path)
