"""A batch comes apart into its messages, byte for byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integration.hl7v2.parts import split

MESSAGE = st.builds(
    lambda number, text: b"MSH|^~\\&|RIS|||||||ID-%d\rOBX|1|TX|||%s\r" % (number, text),
    st.integers(0, 99),
    st.text("abc MSHB", max_size=20).map(str.encode),
)


@given(st.lists(MESSAGE, max_size=6), st.booleans())
def test_the_messages_of_a_batch_are_its_very_bytes(messages: list[bytes], enveloped: bool) -> None:
    before, after = (b"FHS|^~\\&\rBHS|^~\\&\r", b"BTS|1\rFTS|1\r") if enveloped else (b"", b"")
    batch = before + b"".join(messages) + after
    found = split(batch)
    assert [part.body for part in found] == messages
    assert [part.number for part in found] == list(range(1, len(messages) + 1))
    assert all(batch[part.start : part.start + len(part.body)] == part.body for part in found)


@given(st.binary(max_size=200))
def test_any_bytes_can_be_split(data: bytes) -> None:
    assert all(part.body in data for part in split(data))
