"""A list of messages holds what fits its filters and nothing else, newest first, whichever index it comes from."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, Engine, text

from services.domain.message_search import Search
from services.domain.words import MessageState
from services.store import message_list, message_search

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ECHO = "our own message come back"


class Stored(NamedTuple):
    id: int
    site_id: str
    door: str
    application: str
    state: str
    reason: str
    received_at: datetime


def stored(connection: Connection, count: int, seed: int) -> list[Stored]:
    """Messages of two sites, both doors, every state, some of them our own come back; one a minute."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        state = chance.choice([*MessageState])
        row = {
            "site_id": chance.choice(("default", "default", "north")),
            "door": chance.choice(("hl7", "hl7", "fhir")),
            "application": chance.choice(("RIS", "ris2", "Röntgen", "L_B", "")),
            "state": state.value,
            "reason": ECHO if state == MessageState.IGNORED and chance.random() < 0.6 else chance.choice(("", "late")),
            "received_at": NOON + timedelta(minutes=number),
        }
        rows.append(
            connection.scalar(
                text(
                    "INSERT INTO message (site_id, door, application, facility, bytes, sha256, state, reason, "
                    "resource, received_at) VALUES (:site_id, :door, :application, 'N', 1, '', :state, :reason, "
                    ":resource, :received_at) RETURNING id"
                ),
                {**row, "resource": f"DiagnosticReport/{number}" if row["door"] == "fhir" else None},
            )
        )
        rows[-1] = Stored(rows[-1], **row)
    return rows


def fits(row: Stored, wanted: Search) -> bool:
    """As the handbook says it."""
    return (
        row.site_id == "default"
        and wanted.state in ("", row.state)
        and wanted.door in ("", row.door)
        and (wanted.echoes or row.reason != ECHO)
        and f"{row.application}^N".lower().replace("ö", "o").startswith(wanted.sender.lower().replace("ö", "o"))
        and (wanted.since is None or row.received_at >= wanted.since)
        and (wanted.until is None or row.received_at < wanted.until)
        and (wanted.before is None or row.id < wanted.before)
    )


@pytest.mark.parametrize("most_senders", [message_list.MOST_SENDERS, 1])
def test_every_choice_of_filters_lists_what_fits_and_nothing_else(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, most_senders: int
) -> None:
    monkeypatch.setattr(message_list, "MOST_SENDERS", most_senders)
    with engine.begin() as connection:
        rows = stored(connection, 120, seed=most_senders)
        some = rows[60]
        places = ({}, {"before": some.id}, {"since": some.received_at}, {"until": some.received_at})
        choices = product(("", *MessageState), ("", "hl7", "fhir"), ("", "ris", "RONT", "L_", "^N", "nobody"))
        for number, (state, door, sender) in enumerate(list(choices)[::3]):
            wanted = Search(state=state, door=door, sender=sender, echoes=number % 2 == 0, **places[number % 4])
            expected = [row.id for row in reversed(rows) if fits(row, wanted)]
            found = message_search.find(connection, "default", wanted, 20)
            assert [each.message.id for each in found] == expected[:20], wanted
