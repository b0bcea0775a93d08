"""Sender maps: the most specific fits, and a bad file says where and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.canonical import ReportStatus, SectionKind
from integration.hl7v2.senders import SenderError, SenderMap, Senders, WatchedSenders, load_senders


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "senders.yaml"
    path.write_text(text)
    return path


def test_both_names_win_over_one_and_one_over_none(tmp_path: Path) -> None:
    senders = load_senders(
        write(
            tmp_path,
            "senders:\n"
            "- {application: RIS, site: a}\n"
            "- {facility: NORTH, site: b}\n"
            "- {application: RIS, facility: NORTH, site: c}\n",
        )
    )
    found = [senders.find(*names).site for names in (("RIS", "NORTH"), ("RIS", "X"), ("X", "NORTH"), ("X", "X"))]
    assert found == ["c", "a", "b", ""]
    assert senders.find("RIS^1.2.3^ISO", "NORTH^4.5^ISO").site == "c"
    assert senders.sites == {"a", "b", "c"}


def test_words_are_laid_over_the_defaults_whatever_their_case(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'senders:\n- {status: {pscrib: preliminary, R: corrected, "": final}, sections: {zz: findings}}\n'
    )
    sender = load_senders(path).find("ANY", "ANY")
    said = [sender.status_of(word) for word in ("PSCRIB", "r", "", "Wet  Read", "nonsense")]
    assert said == [
        ReportStatus.PRELIMINARY,
        ReportStatus.CORRECTED,
        ReportStatus.FINAL,
        ReportStatus.PRELIMINARY,
        None,
    ]
    assert sender.section_of("", "ZZ") is SectionKind.FINDINGS and sender.section_of("IMP") is SectionKind.IMPRESSION


def test_no_file_and_an_empty_file_mean_the_defaults(tmp_path: Path) -> None:
    assert load_senders(None).find("X", "Y") == SenderMap()
    assert load_senders(tmp_path / "none.yaml").find("X", "Y") == SenderMap()
    assert load_senders(write(tmp_path, "")).find("X", "Y") == SenderMap()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("senders: {", "line 1: expected the node content"),
        ("- x", "line 1: expected one key `senders`"),
        ("senders:\n- application: A\n  zone: Mars/X", "line 3: zone: no such time zone: Mars/X"),
        ("senders:\n- application: A\n  colour: red", "line 3: colour: Extra inputs are not permitted"),
        ("senders:\n- status: {Q: done}", "line 2: status.Q: Input should be 'registered'"),
        ("senders:\n- accession:\n  - OBR18", "line 3: accession.0: not a field: OBR18"),
        ("senders:\n- charset: klingon", "line 2: charset: no such character set"),
        ("senders:\n- application: A\n- application: A", "line 3: this application and facility stand here twice"),
    ],
)
def test_a_bad_file_fails_with_file_line_and_reason(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SenderError) as caught:
        load_senders(path)
    assert str(caught.value).startswith(f"{path}, ") and message in str(caught.value)


def test_a_list_of_maps_can_be_walked() -> None:
    assert [sender.application for sender in Senders((SenderMap(application="RIS"),))] == ["RIS", "*"]


def test_one_table_of_authorities_serves_every_sender_that_says_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path, "senders:\n- {application: RIS, authorities: {HOSP: 'urn:oid:9'}}\n")
    senders = load_senders(path, {"HOSP": "urn:oid:1", "LAB": "urn:oid:2"})
    assert senders.find("RIS", "X").authorities == {"HOSP": "urn:oid:9", "LAB": "urn:oid:2"}
    assert senders.find("X", "X").authorities == {"HOSP": "urn:oid:1", "LAB": "urn:oid:2"}


def test_a_changed_file_is_taken_up_and_a_faulty_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integration.hl7v2.senders._LOOK_AGAIN", 0)
    path, faults = tmp_path / "senders.yaml", list[str]()
    senders = WatchedSenders(path, {"H": "urn:oid:1.2"}, faults.append)
    assert senders.find("RIS", "H").status_of("PSCRIB") is None and not senders.sites
    path.write_text("senders:\n- {application: RIS, site: north, status: {PSCRIB: preliminary}}\n")
    assert senders.find("RIS", "H").status_of("PSCRIB") is ReportStatus.PRELIMINARY
    assert senders.sites == {"north"} and senders.find("RIS", "H").authorities == {"H": "urn:oid:1.2"}
    path.write_text("senders:\n- {application: RIS, sight: north}\n")
    assert senders.find("RIS", "H").site == "north"
    senders.find("RIS", "H")
    assert len(faults) == 1 and "line 2: sight" in faults[0]
    path.unlink()
    assert senders.find("RIS", "H").site == ""
