"""Sending many messages: connections side by side, a rate, repetition, and what came of it."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from integration.hl7v2.client import Answer, MllpClient, NoAnswer, Unreachable
from integration.hl7v2.message_files import Outgoing, with_control_id
from integration.hl7v2.msh import read_header

NO_ANSWER = "no answer"
NOT_DUE = "none due"
_RETRY_PAUSE = 1.0


@dataclass(frozen=True)
class Plan:
    """`rate` is messages a second over all connections, 0 for as fast as answers come; times in seconds.

    With `seconds` the messages are repeated for so long, whatever `repeat` says.
    """

    host: str
    port: int
    connections: int = 1
    rate: float = 0
    repeat: int = 1
    seconds: float = 0
    retries: int = 0
    timeout: float = 30
    fresh_control_ids: bool = False
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one message: MSA-1, or NO_ANSWER / NOT_DUE, with the answer's words or the fault's."""

    name: str
    code: str
    seconds: float
    text: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the receiver has taken it, as far as it would tell."""
        return self.code in ("AA", "CA", NOT_DUE)


@dataclass
class Summary:
    """Counts by code, seconds in all, and each message's round trip in seconds; `interrupted` by Ctrl-C."""

    codes: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    seconds: float = 0.0
    round_trips: list[float] = field(default_factory=list)
    interrupted: bool = False

    def add(self, outcome: Outcome) -> None:
        """Counts one message in."""
        self.codes[outcome.code] += 1
        self.accepted += outcome.accepted
        self.round_trips.append(outcome.seconds)

    @property
    def total(self) -> int:
        """Messages sent."""
        return sum(self.codes.values())

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.total / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """The round trip (seconds) that `share` of the messages did not exceed."""
        ordered = sorted(self.round_trips)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def run(plan: Plan, messages: Sequence[Outgoing], told: Callable[[Outcome], None]) -> Summary:
    """Sends every message `plan.repeat` times or for `plan.seconds`; `told` hears of each. Cancelled, it sums up.

    Raises Unreachable, with nothing sent, when not even the first connection can be opened.
    """
    queue = _numbered(plan, messages)
    summary, began = Summary(), time.perf_counter()

    def count(outcome: Outcome) -> None:
        summary.add(outcome)
        told(outcome)

    schedule = _Schedule(plan.rate)
    wanted = plan.connections if plan.seconds else min(plan.connections, plan.repeat * len(messages))
    senders = [_Sender(plan, schedule) for _ in range(wanted)]
    for first in senders[:1]:
        await first.connect()
    try:
        async with asyncio.TaskGroup() as group:
            for sender in senders:
                group.create_task(sender.drain(queue, count))
    except asyncio.CancelledError:
        summary.interrupted = True
    summary.seconds = time.perf_counter() - began
    return summary


def _numbered(plan: Plan, messages: Sequence[Outgoing]) -> Iterator[Outgoing]:
    until = time.perf_counter() + plan.seconds
    for turn in itertools.count(1) if plan.seconds and messages else range(1, plan.repeat + 1):
        for message in messages:
            if plan.seconds and time.perf_counter() >= until:
                return
            if not plan.fresh_control_ids:
                yield message
                continue
            header = read_header(message.body)
            stem = header.control_id[:100] if header else ""
            control_id = f"{stem}-{time.time_ns():x}-{turn}"
            yield Outgoing(message.name, with_control_id(message.body, control_id))


class _Schedule:
    """Gives each message its moment."""

    def __init__(self, rate: float) -> None:
        self._step = 1 / rate if rate else 0.0
        self._next = time.perf_counter()

    async def turn(self) -> None:
        if self._step:
            wait = self._next - time.perf_counter()
            self._next = max(self._next, time.perf_counter() - 1) + self._step
            if wait > 0:
                await asyncio.sleep(wait)


class _Sender:
    """One connection, opened when needed."""

    def __init__(self, plan: Plan, schedule: _Schedule) -> None:
        self._plan = plan
        self._schedule = schedule
        self._client: MllpClient | None = None

    async def drain(self, queue: Iterator[Outgoing], told: Callable[[Outcome], None]) -> None:
        try:
            for message in queue:
                await self._schedule.turn()
                told(await self._send(message))
        finally:
            await self._hang_up()

    async def _send(self, message: Outgoing) -> Outcome:
        outcome = await self._once(message)
        for _ in range(self._plan.retries):
            if outcome.accepted or outcome.code in ("AR", "CR"):
                break
            await asyncio.sleep(_RETRY_PAUSE)
            outcome = await self._once(message)
        return outcome

    async def _once(self, message: Outgoing) -> Outcome:
        began = time.perf_counter()
        try:
            answer = await self._ask(message.body)
        except (NoAnswer, Unreachable) as fault:
            await self._hang_up()
            return Outcome(message.name, NO_ANSWER, time.perf_counter() - began, str(fault))
        return Outcome(message.name, answer.code or NOT_DUE, time.perf_counter() - began, answer.text)

    async def connect(self) -> MllpClient:
        plan = self._plan
        if self._client is None:
            self._client = await MllpClient.connect(plan.host, plan.port, within=plan.timeout, tls=plan.tls)
        return self._client

    async def _ask(self, body: bytes) -> Answer:
        return await (await self.connect()).ask(body, within=self._plan.timeout)

    async def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
