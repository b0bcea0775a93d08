"""What the steps are given, built once a process from the settings; a bad file fails here, with its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx2

from integration.fhir.client import Bearer, Client, Endpoint, tls_context
from integration.fhir.systems import Systems
from integration.hl7v2.senders import Senders, WatchedSenders, load_senders
from services.settings import Fhir, Settings
from services.telemetry import traces
from services.telemetry.logs import log

LOG = log("senders")
SENDERS = "senders.yaml"


@dataclass(frozen=True, slots=True)
class Site:
    """What is needed to understand a message: settings, the sender maps, and the URIs of this installation."""

    settings: Settings
    senders: Senders
    systems: Systems


def site(settings: Settings) -> Site:
    """Raises SenderError naming file, line and reason. A changed file of sender maps is taken up within a second."""
    return Site(settings, _senders(settings), systems(settings))


def _senders(settings: Settings) -> Senders:
    path, authorities = in_folder(settings, SENDERS), settings.fhir.authorities
    if path is None:
        return load_senders(None, authorities)
    return WatchedSenders(path, authorities, lambda fault: LOG.error("sender maps not taken up", reason=fault))


def systems(settings: Settings) -> Systems:
    """The URIs of this installation."""
    return Systems(settings.canonical_base, settings.fhir.authorities)


def in_folder(settings: Settings, name: str) -> Path | None:
    """A file or folder of the configuration folder; None where there is no such folder."""
    return settings.config_dir / name if settings.config_dir else None


def endpoint(fhir: Fhir) -> Endpoint:
    """How the FHIR server is reached. Raises ValueError without a URL."""
    if fhir.url is None:
        raise ValueError("COUNTERSIGN_FHIR__URL is not set")
    files = (str(path or "") for path in (fhir.ca, fhir.client_certificate, fhir.client_key))
    return Endpoint(
        base_url=str(fhir.url).rstrip("/"),
        auth=_auth(fhir),
        timeout=fhir.timeout,
        tls=tls_context(*files) if fhir.url.scheme == "https" else None,
        context=traces.headers,
    )


def _auth(fhir: Fhir) -> httpx2.Auth | None:
    """SMART Backend Services, else a static token, else nothing."""
    token = fhir.token.get_secret_value()
    if fhir.smart.client_id:
        # Only where it is used: the cryptography costs every process 10 MB.
        from services.workflow.smart import backend_services

        return backend_services(fhir)
    return Bearer(token) if token else None


def fhir_client(fhir: Fhir) -> Client:
    """A client for threads."""
    return Client(endpoint(fhir))
