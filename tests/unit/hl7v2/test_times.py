"""Times without an offset: MSH-7's offset counts, then the sender's zone; when the clocks change, too."""

from __future__ import annotations

import pytest

from integration.hl7v2.senders import SenderMap
from tests.unit.hl7v2.segments import MSH, OBX, obr, report


def issued(bare: str, message_time: str, zone: str = "UTC") -> str:
    msh = MSH.replace("20260102030405", message_time)
    found = report(obr(_22=bare, _7=bare), OBX, msh=msh, sender=SenderMap(zone=zone))
    assert found.issued is not None and found.observed == found.issued
    return found.issued.isoformat()


@pytest.mark.parametrize(
    ("bare", "message_time", "zone", "expected"),
    [
        ("202607011200", "20260701120500", "Europe/Berlin", "2026-07-01T12:00:00+02:00"),
        ("202601011200", "20260101120500", "Europe/Berlin", "2026-01-01T12:00:00+01:00"),
        ("202607011200", "20260701120500+0200", "UTC", "2026-07-01T12:00:00+02:00"),
        ("202607011200", "20260701120500-0500", "Europe/Berlin", "2026-07-01T12:00:00-05:00"),
        ("202607011200+0300", "20260701120500-0500", "Europe/Berlin", "2026-07-01T12:00:00+03:00"),
        ("202607011200", "no time", "America/Chicago", "2026-07-01T12:00:00-05:00"),
        ("202607011200", "20260701120500+0000", "Europe/Berlin", "2026-07-01T12:00:00+00:00"),
    ],
)
def test_a_bare_time_is_local_where_its_message_is(bare: str, message_time: str, zone: str, expected: str) -> None:
    assert issued(bare, message_time, zone) == expected


@pytest.mark.parametrize(
    ("bare", "message_time", "expected"),
    [
        # The exam was before the clocks went forward on 29 March 2026, its message after it.
        ("202603282350", "20260329040000+0200", "2026-03-28T23:50:00+01:00"),
        # Before they went back on 25 October 2026.
        ("202610242350", "20261025040000+0100", "2026-10-24T23:50:00+02:00"),
        # Half past two is there twice that night: the message tells which.
        ("202610250230", "20261025024000+0200", "2026-10-25T02:30:00+02:00"),
        ("202610250230", "20261025024000+0100", "2026-10-25T02:30:00+01:00"),
        # Half past two is not there on 29 March: the clock of before is meant.
        ("202603290230", "20260329033500+0200", "2026-03-29T02:30:00+02:00"),
    ],
)
def test_times_around_a_change_of_the_clocks(bare: str, message_time: str, expected: str) -> None:
    assert issued(bare, message_time, "Europe/Berlin") == expected
