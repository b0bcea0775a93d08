"""The JSON API's records. Names are those of the pages and the tables."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, AwareDatetime, BaseModel, Field

from services.actions.reviewing import Action
from services.domain.words import ReadingState
from services.web.views.ids import MAX_ID

Side = Literal["left", "right", "bilateral"]
Status = Literal["present", "absent", "uncertain"]
# PostgreSQL bigint.
RowId = Annotated[int, Field(ge=1, le=MAX_ID)]


class Fault(BaseModel):
    """What is wrong with one field: `allowed` what it may be, where that can be listed."""

    field: str
    message: str
    allowed: list[str] = []


class Problem(BaseModel):
    """An error (RFC 9457). `type` and `title` are stable codes, `detail` one sentence for people.

    `errors` names the fields that are wrong.
    """

    type: str = Field(description="urn:countersign:problem: and the code.")
    title: str
    status: int
    detail: str
    errors: list[Fault] = []


class Named(BaseModel):
    """A finding of the catalogue."""

    id: str
    name: str


class Person(BaseModel):
    """Who is logged in, and the token that changes must carry in `X-CSRF-Token`."""

    name: str
    site: str
    roles: list[str]
    practitioner: str
    csrf: str
    ends_in: int = Field(description="Seconds until the session ends without activity.")


class ListedReport(BaseModel):
    """A row of the worklist. `waiting` in seconds."""

    report_id: int
    review_id: int = Field(validation_alias=AliasChoices("review_id", "id"))
    state: str
    revision: int
    priority: int = Field(description="0 STAT, 1 urgent, 2 routine.")
    patient_name: str
    patient_id: str
    accession: str
    procedure: str
    modality: str
    observed_at: datetime | None
    created_at: datetime
    signed_at: datetime | None
    waiting: float
    suggestions: int
    critical: int
    conflicts: int
    unsupported: int
    reading_state: ReadingState = Field(description="How far the reading came; only `nothing_found` means nothing.")
    held: str
    claimer: str | None
    claim_live: bool


class Listed(BaseModel):
    """One page of the worklist."""

    reports: list[ListedReport]
    earlier: bool = Field(description="Whether there are reports before this page.")
    later: bool = Field(description="Whether there are reports after it.")
    counts: dict[str, int]


class Draft(BaseModel):
    """A decision that is not signed."""

    id: int
    suggestion_id: int | None
    action: Action
    value: dict[str, Any]
    reason_code: str
    name: str = Field(description="Who decided.")
    decided_at: datetime


class Suggested(BaseModel):
    """One suggestion. `verified`: every quote stands in the report where it says."""

    id: int
    finding_id: str
    name: str
    status: Status
    side: str | None
    change: str | None
    quotes: list[dict[str, Any]]
    verified: bool
    rationale: str
    rules_status: str | None
    confidence: float | None
    critical: bool
    conflict: bool
    unsupported: bool
    state: str
    reason: str
    opened: bool


class Prior(BaseModel):
    """Another report of the same patient, and what it was signed with."""

    report_id: int
    procedure: str
    modality: str
    observed_at: datetime | None
    created_at: datetime
    text: str
    state: str | None
    findings: list[PriorFinding]


class PriorFinding(BaseModel):
    """A final finding."""

    name: str
    status: Status
    side: str | None


class Passage(BaseModel):
    """Lines of the report that changed, in pieces of text; `kind` is kept, added, removed or changed."""

    kind: str
    pieces: list[dict[str, str]]


class Review(BaseModel):
    """A report under review."""

    report_id: int
    review_id: int
    state: str
    revision: int
    mine: bool = Field(description="Whether you hold the claim and may decide.")
    claimer: str | None
    claim_live: bool
    releases_at: datetime | None = Field(description="Until when a signature that was just given can be taken back.")
    reading_state: ReadingState = Field(description="How far the reading came; only `nothing_found` means nothing.")
    waits_for_model: float = Field(description="Seconds for which Sign still waits for the model; 0: it does not.")
    contradictions: list[Contradiction] = Field(description="What Sign asks you to acknowledge, by code.")
    text: str
    report_status: str
    version: int
    suggestions: list[Suggested]
    drafts: list[Draft]
    advisories: list[dict[str, Any]]
    told: list[Told] = Field(description="Who was told of a critical result, as recorded here.")
    engine: dict[str, Any]
    priors: list[Prior]
    changes: list[Passage] = Field(description="What differs from the version before.")
    history: list[Audited] = Field(description="What happened to the report, newest first.")
    rating_asked: bool = Field(description="Whether the QUEST form is asked for here.")
    ratings: dict[str, int] = Field(description="Your answers to it so far.")


class Contradiction(BaseModel):
    """Findings in the drafts that contradict each other, or the report."""

    code: str
    message: str


class Told(BaseModel):
    """Who was told of the critical results of a report, when, how, and whether they read it back."""

    person: Annotated[str, Field(min_length=1, max_length=120)]
    at: AwareDatetime
    means: Literal["phone", "in_person", "message", "other"]
    read_back: bool = False


class Seen(BaseModel):
    """What was on your screen: the report from now on, its end, the words these suggestions rest on."""

    shown: bool = False
    end: bool = False
    evidence: list[RowId] = Field(default_factory=list, max_length=100)


class Following(BaseModel):
    """The report that comes next under the list's filter; null where there is none."""

    report_id: int | None


class LeftOut(BaseModel):
    """An advisory, by its `identifier`, and whether Sign leaves it out."""

    identifier: str = Field(min_length=1, max_length=64)
    left_out: bool


class Offered(BaseModel):
    """One suggestion that may be approved together with others of the same finding."""

    id: int
    report_id: int
    patient_name: str
    patient_id: str
    status: Status
    side: str | None
    quotes: list[dict[str, Any]]


class Chosen(BaseModel):
    """The suggestions of one finding to approve as drafts."""

    finding: str = Field(min_length=1, max_length=100)
    chosen: list[RowId] = Field(min_length=1, max_length=100)


class Drafts(BaseModel):
    """Drafts, by id."""

    drafts: list[RowId] = Field(max_length=100)


class Claiming(BaseModel):
    """Whether to take the report from somebody who has it open."""

    take_over: bool = False


class Revised(BaseModel):
    """The revision the decision was made on; 409 where it is not the current one."""

    revision: int = Field(ge=0, le=2**31 - 1)


class Signing(Revised):
    """A signature; `acknowledged` are the codes of the contradictions that you sign all the same."""

    acknowledged: list[Annotated[str, Field(max_length=400)]] = Field(default_factory=list, max_length=60)


class Amending(Revised):
    """Why a signed report is opened again."""

    reason: Literal["mistake", "missed", "new_information", "asked", "other"]


class Evidence(BaseModel):
    """Characters [start, end) of the report's text."""

    start: int = Field(ge=0, le=2**31 - 1)
    end: int = Field(ge=0, le=2**31 - 1)


class Said(BaseModel):
    """What an edit or addition says; `finding` is an id, name or synonym of the catalogue."""

    finding: str = Field(min_length=1, max_length=200)
    status: Status
    side: Side | None = None
    evidence: Evidence | None = None


class Decided(Revised):
    """A decision. `said` for edit and add; `reason` for reject; `confirmed` where the rules disagree.

    An addition without evidence has the reason `not_in_report`.
    """

    action: Action
    suggestion_id: int | None = Field(None, ge=1, le=MAX_ID)
    said: Said | None = None
    reason: str = Field("", max_length=40)
    confirmed: bool = False


class Rated(BaseModel):
    """One item of the QUEST form."""

    item: Literal["quality", "understanding", "expression", "safety", "trust"]
    value: int = Field(ge=1, le=5)


class View(BaseModel):
    """A saved view."""

    name: str = Field(min_length=1, max_length=60)
    query: str = Field("", max_length=500)


class SavedView(View):
    """A saved view with its id."""

    id: int


class Preferences(BaseModel):
    """Theme, keys, time zone (an IANA name; empty: the site's) and whether a new STAT report sounds."""

    theme: Literal["dark", "light", "auto"] = "dark"
    keys_off: bool = False
    keys: dict[str, str] = {}
    timezone: str = Field("", max_length=60)
    sound: bool = False


class Audited(BaseModel):
    """A row of the audit trail."""

    id: int
    at: datetime
    actor: str
    name: str
    action: str
    entity: str
    report_id: int | None
    detail: dict[str, Any]
    sequence: int | None
    hash: str | None


class Figures(BaseModel):
    """A chart's table."""

    title: str
    description: str
    columns: list[str]
    rows: list[list[str]]


class ReceivedMessage(BaseModel):
    """A message, without its body."""

    id: int
    door: str
    application: str
    facility: str
    control_id: str | None
    resource: str | None
    message_type: str
    received_at: datetime
    bytes: int
    sha256: str
    state: str
    reason: str
    ack_code: str | None


class Done(BaseModel):
    """The change was made."""

    done: Literal[True] = True
