"""The Celery application. It carries job ids and nothing else; PostgreSQL is the truth (docs/reliability.md)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import redis
from celery import Celery
from kombu.entity import Queue as Route
from kombu.exceptions import OperationalError

from services.settings import Broker
from services.telemetry.logs import log

LOG = log("broker")
TASK = "countersign.run_job"
STAT, OTHERS = "stat", "jobs"
# A peer that vanished without a word is noticed after 10 + 3 * 5 s.
KEEPALIVE = {socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}


def route(name: str) -> Route:
    """One of the two queues."""
    return Route(name, routing_key=name)


def make_app(broker: Broker, run: Callable[[int], None] | None = None, concurrency: int = 1) -> Celery:
    """The application; a worker passes `run`, the relay only publishes."""
    app = Celery("countersign", broker=broker.url())
    app.conf.update(**_configuration(concurrency))
    if run is None:
        # Kombu would sleep 2 s, then 4 s, inside `publish`, with jobs marked as published; the next beat tries again.
        app.conf.broker_transport_options["max_retries"] = 0
    else:
        app.task(run, name=TASK, ignore_result=True)
    return app


def publish(app: Celery, job_id: int, priority: int) -> None:
    """Wakes a worker up for a job. Raises kombu's OperationalError while the broker is away."""
    app.send_task(TASK, args=(job_id,), queue=STAT if priority == 0 else OTHERS, retry=False)


def _configuration(concurrency: int) -> dict[str, Any]:
    return {
        # The order is that in which a free slot looks: STAT starts at the next free slot.
        "task_queues": [route(STAT), route(OTHERS)],
        "task_default_queue": OTHERS,
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        # An early ack: a job whose worker dies comes back by its lease, not by the broker.
        "task_acks_late": False,
        "worker_disable_prefetch": True,
        "worker_prefetch_multiplier": 1,
        "worker_pool": "services.dispatch.pool:WakingPool",
        "worker_concurrency": concurrency,
        "worker_soft_shutdown_timeout": 30,
        "worker_hijack_root_logger": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "queue_order_strategy": "priority",
            "health_check_interval": 10,
            "socket_keepalive": True,
            "socket_keepalive_options": KEEPALIVE,
            "socket_timeout": 15,
            "socket_connect_timeout": 5,
            "max_connections": concurrency + 16,
            "visibility_timeout": 3600,
        },
    }


def waiting(broker: Broker) -> int:
    """How many wake-ups lie in the broker. Raises redis.RedisError."""
    with redis.Redis.from_url(broker.url(), socket_timeout=5, socket_connect_timeout=5) as client:
        return sum(int(client.llen(name)) for name in (STAT, OTHERS))


def lying(broker: Broker) -> int:
    """As `waiting`, but raises kombu's OperationalError while the broker is away, as `publish` does."""
    try:
        return waiting(broker)
    except redis.RedisError as error:
        raise OperationalError(type(error).__name__) from None


def wait_for_broker(stop: threading.Event, broker: Broker) -> bool:
    """Waits, saying so once, until the broker answers; False when told to stop."""
    said = False
    while not stop.is_set():
        try:
            waiting(broker)
        except redis.RedisError as error:
            if not said:
                LOG.warning("waiting", reason="the broker does not answer", error=type(error).__name__)
            said = True
            stop.wait(1.0)
        else:
            return True
    return False
