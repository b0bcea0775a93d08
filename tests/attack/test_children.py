"""No document stops a worker: it is opened, and read, in a child that is ended at its limit and replaced."""

from __future__ import annotations

import mmap
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields

import pytest

from integration.canonical import Priority, Status
from services.dispatch.children.child import Trade
from services.dispatch.children.pool import Faulty, Pool
from services.dispatch.children.proxies import ChildOpener, ChildRules
from services.domain.messages import ClaimedJob
from services.reading.catalogue import load
from services.reading.reader import Question, Reading
from services.reading.rules.reader import RulesReader
from services.settings import Limits, Settings
from services.workflow.context import site
from tests.messages import oru

LIMITS = Limits(children=2, cpu=1, wall=60, memory=1 << 29, output=1 << 20, text=5000, attachment=1 << 20, pages=3)
BOMBS: dict[str, Callable[[], object]] = {
    "cpu": lambda: re.match(r"(a+)+b", "a" * 64),
    "wall": lambda: time.sleep(60),
    "memory": lambda: bytearray(1 << 30),
    "killed": lambda: os.kill(os.getpid(), 9),
}


class Explosive(RulesReader):
    """The rules, but for texts that say which limit they go beyond."""

    def read(self, question: Question) -> Reading:
        name = question.text.split()[-1]
        if name in BOMBS:
            BOMBS[name]()
        if name == "fault":
            raise KeyError(question.text)
        reading = super().read(question)
        return reading.model_copy(update={"reasoning": "x" * (2 << 20)}) if name == "output" else reading


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(Trade(site(Settings()), load(), Explosive(), LIMITS))
    pool.start()
    yield pool
    pool.stop()


@pytest.fixture(scope="module")
def hasty() -> Iterator[ChildRules]:
    """Children that get a second by the clock."""
    rules = ChildRules(RulesReader())
    limits = LIMITS.model_copy(update={"wall": 1.0, "cpu": 60.0})
    rules.pool = Pool(Trade(site(Settings()), load(), Explosive(), limits))
    rules.pool.start()
    yield rules
    rules.pool.stop()


@pytest.fixture
def rules(pool: Pool) -> ChildRules:
    rules = ChildRules(RulesReader())
    rules.pool = pool
    return rules


def question(text: str, **more: object) -> Question:
    return Question(text=text, catalogue=load().catalogues["chest_xray"], **more)  # type: ignore[arg-type]


def job(body: bytes) -> ClaimedJob:
    known = {"door": "hl7", "peer": "", "application": "", "facility": "", "site_id": "default", "priority": 2}
    return ClaimedJob(**{field.name: None for field in fields(ClaimedJob)} | known | {"body": body})  # type: ignore[arg-type]


def test_a_child_reads_as_the_rules_do(rules: ChildRules) -> None:
    asked = question("FINDINGS: No pneumothorax. Small left pleural effusion.", age_years=60)

    assert rules.read(asked).verdicts == RulesReader().read(asked).verdicts


@pytest.mark.parametrize(
    ("name", "setting"),
    [("cpu", "CPU"), ("memory", "MEMORY"), ("killed", "MEMORY"), ("output", "OUTPUT")],
)
def test_a_reading_over_its_limit_is_unread_with_the_limit_named(rules: ChildRules, name: str, setting: str) -> None:
    reading = rules.read(question(f"Small left pleural effusion. {name}"))

    assert f"COUNTERSIGN_LIMITS__{setting}" in reading.unread
    assert {verdict.status for verdict in reading.verdicts} == {Status.NOT_MENTIONED}
    assert rules.read(question("Small left pleural effusion.")).unread == "", "the child was replaced"


def test_one_that_takes_too_long_by_the_clock_is_ended(hasty: ChildRules) -> None:
    assert "COUNTERSIGN_LIMITS__WALL" in hasty.read(question("wall")).unread


def test_what_is_urgent_does_not_wait_for_a_child_that_is_held_up(rules: ChildRules) -> None:
    held = threading.Thread(target=rules.read, args=(question("cpu"),))
    held.start()
    while rules.pool and len(rules.pool._free) > 1:
        time.sleep(0.01)
    reading = rules.read(question("Small left pleural effusion.", priority=Priority.STAT))

    assert reading.unread == ""
    held.join()


def test_a_defect_is_named_by_its_type_alone(rules: ChildRules) -> None:
    with pytest.raises(Faulty) as fault:
        rules.read(question("Mrs Canary fault"))

    assert str(fault.value) == "KeyError"


def test_a_message_is_opened_in_a_child(pool: Pool) -> None:
    opened = ChildOpener(pool)(job(oru("A1", "Small left pleural effusion.")), site(Settings()))

    assert opened.understood
    assert [report.text for report in opened.understood.reports] == ["Small left pleural effusion."]


@pytest.mark.parametrize(("text", "setting"), [("effusion " * 1000, "TEXT"), ("x" * (3 << 20), "OUTPUT|TEXT")])
def test_a_message_over_a_limit_is_quarantined_with_the_limit_named(pool: Pool, text: str, setting: str) -> None:
    opened = ChildOpener(pool)(job(oru("A1", text)), site(Settings()))

    assert opened.understood
    assert re.search(f"COUNTERSIGN_LIMITS__({setting})", opened.understood.quarantined)
    assert not opened.understood.reports


def part(number: int, text: str, continues: str = "", goes_on: str = "") -> bytes:
    body = oru("A1", text, control_id=f"M{number}").replace(b"|2.5.1\r", f"|2.5.1||{continues}\r".encode())
    return body + (f"DSC|{goes_on}|F\r".encode() if goes_on else b"")


@pytest.mark.parametrize(
    ("texts", "says"),
    [(("Small left", "pleural effusion."), ""), (("effusion " * 400,) * 2, "COUNTERSIGN_LIMITS__TEXT")],
)
def test_a_message_in_parts_is_opened_in_a_child_as_any_other(pool: Pool, texts: tuple[str, str], says: str) -> None:
    """Each part alone is within the limits."""
    parts = [part(1, texts[0], goes_on="C1"), part(2, texts[1], continues="C1")]
    for each in parts:
        opened = ChildOpener(pool)(job(each), site(Settings()))
        assert opened.understood and opened.understood.tie

    whole = ChildOpener(pool)(job(parts[1]), site(Settings()), parts).understood
    assert whole and says in whole.quarantined
    assert [report.text for report in whole.reports] == ([] if says else ["Small left\npleural effusion."])


def test_memory_is_counted_from_what_a_child_is_born_with() -> None:
    """A worker that grew, or maps much, does not leave its children less for a document."""
    mapped = mmap.mmap(-1, LIMITS.memory)
    pool = Pool(Trade(site(Settings()), load(), Explosive(), LIMITS))
    pool.start()
    try:
        opened = ChildOpener(pool)(job(oru("A1", "x" * (16 << 20))), site(Settings()))
    finally:
        pool.stop()
        mapped.close()

    assert opened.understood
    assert "MEMORY" not in opened.understood.quarantined
