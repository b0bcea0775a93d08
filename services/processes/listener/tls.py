"""TLS for the listener, mutual where a client CA is set, and when its files were last changed."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from services.settings import Mllp


class TlsError(Exception):
    """The certificate files cannot be used; the message names setting and file."""


def context(mllp: Mllp) -> ssl.SSLContext | None:
    """The server context of the settings, None for plain TCP. Raises TlsError."""
    if mllp.tls_certificate is None and mllp.tls_key is None and mllp.tls_client_ca is None:
        return None
    if mllp.tls_certificate is None or mllp.tls_key is None:
        raise TlsError("COUNTERSIGN_MLLP__TLS_CERTIFICATE and COUNTERSIGN_MLLP__TLS_KEY are both needed for TLS")
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(mllp.tls_certificate, lambda: made.load_cert_chain(mllp.tls_certificate or "", mllp.tls_key))
    if mllp.tls_client_ca is not None:
        made.verify_mode = ssl.CERT_REQUIRED
        _load(mllp.tls_client_ca, lambda: made.load_verify_locations(mllp.tls_client_ca))
    return made


def changed(mllp: Mllp) -> tuple[float, ...]:
    """Modification times of the files, to be compared with an earlier look; 0.0 for a missing file."""
    files = (mllp.tls_certificate, mllp.tls_key, mllp.tls_client_ca)
    return tuple(_modified(path) for path in files if path is not None)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _load(path: Path, load: Callable[[], None]) -> None:
    try:
        load()
    except (OSError, ssl.SSLError) as error:
        raise TlsError(f"{path}: cannot be used for TLS: {getattr(error, 'strerror', None) or error}") from None
