"""The groups of settings, one a concern, each with its defaults, units and limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, model_validator

Port = Annotated[int, Field(ge=1, le=65535)]


Seconds = Annotated[float, Field(gt=0)]
Event = Literal["report.signed", "critical_result.not_communicated"]


class Group(BaseModel):
    """A group of settings; unknown names are an error, so that a typo is never silent."""

    model_config = ConfigDict(extra="forbid")


class Database(Group):
    """PostgreSQL."""

    host: str = Field("127.0.0.1", description="Host name or address.")
    port: Port = Field(5432, description="TCP port.")
    name: str = Field("countersign", description="Database.")
    user: str = Field("countersign", description="Role.")
    password: SecretStr = Field(SecretStr(""), description="Password.")
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "prefer", description="TLS mode of libpq."
    )
    pool_size: int = Field(
        5, ge=1, le=200, description="Half of the connections one process may open; opened ones are kept."
    )
    connect_timeout: Seconds = Field(5, description="Seconds to wait for a connection.")

    def url(self) -> str:
        """SQLAlchemy URL; serves the synchronous and the asynchronous engine alike."""
        auth = f"{quote(self.user, safe='')}:{quote(self.password.get_secret_value(), safe='')}"
        timeout = max(1, round(self.connect_timeout))
        query = f"sslmode={self.sslmode}&connect_timeout={timeout}"
        return f"postgresql+psycopg://{auth}@{self.host}:{self.port}/{self.name}?{query}"


class Broker(Group):
    """Redis-protocol broker. It carries job ids only; losing it loses nothing."""

    host: str = Field("127.0.0.1", description="Host name or address.")
    port: Port = Field(6379, description="TCP port.")
    database: int = Field(0, ge=0, description="Redis database number.")
    user: str = Field("", description="ACL user; empty for the default user.")
    password: SecretStr = Field(SecretStr(""), description="Password.")
    tls: bool = Field(False, description="Use TLS; the server's certificate and name are checked.")
    ca: Path | None = Field(None, description="CA of the server's certificate, PEM; empty: system trust.")

    def url(self) -> str:
        """The URL Celery and redis-py take."""
        secret = quote(self.password.get_secret_value(), safe="")
        auth = f"{quote(self.user, safe='')}:{secret}@" if secret else ""
        address = f"{auth}{self.host}:{self.port}/{self.database}"
        if not self.tls:
            return f"redis://{address}"
        trust = f"&ssl_ca_certs={quote(str(self.ca), safe='')}" if self.ca else ""
        return f"rediss://{address}?ssl_cert_reqs=required&ssl_check_hostname=true{trust}"


class Mllp(Group):
    """The HL7 v2 listener."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(2575, description="TCP port.")
    max_bytes: int = Field(16 * 1024 * 1024, ge=1024, description="Largest accepted frame, bytes.")
    idle_timeout: Seconds = Field(900, description="Seconds without a byte before a connection is closed.")
    max_connections: int = Field(256, ge=1, description="Connections at once.")
    max_per_address: int = Field(
        64, ge=1, description="Connections at once from one address; beyond, its oldest idle one is closed."
    )
    min_rate: int = Field(
        200, ge=0, description="Bytes a second that a frame must come in with, once it has gone on for 10 s; 0: any."
    )
    memory: int = Field(
        128 * 1024 * 1024, ge=1024, description="Bytes of unanswered frames, over all connections, before most wait."
    )
    application: str = Field("COUNTERSIGN", description="Our MSH-3; messages bearing it are our own echo.")
    facility: str = Field("COUNTERSIGN", description="Our MSH-4.")
    tls_certificate: Path | None = Field(None, description="Server certificate, PEM; with key: TLS.")
    tls_key: Path | None = Field(None, description="Private key of the certificate, PEM.")
    tls_client_ca: Path | None = Field(None, description="CA of client certificates, PEM: mutual TLS.")
    allowed_senders: list[str] = Field(
        default_factory=list,
        description="Accepted MSH-3 or MSH-3^MSH-4 values; empty: all.",
        examples=[["RIS^NORTH", "PACS"]],
    )
    drain_timeout: Seconds = Field(10, description="Seconds given to open connections on shutdown.")
    rest_timeout: Seconds = Field(
        900, description="Seconds a message in parts (DSC, MSH-14) waits for the rest before it is quarantined."
    )


class SmartClient(Group):
    """SMART Backend Services client of the FHIR server."""

    client_id: str = Field("", description="Client id; empty: no SMART.")
    token_url: str = Field("", description="Token endpoint; empty: taken from .well-known/smart-configuration.")
    private_key: SecretStr = Field(SecretStr(""), description="Private key, PEM (RS384 or ES384).")
    key_id: str = Field("", description="`kid` of the published key.")
    scope: str = Field(
        "system/DiagnosticReport.crus system/Patient.crs system/ServiceRequest.crus system/ImagingStudy.rs"
        " system/Practitioner.r system/Observation.crus system/Device.crus system/Provenance.crus"
        " system/Task.crus system/AuditEvent.c system/Subscription.cruds",
        description="Requested scopes; leave out what your server does not grant (docs/fhir-operating.md).",
    )


class Fhir(Group):
    """The FHIR server: where reports are heard of and Observations are written."""

    url: AnyHttpUrl | None = Field(None, description="Base URL; empty: no FHIR server, findings stay here.")
    name: str = Field("default", description="Name of this endpoint in identity and audit.")
    token: SecretStr = Field(SecretStr(""), description="Static bearer token.")
    smart: SmartClient = Field(default_factory=SmartClient, description="SMART Backend Services.")
    client_certificate: Path | None = Field(None, description="Client certificate, PEM: mutual TLS.")
    client_key: Path | None = Field(None, description="Key of the client certificate, PEM.")
    ca: Path | None = Field(None, description="CA bundle of the server, PEM; empty: system trust.")
    timeout: Seconds = Field(20, description="Seconds for one request.")
    subscription: Literal["auto", "rest-hook", "topic", "none"] = Field(
        "auto", description="How to be notified; auto reads the CapabilityStatement."
    )
    notify_host: str = Field("127.0.0.1", description="Address the notification endpoint listens on.")
    notify_port: Port = Field(8081, description="TCP port of the notification endpoint.")
    notify_url: str = Field("", description="Public URL of that endpoint; empty: built from host and port.")
    notify_secret: SecretStr = Field(
        SecretStr(""), description="Shared secret in the notification header; empty: made anew at each start."
    )
    poll_interval: Seconds = Field(60, description="Seconds between polls, the safety net.")
    poll_overlap: Seconds = Field(120, description="Seconds each poll looks back beyond the watermark.")
    authorities: dict[str, str] = Field(
        default_factory=dict,
        description="HL7 assigning authority → FHIR Identifier.system.",
        examples=[{"NORTH": "urn:oid:2.999.1"}],
    )


class Writeback(Group):
    """What leaves the house, and when."""

    preliminary: Literal["review-server", "ehr", "none"] = Field(
        "review-server", description="Where unsigned suggestions are written; the chart requires a choice."
    )
    absent: bool = Field(False, description="Also suggest findings the report denies (pertinent negatives).")
    rejected: Literal["entered-in-error", "cancelled"] = Field(
        "entered-in-error", description="Observation.status of a rejected suggestion."
    )
    withdrawn: Literal["cancelled", "entered-in-error"] = Field(
        "cancelled", description="Observation.status of a suggestion withdrawn by a corrected report."
    )
    advisories: bool = Field(
        True,
        description="At Sign also write critical results (Flag), follow-up (proposed ServiceRequest), discrepancies.",
    )
    result: bool = Field(False, description="Add signed Observations to DiagnosticReport.result.")
    oru: str = Field("", description="host:port of an engine that takes signed findings as ORU^R01; empty: off.")
    oru_ca: Path | None = Field(None, description="CA of that engine's certificate, PEM: TLS, its name is checked.")
    oru_certificate: Path | None = Field(
        None, description="Our client certificate and key for that engine, one PEM: mutual TLS."
    )
    unverified_codes: bool = Field(False, description="Send SNOMED codes the catalogue marks unverified.")


class Reading(Group):
    """Who reads, and how."""

    engine: str = Field("rules", description="`rules`, or a name in engines.yaml.")
    shadow: str = Field("", description="Second engine, never shown to reviewers; empty: none.")
    preliminary: bool = Field(False, description="Read preliminary reports too (they are always stored).")
    grade_threshold: float = Field(
        0.9, ge=0, le=1, description="A grade of the rules whose precision surely lies below this is folded away."
    )
    wait_for_model: float = Field(
        0,
        ge=0,
        le=1440,
        description="Minutes from a version's arrival that Sign waits for the model, STAT excepted; 0: none.",
    )
    candidates_per_call: int = Field(100, ge=1, le=200, description="Candidates in one model call.")
    votes: int = Field(1, ge=1, le=9, description="Runs when the rules disagree, uncertain or critical.")


class Limits(Group):
    """What one message may cost: it is opened, and read by the rules, in children of the worker."""

    children: int = Field(
        3, ge=0, le=64, description="Children of a worker, one kept for STAT; 0: the worker does it itself."
    )
    cpu: Seconds = Field(5, description="Seconds of processor time to open a message or to read a report.")
    wall: Seconds = Field(10, description="Seconds by the clock for the same.")
    memory: int = Field(512 * 1024 * 1024, ge=1 << 28, description="Bytes one document may take in a child.")
    output: int = Field(8 * 1024 * 1024, ge=1 << 16, description="Bytes that opening or reading may give.")
    text: int = Field(200_000, ge=1000, description="Characters of one report.")
    attachment: int = Field(24 * 1024 * 1024, ge=1024, description="Bytes of one attachment, decoded.")
    pages: int = Field(200, ge=1, description="Pages of one PDF.")


class Queue(Group):
    """Jobs, leases and recovery."""

    concurrency: int = Field(8, ge=1, le=512, description="Reports one worker reads at once.")
    lease: Seconds = Field(60, description="Seconds a claim holds without renewal.")
    lease_total: Seconds = Field(3600, description="Seconds a claim may hold with renewals.")
    renew: Seconds = Field(20, description="Seconds between renewals.")
    sweep: Seconds = Field(10, description="Seconds between sweeps for expired leases.")
    relay: Seconds = Field(0.5, description="Seconds between looks for ready jobs when idle.")
    depth: float = Field(2.0, ge=1, description="Published jobs per free slot: the broker stays shallow.")
    stat_reserve: float = Field(0.1, ge=0, lt=1, description="Share of the slots kept for STAT.")
    max_lost: int = Field(
        3, ge=1, description="Workers a job, senders a delivery by itself may lose before it is dead."
    )
    max_failed: int = Field(5, ge=1, description="Failures before a job is dead.")
    backoff: Seconds = Field(5, description="Seconds before the first retry; doubles, with jitter.")
    backoff_max: Seconds = Field(600, description="Longest wait between retries, seconds.")
    circuit_failures: int = Field(5, ge=1, description="Model outages in a row that open the circuit.")
    circuit_pause: Seconds = Field(30, description="Seconds an open circuit waits before it tries again.")
    progress_timeout: Seconds = Field(120, description="Seconds of ready work and no claim before exit.")


BY_KEY: Literal["private_key_jwt"] = "private_key_jwt"
ClientAuthentication = Literal["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]


class LoginClient(Group):
    """How we prove to a provider of logins who we are."""

    client_secret: SecretStr = Field(
        SecretStr(""),
        description="Client secret, or the private key (PEM) of `private_key_jwt`; empty: a public client, PKCE only.",
    )
    client_authentication: ClientAuthentication = Field(
        "client_secret_basic", description="How the token endpoint is shown who we are (OpenID Connect Core §9)."
    )

    @model_validator(mode="after")
    def _has_its_key(self) -> LoginClient:
        if self.client_authentication == BY_KEY and not self.client_secret.get_secret_value():
            raise ValueError("client_secret: private_key_jwt wants the private key there (PEM)")
        return self


class Oidc(LoginClient):
    """Login of people by OpenID Connect."""

    issuer: str = Field("", description="Issuer URL; empty: no OIDC login.")
    client_id: str = Field("", description="Client id.")
    logout: bool = Field(
        False,
        description="Logging out ends the provider's session too; register PUBLIC_URL/login as a place to return to.",
    )
    roles_claim: str = Field("roles", description="Claim that lists a person's roles.")
    practitioner_claim: str = Field("fhirUser", description="Claim with the FHIR Practitioner reference.")


class SmartLaunch(LoginClient):
    """SMART App Launch: the worklist opened from an EHR, in a window of its own."""

    issuers: dict[str, str] = Field(
        default_factory=dict,
        description="FHIR base URL (no slash at its end) → our client id there.",
        examples=[{"https://ehr.example/fhir": "countersign"}],
    )
    scope: str = Field(
        "launch openid fhirUser patient/Patient.rs patient/DiagnosticReport.rs patient/ServiceRequest.rs",
        description="Scopes asked for; an EHR of SMART 1 wants `.read` for `.rs`.",
    )
    roles: list[str] = Field(
        default_factory=lambda: ["reviewer", "signer"],
        description="Roles of a Practitioner whose EHR names none.",
    )


class Webhook(Group):
    """One receiver of events (docs/webhooks.md): where it is, the secret it knows, and what it wants to be told."""

    url: AnyHttpUrl = Field(description="Where events are posted.")
    secret_file: Path | None = Field(None, description="File with the signing secret (`whsec_…`).")
    secret_env: str = Field("", description="Or the variable that holds it; not COUNTERSIGN_….")
    events: list[Event] = Field(["report.signed", "critical_result.not_communicated"], min_length=1)
    sites: list[str] = Field(default_factory=list, description="Sites whose events it gets; empty: all.")
    ca: Path | None = Field(None, description="CA of its certificate, PEM; empty: system trust.")

    @model_validator(mode="after")
    def _consistent(self) -> Webhook:
        if bool(self.secret_file) == bool(self.secret_env):
            raise ValueError("say one of secret_file and secret_env")
        if self.url.username or self.url.password or self.url.fragment:
            raise ValueError("url: no name, password or fragment; the signature says who is calling")
        return self


class Worklist(Group):
    """The review screen and the JSON and FHIR read API."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(8080, description="TCP port.")
    public_url: str = Field("", description="URL people use; empty: http://host:port.")
    hosts: list[str] = Field(
        default_factory=list,
        description="Further host names people and systems may use, beside that of the public URL, as JSON.",
    )
    proxies: list[str] = Field(
        default_factory=lambda: ["127.0.0.1"],
        description="Addresses or networks, as JSON, of proxies whose X-Forwarded-For is believed: limits go by it.",
    )
    demo_login: bool = Field(False, description="Fictional reviewer without a password; loopback only.")
    local_login: bool = Field(
        True, description="Accounts made by `countersign admin create` log in with their password."
    )
    claim: Seconds = Field(300, description="Seconds a reviewer's claim on a report lasts.")
    session_idle: Seconds = Field(1800, description="Seconds of inactivity before a session ends.")
    session_total: Seconds = Field(43200, description="Seconds a session lasts at most.")
    reauthenticate: bool = Field(False, description="Ask who you are again at Sign.")
    frame_ancestors: list[str] = Field(
        default_factory=list, description="Origins that may embed the pages.", examples=[["https://ehr.example"]]
    )
    oidc: Oidc = Field(default_factory=Oidc, description="OpenID Connect.")
    smart: SmartLaunch = Field(default_factory=SmartLaunch, description="SMART App Launch.")
    rated_share: float = Field(0.1, ge=0, le=1, description="Share of reports that ask for a QUEST rating.")
    settle: float = Field(1.5, ge=0, description="Seconds a report stands on the screen before it can be signed.")
    undo: float = Field(8, ge=0, description="Seconds a signature can be taken back; nothing leaves before.")
    timezone: str = Field(
        "", description="IANA zone of the dates on the pages; empty: UTC, a source's own offset kept."
    )
    links: dict[str, str] = Field(
        default_factory=dict,
        description="Label → URL, as JSON, beside each report; takes {accession}, {patient}, {study}, {report}.",
    )
    double_read_share: float = Field(
        0, ge=0, le=1, description="Share of signed reports that a second reader reads blind."
    )
    api_issuer: str = Field("", description="Issuer of bearer tokens for the APIs; empty: sessions only.")
    api_jwks_url: str = Field("", description="JWKS of that issuer; empty: from its metadata.")
    api_audience: str = Field(
        "", description="Required `aud` of bearer tokens; empty: the public URL, or that of /fhir there."
    )
    api_sites: dict[str, str] = Field(
        default_factory=dict,
        description="Client of a token → the site whose findings it reads at /fhir; empty: the installation's site.",
        examples=[{"ehr-north": "north"}],
    )
    stat_target: Seconds = Field(900, description="Service target for STAT reports, seconds.")
    critical_target: Seconds = Field(
        3600, description="Seconds after Sign by which a critical result is told, at most."
    )
    routine_target: Seconds = Field(14400, description="Service target for the others, seconds.")

    @property
    def address(self) -> str:
        """The URL people use, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


class Health(Group):
    """Probes and metrics, on a port of their own."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(0, description="TCP port; 0: none.")


class Telemetry(Group):
    """Logs, traces."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level logged.")
    format: Literal["json", "text"] = Field("json", description="Log lines as JSON or for people.")
    otlp_endpoint: str = Field("", description="OTLP/HTTP collector for traces; empty: none.")
