"""One search over everything a message names or says, wherever it is on its way; each result says why."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text, update

from services.domain.message_search import Search
from services.store import message_search
from services.store.retention import PURGES, purge_some
from services.store.tables import message
from services.store.tables import message_search as words
from tests.integration.workflow.test_intake import OWN, replay, store, work
from tests.messages import oru

REPORT = oru(
    "AX77",
    "Small PLEURAL effusion at the left.",
    control_id="Ctl-900",
    patient="PID4711",
    procedure="XR0009^Kneecap skyline^L",
).replace(b"TESTCASE^ANY", "Muñoz-García^José^María".encode())
UNREADABLE = oru("QQ1", "Unverändert trübe Pneumonie.", control_id="Q1").replace(b"OBR|1||FQQ1^RIS", b"OBR|1||")
UNREADABLE = UNREADABLE.replace(b"|||||||||||QQ1||||", b"|||||||||||||||").replace(b"TESTCASE^ANY", b"ODD^Bo")
REFUSED = b"MSH|^~\\&|SCANNER_1|EAST|||2026|||REF9|P|2.5\r"
ADMISSION = b"MSH|^~\\&|ADT|NORTHSIDE|||2026||ADT^A08|ADM5|P|2.5\r"


@pytest.fixture
def arrived(engine: Engine) -> dict[str, int]:
    """One message in every state, by a name."""
    names = ("report", "held", "refused", "ignored", "echo")
    numbers = store(engine, REPORT, UNREADABLE, REFUSED, ADMISSION, OWN)
    work(engine)
    (waiting,) = store(engine, oru("W1", control_id="WAIT1"))
    return dict(zip(names, numbers, strict=True)) | {"waiting": waiting}


def found(engine: Engine, query: str = "", site: str = "default", **otherwise: object) -> dict[int, list[str]]:
    wanted = Search(query=query, **{"texts": True, **otherwise})  # type: ignore[arg-type]
    with engine.begin() as connection:
        return {each.message.id: each.why for each in message_search.find(connection, site, wanted, 50)}


@pytest.mark.parametrize(
    ("query", "name", "why"),
    [
        ("ctl-900", "report", "control id"),
        ("TL-90", "report", "control id"),
        ("munoz", "report", "patient's name"),
        ("GARCÍA jose", "report", "patient's name"),
        ("aria", "report", "patient's name"),
        ("id47", "report", "patient's identifier"),
        ("x77", "report", "order number"),
        ("kneecap SKY", "report", "exam"),
        ("pleural effus", "report", "text of its report"),
        ("munoz skyline ax77", "report", "exam"),
        ("unverandert TRUBE", "held", "text"),
        ("odd bo", "held", "patient's name"),
        ("ref9", "refused", "control id"),
        ("scanner_1^EAST", "refused", "sender"),
        ("msh-9", "refused", "reason"),
        ("no report adm5", "ignored", "reason"),
        ("wait1", "waiting", "control id"),
    ],
)
def test_a_message_is_found_by_what_it_names_in_any_case_and_says_why(
    engine: Engine, arrived: dict[str, int], query: str, name: str, why: str
) -> None:
    result = found(engine, query)
    assert list(result) == [arrived[name]]
    assert why in result[arrived[name]]


@pytest.mark.parametrize(
    "query", ["munoz wait1", "100%", "a_77", "nothing at all", "'; --", "\\", "n=", "=", "ctl-900\nq1"]
)
def test_words_that_no_one_message_has_find_nothing(engine: Engine, arrived: dict[str, int], query: str) -> None:
    assert found(engine, query) == {}


def test_our_own_messages_come_back_are_hidden_unless_asked_for(engine: Engine, arrived: dict[str, int]) -> None:
    assert arrived["echo"] not in found(engine)
    assert found(engine, "countersign") == {}
    assert list(found(engine, "countersign", echoes=True)) == [arrived["echo"]]
    assert set(found(engine, echoes=True)) - set(found(engine)) == {arrived["echo"]}


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"state": "quarantined"}, ["held"]),
        ({"state": "rejected"}, ["refused"]),
        ({"door": "fhir"}, []),
        ({"sender": "scan"}, ["refused"]),
        ({"sender": "scanner_1^e"}, ["refused"]),
        ({"sender": "scanner%"}, []),
        ({"sender": "ris^north"}, ["waiting", "held", "report"]),
        ({"sender": "ris^north", "state": "done"}, ["report"]),
        ({"sender": "north"}, []),
        ({"query": "q1", "sender": "ris"}, ["held"]),
    ],
)
def test_filters_narrow_newest_first(
    engine: Engine, arrived: dict[str, int], filters: dict[str, str], names: list[str]
) -> None:
    assert list(found(engine, **filters)) == [arrived[name] for name in names]  # type: ignore[arg-type]


def test_a_stretch_of_time_and_the_next_page(engine: Engine, arrived: dict[str, int]) -> None:
    day = datetime.now(UTC) - timedelta(days=3)
    with engine.begin() as connection:
        connection.execute(update(message).where(message.c.id == arrived["report"]).values(received_at=day))
        connection.execute(update(words).where(words.c.message_id == arrived["report"]).values(received_at=day))
    late = day + timedelta(days=1)
    assert list(found(engine, until=late)) == [arrived["report"]]
    assert arrived["report"] not in found(engine, since=late)
    assert list(found(engine, "munoz", since=late)) == []
    assert list(found(engine, before=arrived["held"])) == [arrived["report"]]


def test_who_may_not_read_reports_finds_nothing_by_their_text(engine: Engine, arrived: dict[str, int]) -> None:
    assert found(engine, "trube pneumonie", texts=False) == {}
    assert found(engine, "pleural", texts=False) == {}
    assert list(found(engine, "munoz", texts=False)) == [arrived["report"]]


def test_another_site_finds_nothing(engine: Engine, arrived: dict[str, int]) -> None:
    for query in ("munoz", "ref9", "wait1", "pleural", "trube", ""):
        assert found(engine, query, site="north") == {}


def test_a_replay_writes_the_words_anew(engine: Engine, arrived: dict[str, int]) -> None:
    with engine.begin() as connection:
        connection.execute(words.delete())
    assert found(engine, "munoz") == {}
    assert replay(engine, arrived["report"])
    work(engine)
    assert list(found(engine, "munoz")) == [arrived["report"]]


def test_a_purge_takes_the_patient_and_leaves_the_control_id(engine: Engine, arrived: dict[str, int]) -> None:
    with engine.begin() as connection:
        connection.execute(update(message).values(received_at=datetime.now(UTC) - timedelta(days=9)))
        connection.execute(text("UPDATE job SET state = 'done'"))
        assert purge_some(connection, PURGES[0], 3).total() == 4
        left = connection.scalar(select(words.c.words).where(words.c.message_id == arrived["report"]))
    assert left is not None and "munoz" not in left and "4711" not in left and "ax77" not in left
    assert list(found(engine, "ctl-900")) == [arrived["report"]]
    assert list(found(engine, "odd bo")) == [arrived["held"]]


def test_a_resource_is_found_by_patient_number_and_exam(engine: Engine) -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": {"resourceType": "Patient", "name": [{"family": "Åström", "given": ["Bo"]}],
                          "identifier": [{"value": "FP9"}]}},
            {"resource": {"resourceType": "DiagnosticReport", "identifier": [{"value": "FA9"}],
                          "code": {"text": "Knee MRI"}, "conclusion": "Torn meniscus"}},
        ],
    }  # fmt: skip
    body = json.dumps(bundle).encode()
    row = {"door": "fhir", "bytes": len(body), "sha256": "0" * 64, "body": body, "peer": "ehr"}
    with engine.begin() as connection:
        statement = message.insert().values(**row, state="queued", resource="DiagnosticReport/9", resource_version="1")
        number = connection.execute(statement.returning(message.c.id)).scalar_one()
        connection.execute(text("INSERT INTO job (kind, message_id) VALUES ('intake', :id)"), {"id": number})
    work(engine)
    for query in ("astrom", "fp9", "fa9", "knee", "diagnosticreport/9", "ehr"):
        assert list(found(engine, query)) == [number], query


def test_words_are_looked_for_by_the_index(engine: Engine) -> None:
    """Among many messages; a seq scan of a million is what nobody waits for."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO message (door, bytes, sha256, state, control_id) "
                "SELECT 'hl7', 1, '', 'done', 'C' || n FROM generate_series(1, 20000) n"
            )
        )
        connection.execute(
            text(
                "INSERT INTO message_search (message_id, received_at, words) "
                "SELECT id, now(), E'\\nc=' || lower(control_id) || E'\\nn=name ' || md5(control_id) FROM message"
            )
        )
        connection.execute(text("SELECT gin_clean_pending_list('ix_message_search_words')"))
        connection.execute(text("ANALYZE message_search"))
        plan = connection.execute(
            text("EXPLAIN SELECT FROM message_search WHERE words LIKE '%c17171%' ORDER BY message_id DESC LIMIT 101")
        ).scalars()
        assert any("ix_message_search_words" in line for line in plan)


def test_the_newest_of_a_rare_kind_do_not_hide_newer_ones_of_a_frequent_kind(engine: Engine) -> None:
    """More were refused since than are looked through one by one."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO message (door, bytes, sha256, state, control_id) "
                "SELECT 'hl7', 1, '', CASE WHEN n < 3 THEN 'ignored' ELSE 'rejected' END, "
                "CASE WHEN n < 4 THEN 'WANTED' ELSE 'OTHER' END || n FROM generate_series(1, 6000) n"
            )
        )
        found = message_search.find(connection, "default", Search(query="wanted"), 2)
    assert [each.message.control_id for each in found] == ["WANTED3", "WANTED2"]


@pytest.mark.parametrize("lately", [0, 1, 3])
def test_what_many_had_long_ago_is_found_newest_first(engine: Engine, lately: int) -> None:
    """Before more messages than are looked through one by one, some of which have it too."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO message (door, bytes, sha256, state, control_id) SELECT 'hl7', 1, '', 'done', "
                "CASE WHEN n <= 500 OR n > 60000 - :lately THEN 'WANTED' ELSE 'C' END || n "
                "FROM generate_series(1, 60000) n"
            ),
            {"lately": lately},
        )
        connection.execute(
            text(
                "INSERT INTO message_search (message_id, received_at, words) "
                "SELECT id, received_at, E'\\nc\\x1f' || lower(control_id) FROM message"
            )
        )
        found = message_search.find(connection, "default", Search(query="wanted"), 4)
    newest = [*range(60000, 60000 - lately, -1), *range(500, 0, -1)][:4]
    assert [each.message.control_id for each in found] == [f"WANTED{number}" for number in newest]
    assert {tuple(each.why) for each in found} == {("control id",)}
