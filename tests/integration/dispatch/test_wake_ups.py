"""Wake-ups that the broker lost are published again in seconds, once; those that lie in it or were followed are not."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator

import pytest
import redis
from kombu.exceptions import OperationalError
from sqlalchemy import Engine, text

from services.dispatch.queue import OTHERS, STAT, make_app, publish, waiting
from services.processes.relay.main import LOST_SECONDS, Relay
from services.settings import Broker, Queue
from services.store import jobs
from tests.system import eventually

QUEUE = Queue(concurrency=2)
DEPTH = 4
OWNER = "somebody"


@pytest.fixture
def valkey(broker: Broker) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker.url()) as client:
        eventually(lambda: _answers(client) or None, 20, "Valkey answers")
        yield client


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.fixture
def relay(engine: Engine, broker: Broker, valkey: redis.Redis) -> Relay:
    """A relay, and a worker of two slots to publish for."""
    with engine.begin() as connection:
        jobs.renew(connection, OWNER, QUEUE.concurrency, QUEUE)
    return Relay(engine, broker, QUEUE)


def add(engine: Engine, *priorities: int) -> list[int]:
    with engine.begin() as connection:
        return [jobs.add(connection, kind="intake", priority=priority) for priority in priorities]


def later(engine: Engine, relay: Relay) -> None:
    """As if so much time had passed that a wake-up is missed, and the relay looks again."""
    with engine.begin() as connection:
        past = text("UPDATE job SET published_at = published_at - make_interval(secs => :seconds)")
        connection.execute(past, {"seconds": 2 * LOST_SECONDS})
    relay._looked -= 2 * LOST_SECONDS


def lying(valkey: redis.Redis, queue: str) -> list[int]:
    """The jobs whose wake-ups lie in a queue, the next first."""
    bodies = [json.loads(message)["body"] for message in reversed(valkey.lrange(queue, 0, -1))]
    return [json.loads(b64decode(body))[0][0] for body in bodies]


def test_a_broker_that_is_away_is_not_waited_for_inside_a_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A beat that sleeps would hold up all that was marked as published."""

    def sleep(seconds: float) -> None:
        raise AssertionError(f"slept for {seconds} s")

    monkeypatch.setattr("kombu.utils.functional.sleep", sleep)
    app = make_app(Broker(port=9))
    for _ in range(2):
        with pytest.raises(OperationalError):
            publish(app, 1, priority=2)


def test_while_the_broker_is_away_no_job_is_marked_as_published_in_vain(engine: Engine) -> None:
    add(engine, 2)
    with engine.begin() as connection:
        jobs.renew(connection, OWNER, QUEUE.concurrency, QUEUE)
    relay = Relay(engine, Broker(port=9), QUEUE)
    assert relay._beat() == 0
    before = _written(engine)
    assert [relay._beat() for _ in range(3)] == [0, 0, 0]
    assert _written(engine) == before


def _written(engine: Engine) -> list[str]:
    """The transactions that wrote the jobs last."""
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT xmin::text FROM job ORDER BY id")))


def test_a_wake_up_that_was_flushed_away_is_published_again_and_once(
    engine: Engine, broker: Broker, relay: Relay, valkey: redis.Redis
) -> None:
    number = add(engine, 2)
    assert relay._beat() == 1
    valkey.flushall()
    assert relay._beat() == 0
    later(engine, relay)
    assert relay._beat() == 1
    assert lying(valkey, OTHERS) == number
    later(engine, relay)
    assert [relay._beat() for _ in range(3)] == [0, 0, 0]
    assert waiting(broker) == 1


def test_a_broker_that_is_emptied_again_and_again_is_filled_no_more_often_than_wake_ups_are_missed(
    engine: Engine, relay: Relay, valkey: redis.Redis
) -> None:
    add(engine, 2)
    assert relay._beat() == 1
    valkey.flushall()
    later(engine, relay)
    assert relay._beat() == 1
    for _ in range(5):
        valkey.flushall()
        relay._looked -= 2 * LOST_SECONDS
        assert relay._beat() == 0


def test_lost_wake_ups_take_no_room_from_others_and_stat_stays_first(
    engine: Engine, relay: Relay, valkey: redis.Redis
) -> None:
    routine = add(engine, *[2] * (DEPTH + 3))
    published = relay._beat()
    assert 0 < published < len(routine)
    valkey.flushall()
    (stat,) = add(engine, 0)
    later(engine, relay)
    assert relay._beat() == published + 1
    assert lying(valkey, STAT) == [stat]
    assert lying(valkey, OTHERS) == routine[:published]


def test_what_was_lost_is_told_from_what_was_published_since_and_lies_there(
    engine: Engine, relay: Relay, valkey: redis.Redis
) -> None:
    lost = add(engine, 2)
    assert relay._beat() == 1
    valkey.flushall()
    lie = add(engine, 2)
    assert relay._beat() == 1
    later(engine, relay)
    assert relay._beat() == 1
    assert lying(valkey, OTHERS) == [*lie, *lost]


def test_a_job_that_is_being_worked_on_is_not_published_again(
    engine: Engine, relay: Relay, valkey: redis.Redis
) -> None:
    (number,) = add(engine, 2)
    assert relay._beat() == 1
    valkey.flushall()
    with engine.begin() as connection:
        assert jobs.claim(connection, number, OWNER, QUEUE)
    later(engine, relay)
    assert relay._beat() == 0
