"""TLS: mutual where a client CA is set; renewed certificates are taken up, unusable ones are not."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.listening import Listen, Peer, Running

ORU = b"MSH|^~\\&|RIS|HOSP|||2026||ORU^R01|T1|P|2.5\r"


class Authority:
    """A certificate authority of one test."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.path = folder / f"{name}-ca.pem"
        self.path.write_bytes(self._certify(self.name, self.key, authority=True))

    def issue(self, name: str) -> tuple[Path, Path]:
        """(certificate, key), for the loopback address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate, secret = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(self._certify(subject, key, authority=False))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, secret

    def _certify(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


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
