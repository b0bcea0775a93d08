"""A model that thinks, one that is silent, one that invents and one that dies, through real worker and worklist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.messages import oru
from tests.model_server import EFFUSION, INVENTED, ModelServer, model_server
from tests.system import System, eventually, running_system

WORDS = ("THINKS", "SILENT", "INVENTS", "DIES")
EACH = 3
ENGINE = """
engines:
  - name: stub
    url: {url}
    model: stub
    local: true
    timeout: 60
    attempts: 1
"""
QUICK = {"COUNTERSIGN_QUEUE__CIRCUIT_PAUSE": "0.5", "COUNTERSIGN_QUEUE__BACKOFF_MAX": "1"}


class Reviewer:
    """The demo reviewer at the API of the running worklist."""

    def __init__(self, url: str) -> None:
        self.http = httpx2.Client(base_url=url, headers={"Origin": url}, timeout=30)
        self.http.post("/login/demo")
        self.http.headers["X-CSRF-Token"] = self.http.get("/session").json()["csrf"]

    def listed(self) -> dict[str, Any]:
        """The worklist's rows by accession."""
        return {each["accession"]: each for each in self.http.get("/api/v1/reports").json()["reports"]}

    def review(self, listed: dict[str, Any]) -> dict[str, Any]:
        """One report claimed, seen to its end, with every suggestion open."""
        self.http.post(f"/api/v1/reviews/{listed['review_id']}/claim", json={"take_over": True})
        shown = self.http.post(f"/api/v1/reviews/{listed['review_id']}/seen", json={"shown": True, "end": True}).json()
        for each in shown["suggestions"]:
            self.http.post(f"/api/v1/reviews/{listed['review_id']}/suggestions/{each['id']}/open")
        return dict(self.http.get(f"/api/v1/reports/{listed['report_id']}").json())

    def approve(self, shown: dict[str, Any], suggestion: dict[str, Any]) -> httpx2.Response:
        """Asks for an approval, with the second word a difference takes."""
        said = {"action": "approve", "suggestion_id": suggestion["id"], "confirmed": True}
        now = self.http.get(f"/api/v1/reports/{shown['report_id']}").json()["revision"]
        return self.http.post(f"/api/v1/reviews/{shown['review_id']}/decisions", json=said | {"revision": now})


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture(scope="module")
def house(model: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A house whose reports are read by the rules and by that server."""
    folder = tmp_path_factory.mktemp("stub")
    (folder / "engines.yaml").write_text(ENGINE.format(url=model.url))
    told = {"COUNTERSIGN_READING__ENGINE": "stub", "COUNTERSIGN_CONFIG_DIR": str(folder)}
    with running_system(folder / "data", **told, **QUICK) as running:
        yield running


@pytest.fixture(scope="module")
def reviewer(house: System) -> Reviewer:
    return Reviewer(f"http://127.0.0.1:{house.instance.ports['http']}")


def of(word: str) -> list[str]:
    return [f"{word}{number}" for number in range(EACH)]


async def test_every_report_is_listed_with_the_rules_reading_while_the_model_says_nothing(
    house: System, reviewer: Reviewer, model: ModelServer
) -> None:
    names = [name for word in WORDS for name in of(word)]
    answers = await house.send(*(oru(name, EFFUSION, "No pneumothorax.", f"Room {name[:-1]}.") for name in names))
    assert {each.code for each in answers} == {"AA"}
    listed = eventually(lambda: (rows := reviewer.listed()).keys() >= set(names) and rows, 60, "all listed")
    assert {listed[name]["reading_state"] for name in names} == {"pending"}
    assert all(listed[name]["suggestions"] for name in names)
    model.go.set()


@pytest.fixture(scope="module")
def read(house: System, reviewer: Reviewer) -> dict[str, Any]:
    """The list once the model has answered of all that it answers at all."""
    answered = [name for word in WORDS[:3] for name in of(word)]

    def done() -> Any:
        rows = reviewer.listed()
        return all(rows[name]["reading_state"] == "read" for name in answered) and rows

    return dict(eventually(done, 120, "read by the model"))


def test_no_report_is_missing_and_one_whose_model_died_says_so(read: dict[str, Any]) -> None:
    assert {name for word in WORDS for name in of(word)} <= read.keys()
    assert {read[name]["reading_state"] for name in of("DIES")} == {"pending"}
    assert all(read[name]["suggestions"] for name in of("DIES"))


def test_long_thinking_ends_in_the_same_suggestion_without_a_difference(
    read: dict[str, Any], reviewer: Reviewer
) -> None:
    for name in of("THINKS"):
        (effusion,) = reviewer.review(read[name])["suggestions"]
        assert (effusion["finding_id"], effusion["side"], effusion["verified"]) == ("pleural_effusion", "right", True)
        assert not effusion["conflict"]


def test_silence_is_marked_and_hides_nothing(read: dict[str, Any], reviewer: Reviewer) -> None:
    for name in of("SILENT"):
        assert read[name]["conflicts"] == 1
        (effusion,) = reviewer.review(read[name])["suggestions"]
        assert effusion["conflict"]
        assert effusion["rules_status"] == "present"


def test_what_is_invented_is_shown_as_that_and_can_be_approved_by_nobody(
    read: dict[str, Any], reviewer: Reviewer
) -> None:
    for name in of("INVENTS"):
        shown = reviewer.review(read[name])
        assert INVENTED not in str(shown)
        invented = [each for each in shown["suggestions"] if each["unsupported"]]
        assert "pneumothorax" in {each["finding_id"] for each in invented}
        assert all(not each["verified"] for each in invented)
        answers = [reviewer.approve(shown, each) for each in invented]
        assert {(each.status_code, each.json()["title"]) for each in answers} == {(422, "unsupported")}
        offered = reviewer.http.get("/api/v1/bulk", params={"finding": "pneumothorax"}).json()
        assert read[name]["report_id"] not in {each["report_id"] for each in offered["items"]}


def test_what_the_report_says_can_be_approved_whatever_the_model_did(read: dict[str, Any], reviewer: Reviewer) -> None:
    for word in WORDS:
        shown = reviewer.review(read[of(word)[0]])
        effusion = next(each for each in shown["suggestions"] if each["finding_id"] == "pleural_effusion")
        answer = reviewer.approve(shown, effusion)
        assert answer.status_code == 200, (word, answer.text)
