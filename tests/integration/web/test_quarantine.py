"""An analyst sees what is held and why, tries a mended map, has a selection read again, and takes it back in time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text, update

from integration.hl7v2.senders import Senders, load_senders
from services.settings import Database, Settings, Worklist
from services.store.tables import account, audit, job, message, report
from services.web.app import create_app
from tests.integration.workflow.test_intake import store, work
from tests.messages import oru

MENDED = "senders:\n  - application: RIS\n    status: {ZZ: final}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "senders.yaml").write_text("senders: []\n")
    return tmp_path


@pytest.fixture
def analyst(database: Database, folder: Path) -> Iterator[TestClient]:
    settings = Settings(
        database=database,
        config_dir=folder,
        worklist=Worklist(demo_login=True, public_url="http://testserver", settle=0, undo=0),
    )
    with TestClient(create_app(settings), follow_redirects=False) as client:
        client.post("/login/demo")
        client.headers["X-CSRF-Token"] = client.get("/session").json()["csrf"]
        yield client


def hold(engine: Engine, count: int = 3, status: str = "ZZ") -> list[int]:
    """Messages whose status nobody knows."""
    numbers = store(engine, *(oru(f"H{status}{n}", "Canarybird lungs.", status=status) for n in range(count)))
    work(engine)
    return numbers


def maps(folder: Path) -> Senders:
    return load_senders(folder / "senders.yaml", {})


def group_of(client: TestClient) -> str:
    found = re.search(r'href="(/quarantine/[0-9a-f]{16})"', client.get("/quarantine").text)
    assert found
    return found[1]


def states(engine: Engine) -> dict[int, str]:
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(select(message.c.id, message.c.state))}


def test_like_reasons_of_a_sender_are_one_group_with_counts_by_day(analyst: TestClient, engine: Engine) -> None:
    numbers = hold(engine, 5)
    hold(engine, 1, status="QQ9")
    with engine.begin() as connection:
        connection.execute(
            update(message).where(message.c.id.in_(numbers[:2])).values(received_at=text("now() - interval '2 days'"))
        )
    groups = analyst.get("/api/v1/quarantine").json()["items"]
    assert [group["count"] for group in groups] == [5, 1]
    assert [group["sender"] for group in groups] == ["RIS^NORTHSIDE"] * 2
    assert [count for _, count in groups[0]["days"]][-3:] == [2, 0, 3]
    assert len(groups[0]["days"]) == 14
    page = analyst.get("/quarantine").text
    assert page.count("<rect") == 3
    assert "Canarybird" not in page


def test_a_reason_longer_than_an_index_holds_is_a_group_like_others(analyst: TestClient, engine: Engine) -> None:
    (number,) = hold(engine, 1)
    said = " ".join(f"{each:x}" for each in range(5000, 6500))
    with engine.begin() as connection:
        connection.execute(update(message).where(message.c.id == number).values(reason=said))
    assert [group["count"] for group in analyst.get("/api/v1/quarantine").json()["items"]] == [1]
    assert f'href="/messages/{number}"' in analyst.get(group_of(analyst)).text


def test_a_trial_says_what_each_would_become_and_changes_nothing(
    analyst: TestClient, engine: Engine, folder: Path
) -> None:
    numbers = hold(engine)
    before, key = states(engine), group_of(analyst)
    page = analyst.post(f"{key}/try", data={"chosen": numbers}).text
    assert "3</b> would stay" in page
    (folder / "senders.yaml").write_text(MENDED)
    page = analyst.post(f"{key}/try", data={"chosen": numbers[:2]}).text
    assert "2</b> would be read" in page and "a final report of" in page
    assert states(engine) == before
    with engine.connect() as connection:
        assert connection.scalar(select(audit.c.action).where(audit.c.action == "replay.try").limit(1))


def test_a_selection_is_read_again_watched_and_found_in_the_trail(
    analyst: TestClient, engine: Engine, folder: Path
) -> None:
    numbers = hold(engine)
    (folder / "senders.yaml").write_text(MENDED)
    answer = analyst.post(f"{group_of(analyst)}/replay", data={"chosen": numbers[:2]})
    where = answer.headers["location"]
    assert "0 of 2 read" in analyst.get(where).text
    assert 'hx-trigger="every 2s"' in analyst.get(where).text
    work(engine, None, *maps(folder))
    page = analyst.get(where).text
    assert "2 of 2 read" in page and "hx-trigger" not in page.split("<main", 1)[1].split(">", 1)[0]
    assert [states(engine)[number] for number in numbers] == ["done", "done", "quarantined"]
    with engine.connect() as connection:
        entities = connection.scalars(select(audit.c.entity).where(audit.c.action == "message.replay")).all()
        assert sorted(entities) == [f"message/{number}" for number in numbers[:2]]


def test_what_nobody_has_read_yet_is_taken_back_with_its_reason(analyst: TestClient, engine: Engine) -> None:
    numbers = hold(engine)
    with engine.connect() as connection:
        reasons = {row.id: row.reason for row in connection.execute(select(message.c.id, message.c.reason))}
    where = analyst.post(f"{group_of(analyst)}/replay", data={"chosen": numbers}).headers["location"]
    with engine.begin() as connection:
        connection.execute(
            update(job).where(job.c.message_id == numbers[0], job.c.state == "ready").values(state="leased")
        )
    assert analyst.post(f"{where}/undo").headers["location"] == where
    assert [states(engine)[number] for number in numbers] == ["queued", "quarantined", "quarantined"]
    with engine.connect() as connection:
        now = {row.id: row.reason for row in connection.execute(select(message.c.id, message.c.reason))}
        ready = connection.scalars(select(job.c.message_id).where(job.c.state == "ready")).all()
    assert [now[number] for number in numbers[1:]] == [reasons[number] for number in numbers[1:]]
    assert not ready
    assert analyst.post(f"{where}/undo").status_code == 409


def test_a_document_is_not_opened_here(analyst: TestClient, engine: Engine) -> None:
    (number,) = hold(engine, 1)
    body = oru("D1", status="ZZ") + b"OBX|9|ED|P||^application^pdf^Base64^JVBERi0xLjcKJeLjz9MKMSAwIG9iag==\r"
    with engine.begin() as connection:
        connection.execute(update(message).where(message.c.id == number).values(body=body))
    (outcome,) = analyst.post("/api/v1/quarantine/try", json={"messages": [number]}).json()["outcomes"]
    assert outcome["state"] == "" and "the worker alone opens" in outcome["says"]


def test_a_broken_file_of_maps_is_named_with_its_line(analyst: TestClient, engine: Engine, folder: Path) -> None:
    (number,) = hold(engine, 1)
    (folder / "senders.yaml").write_text("senders:\n  - application: RIS\n    statusses: {}\n")
    answer = analyst.post("/api/v1/quarantine/try", json={"messages": [number]})
    assert answer.status_code == 422 and "senders.yaml" in answer.json()["detail"]


@pytest.mark.parametrize("messages", [[], [1] * 501, [0], ["x"]])
def test_a_selection_must_be_one(analyst: TestClient, messages: list[object]) -> None:
    assert analyst.post("/api/v1/replays", json={"messages": messages}).status_code == 422


def test_nothing_of_another_site_is_seen_tried_or_read_again(analyst: TestClient, engine: Engine) -> None:
    numbers = hold(engine)
    key = group_of(analyst)
    where = analyst.post(f"{key}/replay", data={"chosen": numbers[:1]}).headers["location"]
    with engine.begin() as connection:
        connection.execute(update(account).values(site_id="north"))
    assert analyst.get("/api/v1/quarantine").json()["items"] == []
    assert analyst.get(key).status_code == 404
    assert analyst.post("/api/v1/quarantine/try", json={"messages": numbers}).json() == {"outcomes": []}
    assert analyst.post("/api/v1/replays", json={"messages": numbers}).status_code == 409
    assert analyst.get(where).status_code == 404
    assert analyst.post(f"{where}/undo").status_code == 404


def test_forty_are_read_again_at_once(analyst: TestClient, engine: Engine, folder: Path) -> None:
    numbers = hold(engine, 40)
    (folder / "senders.yaml").write_text(MENDED)
    begun = analyst.post("/api/v1/replays", json={"messages": numbers}).json()
    work(engine, None, *maps(folder))
    found = analyst.get(f"/api/v1/replays/{begun['id']}").json()
    assert {each["state"] for each in found["messages"]} == {"done"}
    assert {each["reports"] for each in found["messages"]} == {1}
    with engine.connect() as connection:
        assert len(connection.scalars(select(report.c.id)).all()) == 40
