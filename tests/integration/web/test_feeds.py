"""A sender silent against its habit, or that sends what cannot be read, is an alarm; one that is as usual is none."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from fastapi.testclient import TestClient
from prometheus_client.registry import REGISTRY
from sqlalchemy import Engine, text, update

from services.domain.feeds import ANSWER_BOUNDS
from services.store.tables import account
from services.web import feed_metrics

WEEK = 7 * 24 * 60


def arrived(engine: Engine, sender: str, *minutes: float, state: str = "done", site: str = "default") -> None:
    """Messages of a sender, so many minutes ago."""
    with engine.begin() as connection:
        for ago in minutes:
            connection.execute(
                text(
                    "INSERT INTO message (site_id, door, application, facility, bytes, sha256, state, received_at) "
                    "VALUES (:site, 'hl7', :sender, 'N', 1, '', :state, now() - make_interval(secs => :ago))"
                ),
                {"sender": sender, "state": state, "ago": ago * 60, "site": site},
            )


def weekly(engine: Engine, sender: str, weeks: int = 4, step: int = 10) -> None:
    """One every ten minutes in these hours of the weeks before, and something long before that."""
    arrived(engine, "OLD", 5 * WEEK)
    for week in range(1, weeks + 1):
        arrived(engine, sender, *(week * WEEK + minute for minute in range(0, 360, step)))


def feeds(client: TestClient) -> dict[str, dict[str, object]]:
    return {feed["sender"]: feed for feed in client.get("/api/v1/feeds").json()["feeds"]}


def test_a_sender_silent_against_its_habit_is_an_alarm(reviewer: TestClient, engine: Engine) -> None:
    weekly(engine, "RIS")
    arrived(engine, "RIS", 120)
    feed = feeds(reviewer)["RIS^N"]
    assert feed["alarms"] == ["silent"]
    assert feed["usual"] == 12
    assert 7190 < float(str(feed["silence"])) < 7300
    page = reviewer.get("/feeds").text
    assert "silent" in page and 'href="/messages?sender=RIS%5EN"' in page


def test_who_has_been_silent_for_longer_than_is_looked_at_is_still_listed(reviewer: TestClient, engine: Engine) -> None:
    weekly(engine, "RIS")
    arrived(engine, "RIS", 30 * 60)
    feed = feeds(reviewer)["RIS^N"]
    assert feed["alarms"] == ["silent"] and float(str(feed["silence"])) >= 6 * 3600


@pytest.mark.parametrize(
    ("weeks", "step", "last"),
    [
        (4, 10, 2),  # heard just now
        (4, 10, 14),  # nobody is told of so short a silence
        (4, 100, 60),  # it never sends much at this time
        (3, 10, 60),  # one of the four weeks was silent as well: a holiday
    ],
)
def test_a_silence_that_is_usual_is_none(
    reviewer: TestClient, engine: Engine, weeks: int, step: int, last: float
) -> None:
    weekly(engine, "RIS", weeks, step)
    arrived(engine, "RIS", last)
    assert feeds(reviewer)["RIS^N"]["alarms"] == []


def test_without_a_week_before_yesterday_counts_and_without_yesterday_nothing(
    reviewer: TestClient, engine: Engine
) -> None:
    arrived(engine, "NEW", 60)
    assert feeds(reviewer)["NEW^N"]["usual"] is None
    arrived(engine, "NEW", *(24 * 60 + minute for minute in range(1, 400, 10)))
    feed = feeds(reviewer)["NEW^N"]
    assert feed["alarms"] == ["silent"] and feed["usual"] == 6


def test_what_cannot_be_read_is_an_alarm_from_twenty_on(reviewer: TestClient, engine: Engine) -> None:
    arrived(engine, "BAD", *[5] * 18)
    arrived(engine, "BAD", 6, state="quarantined")
    assert feeds(reviewer)["BAD^N"]["alarms"] == []
    arrived(engine, "BAD", 7, state="rejected")
    feed = feeds(reviewer)["BAD^N"]
    assert (feed["messages"], feed["rejected"], feed["quarantined"], feed["alarms"]) == (20, 1, 1, ["refused"])
    page = reviewer.get("/feeds").text
    assert 'href="/quarantine"' in page and "state=rejected&amp;sender=BAD%5EN" in page
    arrived(engine, "BAD", *[5] * 30)
    assert feeds(reviewer)["BAD^N"]["alarms"] == []


def test_another_site_sees_its_own_feeds_alone(reviewer: TestClient, engine: Engine) -> None:
    arrived(engine, "RIS", 5, site="north")
    arrived(engine, "LAB", 5)
    assert set(feeds(reviewer)) == {"LAB^N"}
    with engine.begin() as connection:
        connection.execute(update(account).values(site_id="north"))
    assert set(feeds(reviewer)) == {"RIS^N"}


def test_the_metrics_say_what_the_page_says(engine: Engine) -> None:
    weekly(engine, "RIS")
    arrived(engine, "RIS", 120)
    with engine.connect() as connection:
        feed_metrics.show(feed_metrics.look(connection))
    labels = {"site": "default", "sender": "RIS^N"}
    assert REGISTRY.get_sample_value("countersign_feed_usual_messages", labels) == 12
    assert (REGISTRY.get_sample_value("countersign_feed_silence_seconds", labels) or 0) > 7190
    feed_metrics.show([])
    assert REGISTRY.get_sample_value("countersign_feed_usual_messages", labels) is None


def test_what_waits_is_counted_with_its_age(reviewer: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO job (kind, state, created_at) VALUES ('intake', 'ready', now() - interval '10 minutes'), "
                "('analysis', 'waiting', now() - interval '3 hours'), ('analysis', 'done', now() - interval '9 hours')"
            )
        )
    backlog = reviewer.get("/api/v1/feeds").json()["backlog"]
    assert (backlog["intake"], backlog["readings"], backlog["deliveries"]) == (1, 1, 0)
    assert 599 < backlog["intake_age"] < 700 and 10799 < backlog["readings_age"] < 11000
    assert "oldest 3 h" in reviewer.get("/feeds").text


def answered(engine: Engine, sender: str, seconds: float, count: int, ago: float = 0) -> None:
    """Answers to a sender that all took so long, counted so many minutes ago."""
    counts = [0] * (len(ANSWER_BOUNDS) + 1)
    counts[bisect_left(ANSWER_BOUNDS, seconds)] = count
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO answer_time (minute, sender, counts) VALUES (now() - make_interval(secs => :ago), :sender,"
                " :counts)"
            ),
            {"sender": sender, "counts": counts, "ago": ago * 60},
        )


def test_a_sender_that_waits_for_its_answers_is_an_alarm_and_its_neighbour_is_none(
    reviewer: TestClient, engine: Engine
) -> None:
    arrived(engine, "SLOW", 1)
    arrived(engine, "QUICK", 1)
    arrived(engine, "ONCE", 1)
    answered(engine, "SLOW^N", 7.0, 3)
    answered(engine, "SLOW^N", 0.002, 20, ago=2)
    answered(engine, "QUICK^N", 0.03, 99)
    answered(engine, "QUICK^N", 60.0, 3, ago=3)
    answered(engine, "QUICK^N", 60.0, 99, ago=16)
    answered(engine, "ONCE^N", 60.0, 9)
    shown = feeds(reviewer)
    assert {name: feed["alarms"] for name, feed in shown.items()} == {"SLOW^N": ["slow"], "QUICK^N": [], "ONCE^N": []}
    assert 5 < float(str(shown["SLOW^N"]["answer_seconds"])) < 10
    assert 0.025 < float(str(shown["QUICK^N"]["answer_seconds"])) < 0.05
    assert shown["ONCE^N"]["answer_seconds"] == 30
    page = reviewer.get("/feeds").text
    assert page.count('<span class="flag">slow</span>') == 1
    with engine.connect() as connection:
        feed_metrics.show(feed_metrics.look(connection))
    values = {
        sender: REGISTRY.get_sample_value(
            "countersign_feed_answer_seconds", {"site": "default", "sender": f"{sender}^N"}
        )
        for sender in ("SLOW", "QUICK", "ONCE")
    }
    assert values["SLOW"] == shown["SLOW^N"]["answer_seconds"]
    assert values["QUICK"] == shown["QUICK^N"]["answer_seconds"]
    assert values["ONCE"] is None
