"""Row 9: frames cut at every byte, several in one packet, and peers that vanish without a word: byte for byte.

The messages are our samples; where COUNTERSIGN_CORPUS names a folder, every .hl7 file in it as well.
"""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from integration.hl7v2.mllp import Deframer, frame
from services import samples
from services.store.tables import job, message
from tests.faults.proxy import Proxy
from tests.listening import Listen, Peer, Running
from tests.messages import oru
from tests.system import eventually

CORPUS = os.environ.get("COUNTERSIGN_CORPUS", "")
LIMIT = 16 << 20
# Every cut of a message costs all of its bytes: larger ones are cut where it matters, at their ends.
SHORT = 4096


def bodies() -> list[bytes]:
    found = [Path(samples.__file__).parent]
    if CORPUS:
        found.append(Path(CORPUS))
    return [path.read_bytes() for folder in found for path in sorted(folder.rglob("*.hl7"))]


def as_framed(wire: bytes) -> list[bytes]:
    """What is between the framing bytes, a file's own included, when nothing is cut."""
    return [found.body for found in Deframer(LIMIT).feed(wire)]


def stored(engine: Engine) -> list[bytes]:
    """In no order: groups are written side by side."""
    with engine.connect() as connection:
        return sorted(bytes(body) for body in connection.execute(select(message.c.body)).scalars())


def places(wire: bytes) -> list[int]:
    ends = {*range(SHORT // 2), *range(len(wire) - SHORT // 2, len(wire) + 1)}
    return sorted(place for place in ends if 0 <= place <= len(wire))


@contextmanager
def through(running: Running, hurt: Callable[[Proxy], None]) -> Iterator[Peer]:
    """A peer whose bytes go through a proxy that hurts."""
    proxy = Proxy(running.port)
    hurt(proxy)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as channel:
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Peer(channel)
    proxy.stop()


def test_two_frames_cut_at_any_byte_are_the_same_two_frames() -> None:
    for one, other in itertools.pairwise(bodies()):
        wire = frame(one) + frame(other)
        whole = as_framed(wire)
        for place in places(wire):
            deframer = Deframer(LIMIT)
            cut = [found.body for part in (wire[:place], wire[place:]) for found in deframer.feed(part)]
            assert cut == whole, place


@pytest.mark.parametrize("frames", [1, 2, 20])
def test_so_many_frames_a_packet_are_stored_as_sent(listen: Listen, engine: Engine, frames: int) -> None:
    sent = bodies()
    with listen().peer() as peer:
        for at in range(0, len(sent), frames):
            peer.channel.sendall(b"".join(map(frame, sent[at : at + frames])))
        whole = as_framed(b"".join(map(frame, sent)))
        eventually(lambda: len(stored(engine)) == len(whole), 60, "all stored")
    assert stored(engine) == sorted(whole)


def test_a_byte_at_a_time_they_are_stored_as_sent(listen: Listen, engine: Engine) -> None:
    sent = bodies()
    whole = as_framed(b"".join(map(frame, sent)))
    with through(listen(), lambda proxy: setattr(proxy, "trickle", True)) as peer:
        for body in sent:
            peer.send(body)
        eventually(lambda: len(stored(engine)) == len(whole), 240, "all stored")
    assert stored(engine) == sorted(whole)


def test_a_peer_that_vanishes_inside_a_frame_leaves_nothing_and_is_hung_up_on(listen: Listen, engine: Engine) -> None:
    running = listen(idle_timeout=1)
    with running.peer() as gone:
        gone.channel.sendall(frame(oru("HALF1"))[:-20])
        with running.peer() as back:
            assert b"MSA|AA|" in back.ask(oru("HALF1"))
        assert gone.answer() == b""
    assert stored(engine) == [oru("HALF1")]


def test_a_peer_whose_answer_never_arrived_gets_it_over_a_new_connection(listen: Listen, engine: Engine) -> None:
    """Half-open: the frame is committed, its answer goes where nobody hears it."""
    running = listen()
    proxy = Proxy(running.port)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as channel:
        first = Peer(channel).ask(oru("HALF2"))
        proxy.half_open()
        channel.settimeout(0.5)
        with pytest.raises(TimeoutError):
            Peer(channel).ask(oru("HALF3"))
    with running.peer() as back:
        assert back.ask(oru("HALF2")) == first
        assert b"MSA|AA|HALF3" in back.ask(oru("HALF3"))
    proxy.stop()
    with engine.connect() as connection:
        assert len(connection.execute(select(job.c.id)).all()) == 2
