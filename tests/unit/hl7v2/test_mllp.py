"""Framing: the same frames however the bytes are cut, in linear time and bounded memory."""

from __future__ import annotations

import hashlib
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.hl7v2.mllp import HEAD_BYTES, Deframer, Frame, frame, whole

PLAIN = st.binary(max_size=60).map(lambda data: data.replace(b"\x0b", b"").replace(b"\x1c", b""))
# Any bytes, FS and VT included: what a hostile or broken peer sends.
WIRE = st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\n", b"MSH|", b"x", b"\xff"]), max_size=40).map(b"".join)


def feed(deframer: Deframer, chunks: list[bytes]) -> list[Frame]:
    return [found for chunk in chunks for found in deframer.feed(chunk)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(marks)]


@given(st.lists(PLAIN, max_size=5), st.lists(st.integers(0, 10_000), max_size=12))
def test_every_body_comes_out_as_it_went_in_however_the_stream_is_cut(bodies: list[bytes], places: list[int]) -> None:
    wire = b"".join(frame(body) for body in bodies)
    assert feed(Deframer(1000), cut(wire, places)) == [whole(body) for body in bodies]


def test_every_single_cut_of_two_frames_gives_the_same_frames() -> None:
    wire = frame(b"MSH|one") + b"\r\n" + frame(b"MSH|t\x1cwo\x0b")
    for place in range(len(wire) + 1):
        deframer = Deframer(100)
        bodies = [found.body for found in feed(deframer, [wire[:place], wire[place:]])]
        assert bodies == [b"MSH|one", b"MSH|t\x1cwo\x0b"]
        assert deframer.ignored == 0


@given(WIRE, st.lists(st.integers(0, 10_000), max_size=12))
def test_any_bytes_give_the_same_frames_at_any_cut(wire: bytes, places: list[int]) -> None:
    at_once, in_pieces = Deframer(50), Deframer(50)
    assert at_once.feed(wire) + at_once.flush() == feed(in_pieces, cut(wire, places)) + in_pieces.flush()
    assert at_once.ignored == in_pieces.ignored


@given(WIRE)
def test_no_byte_is_unaccounted_for(wire: bytes) -> None:
    deframer = Deframer(1000)
    frames = deframer.feed(wire) + deframer.flush()
    markers = sum(wire.count(mark) for mark in (b"\x0b", b"\x1c", b"\r", b"\n"))
    held = deframer.size + sum(found.size for found in frames) + deframer.ignored
    assert len(wire) - markers <= held <= len(wire)


def test_an_oversized_frame_keeps_head_length_and_hash_and_the_next_one_is_whole() -> None:
    body = bytes(range(32, 127)) * 5000
    deframer = Deframer(100_000)
    wire = frame(body) + frame(b"next")
    big, small = feed(deframer, [wire[at : at + 4096] for at in range(0, len(wire), 4096)])
    assert big == Frame(body[:HEAD_BYTES], len(body), hashlib.sha256(body).hexdigest(), oversized=True)
    assert small == whole(b"next")


def test_the_buffer_of_an_endless_block_stays_small() -> None:
    deframer = Deframer(200_000)
    deframer.feed(b"\x0b")
    for _ in range(1000):
        deframer.feed(b"x" * 10_000)
    assert deframer.size == 10_000_000
    assert deframer._block is not None and len(deframer._block.buffer) <= HEAD_BYTES


def test_bytes_outside_frames_are_counted_and_line_ends_are_not() -> None:
    deframer = Deframer(100)
    assert deframer.feed(b"hello\r\n" + frame(b"a") + b"\r\n??") == [whole(b"a")]
    assert deframer.ignored == 7


def test_a_block_ended_by_fs_alone_waits_for_the_next_byte_or_for_flush() -> None:
    deframer = Deframer(100)
    assert deframer.feed(b"\x0ba\x1c") == [] and deframer.ended
    assert deframer.feed(b"\x0bb\x1c") == [whole(b"a")]
    assert deframer.flush() == [whole(b"b")] and deframer.flush() == []


def test_a_block_that_was_broken_off_and_begun_anew_is_taken_from_its_new_start() -> None:
    deframer = Deframer(100)
    assert deframer.feed(b"\x0bMSH|half of a mess" + frame(b"MSH|whole")) == [whole(b"MSH|whole")]
    assert deframer.ignored == len(b"MSH|half of a mess") + 0


def test_a_frame_ended_by_fs_alone_and_then_noise_is_not_lost() -> None:
    assert Deframer(100).feed(b"\x0bMSH|a\x1c  " + frame(b"MSH|b")) == [whole(b"MSH|a"), whole(b"MSH|b")]


@settings(max_examples=20)
@given(st.integers(1, 7))
def test_the_work_grows_with_the_bytes_and_not_with_their_square(width: int) -> None:
    calls = 0

    class Counting(bytes):
        def find(self, *args: object) -> int:
            nonlocal calls
            calls += 1
            return bytes.find(self, *args)  # type: ignore[arg-type]

    deframer = Deframer(1 << 20)
    for piece in [b"\x0b"] + [b"y" * width] * 2000 + [b"\x1c\r"]:
        deframer.feed(Counting(piece))
    assert calls <= 2 * 2002
