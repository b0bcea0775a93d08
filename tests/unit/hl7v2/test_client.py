"""What counts as the answer to a message of ours, however the other side frames it."""

from __future__ import annotations

import asyncio

import pytest

from integration.hl7v2.client import Answer, MllpClient, NoAnswer

MESSAGE = b"MSH|^~\\&|CS|CS|E|H|20260101||ORU^R01|CS7|P|2.5.1\r"


def ack(code: str, control_id: str) -> bytes:
    return f"MSH|^~\\&|E|H|CS|CS|20260101||ACK|1|P|2.5.1\rMSA|{code}|{control_id}\r".encode()


def asked(*pieces: bytes, hang_up: bool = False, within: float = 2) -> Answer:
    """The answer of a listener that sends these bytes, each alone."""

    async def listener(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\x1c\r")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        if hang_up:
            writer.close()

    async def ask() -> Answer:
        server = await asyncio.start_server(listener, "127.0.0.1", 0)
        client = await MllpClient.connect("127.0.0.1", server.sockets[0].getsockname()[1])
        try:
            return await client.ask(MESSAGE, within=within)
        finally:
            await client.close()
            server.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("pieces", "hang_up"),
    [
        ([b"\x0b" + ack("AA", "CS7") + b"\x1c\r"], False),
        ([b"\x0b" + ack("AA", "CS7") + b"\x1c"], False),
        ([b"\x0b" + ack("AA", "CS7") + b"\x1c"], True),
        ([b"\x0b" + ack("AA", "CS7"), b"\x1c"], False),
        ([b"\x0b" + ack("AA", "CS7") + b"\x1c", b"\r"], False),
        ([b"\x0b" + ack("AA", "CS7") + b"\x1c\n"], False),
        ([b"\x0b" + ack("AA", "CS6") + b"\x1c\x0b" + ack("AA", "CS7") + b"\x1c"], False),
    ],
)
def test_an_answer_counts_with_and_without_its_last_carriage_return(pieces: list[bytes], hang_up: bool) -> None:
    assert asked(*pieces, hang_up=hang_up).accepted


@pytest.mark.parametrize("control_id", ["", "CS6", "cs7"])
def test_an_answer_that_does_not_name_our_message_is_none(control_id: str) -> None:
    with pytest.raises(NoAnswer) as refused:
        asked(b"\x0b" + ack("AA", control_id) + b"\x1c\r", within=0.5)
    assert ("without our MSH-10" in str(refused.value)) == (not control_id)


def test_an_answer_that_breaks_off_is_none() -> None:
    with pytest.raises(NoAnswer):
        asked(b"\x0b" + ack("AA", "CS7"), hang_up=True)
