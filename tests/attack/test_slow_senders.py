"""Slow connections, a thousand of them from one address, keep no honest sender out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time

from integration.hl7v2.client import MllpClient
from tests.listening import Listen
from tests.messages import oru

# A thousand in `make attack`, where it is also asked that nobody honest waits a second.
FULL = "ATTACK_SECONDS" in os.environ
SLOW = 1000 if FULL else 300
HONEST = 10


async def test_honest_senders_get_in_among_slow_ones_and_lose_nothing(listen: Listen) -> None:
    running = listen(max_connections=64, max_per_address=48)
    writers = []
    for number in range(SLOW):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", running.mllp.port)
            writer.write(b"\x0bMSH|^~\\&|SLOW" if number % 2 else b"")
            writers.append(writer)
    try:
        codes, waited = [], []
        for number in range(HONEST):
            began = time.monotonic()
            client = await MllpClient.connect("127.0.0.1", running.mllp.port)
            codes.append((await client.ask(oru(f"H{number}"))).code)
            waited.append(time.monotonic() - began)
            await client.close()
    finally:
        for writer in writers:
            writer.close()

    print(f"{SLOW} slow connections: the honest waited {max(waited):.3f} s at most")
    assert codes == ["AA"] * HONEST
    assert not FULL or max(waited) < 1


async def test_one_address_cannot_close_what_another_is_using(listen: Listen) -> None:
    running = listen(max_connections=40, max_per_address=30)
    honest = await MllpClient.connect("127.0.0.1", running.mllp.port)
    writers = []
    for _ in range(100):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", running.mllp.port, local_addr=("127.0.0.2", 0))
            writers.append(writer)
    try:
        assert (await honest.ask(oru("H1"))).code == "AA"
    finally:
        await honest.close()
        for writer in writers:
            writer.close()


async def test_a_frame_that_trickles_in_is_cut_off(listen: Listen) -> None:
    """Its sender was promised nothing, and any byte renewed the idle time."""
    running = listen(min_rate=1_000_000)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.mllp.port)
    ended = asyncio.create_task(reader.read())
    with contextlib.suppress(OSError):
        for byte in b"\x0b" + oru("H1"):
            if ended.done():
                break
            writer.write(bytes([byte]))
            await asyncio.wait({ended}, timeout=0.5)
    assert ended.done()
    writer.close()
