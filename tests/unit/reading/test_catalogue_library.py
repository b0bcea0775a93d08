"""The built-in catalogues, which one an exam gets, and what a name finds."""

from __future__ import annotations

import pytest

from services.reading.catalogue import candidate_from_name, load
from services.reading.catalogue.check import check
from services.reading.catalogue.choice import Exam

LIBRARY = load()
FAMILIES = {
    "abdomen_ct",
    "abdomen_us",
    "brain_mr",
    "chest_ct",
    "chest_xray",
    "general",
    "head_ct",
    "mammography",
    "msk_xray",
    "spine_mr",
}
CHEXPERT = {
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
}


def test_the_built_in_catalogues_have_no_faults() -> None:
    assert check(LIBRARY) == []


def test_there_is_a_catalogue_for_each_family_with_ten_to_forty_findings() -> None:
    assert set(LIBRARY.catalogues) == FAMILIES | {"further"}
    assert all(10 <= len(LIBRARY.catalogues[each].candidates) <= 40 for each in FAMILIES)


def test_findings_that_are_only_asked_by_name_are_asked_of_no_exam() -> None:
    assert not LIBRARY.files["further"].applies.modalities
    assert LIBRARY.find("recurrent disc") in LIBRARY.catalogues["further"].candidates


def test_every_finding_has_a_definition_and_names_itself() -> None:
    for candidate in LIBRARY.candidates():
        assert candidate.definition.endswith(".")
        assert candidate.synonyms


def test_every_phrase_is_in_normal_form() -> None:
    for candidate in LIBRARY.candidates():
        for phrase in (*candidate.synonyms, *candidate.normal_phrases, *candidate.structures):
            assert phrase == phrase.lower().strip()
            assert all(letter.isalnum() or letter == " " for letter in phrase)


def test_every_code_says_where_it_comes_from() -> None:
    codes = [code for candidate in LIBRARY.candidates() for code in candidate.finding.codes]
    assert all(code.source for code in codes)
    assert any(not code.verified for code in codes)


def test_a_verified_snomed_code_has_two_sources() -> None:
    for candidate in LIBRARY.candidates():
        for code in candidate.finding.codes:
            if code.verified and code.system == "http://snomed.info/sct":
                assert "; " in code.source or "common chest findings" in code.source


def test_the_only_unverified_snomed_code_is_the_qualifier_of_no_finding() -> None:
    found = {
        candidate.finding.id
        for candidate in LIBRARY.candidates()
        for code in candidate.finding.codes
        if code.system == "http://snomed.info/sct" and not code.verified
    }
    assert found == {"no_finding"}


@pytest.mark.parametrize("name", sorted(CHEXPERT))
def test_each_chexpert_label_is_a_finding_of_the_chest_x_ray(name: str) -> None:
    chest = LIBRARY.catalogues["chest_xray"]
    found = LIBRARY.preferring(chest).find(name)
    assert found in chest.candidates


@pytest.mark.parametrize(
    ("modality", "body_part", "procedure", "expected"),
    [
        ("CR", "CHEST", "", "chest_xray"),
        ("DX", "", "XR CHEST 2 VIEWS", "chest_xray"),
        ("", "", "CHEST PA AND LATERAL", "chest_xray"),
        ("", "", "XR RIBS LEFT", "chest_xray"),
        ("CT", "CHEST", "CT CHEST WITHOUT CONTRAST", "chest_ct"),
        ("", "", "CTA CHEST PE PROTOCOL", "chest_ct"),
        ("CT", "HEAD", "", "head_ct"),
        ("CT", "", "CT Brain w/o", "head_ct"),
        ("CT", "ABDOMEN", "CT ABDOMEN/PELVIS W IV", "abdomen_ct"),
        ("US", "", "US RENAL COMPLETE", "abdomen_us"),
        ("US", "ABDOMEN", "", "abdomen_us"),
        ("CR", "KNEE", "", "msk_xray"),
        ("", "", "X-RAY LUMBAR SPINE 3 VIEWS", "msk_xray"),
        ("MR", "LSPINE", "", "spine_mr"),
        ("", "", "MRI CERVICAL SPINE W/WO", "spine_mr"),
        ("MR", "BRAIN", "", "brain_mr"),
        ("MG", "BREAST", "", "mammography"),
        ("", "", "MAMMOGRAM SCREENING BILATERAL", "mammography"),
        ("US", "LEG", "US VENOUS DUPLEX", "widest"),
        ("NM", "CHEST", "", "widest"),
        ("", "", "", "widest"),
    ],
)
def test_an_exam_gets_the_catalogue_of_its_family(modality: str, body_part: str, procedure: str, expected: str) -> None:
    assert LIBRARY.choose(modality=modality, body_part=body_part, procedure=procedure).id == expected


def test_an_exam_nobody_knows_is_asked_every_critical_finding() -> None:
    asked = {each.finding.id for each in LIBRARY.choose(procedure="WHOLE BODY THING").candidates}
    assert {each.finding.id for each in LIBRARY.candidates() if each.finding.critical} <= asked


def test_a_report_of_several_exams_is_asked_the_catalogues_of_all() -> None:
    head, chest, unknown = Exam(procedure="CT HEAD"), Exam(procedure="CT CHEST"), Exam(procedure="THING")
    assert LIBRARY.choose_for([head, chest, head]).id == "head_ct+chest_ct"
    assert LIBRARY.choose_for([head]).id == "head_ct"
    assert LIBRARY.choose_for([head, unknown]).id == "head_ct+widest"


def test_an_exam_of_two_regions_is_asked_both_lists_once() -> None:
    both = LIBRARY.choose(procedure="CT CHEST ABDOMEN PELVIS W CONTRAST")
    ids = [each.finding.id for each in both.candidates]
    assert both.id == "chest_ct+abdomen_ct"
    assert len(ids) == len(set(ids))
    assert {"pulmonary_embolism", "appendicitis"} <= set(ids)


@pytest.mark.parametrize("name", ["pneumothorax", "Pneumothorax", "PTX", "ptx ", "Pneumo-thoraces".replace("-", "")])
def test_a_finding_is_found_by_id_name_or_synonym_in_any_case(name: str) -> None:
    found = LIBRARY.find(name)
    assert found is not None
    assert found.finding.id == "pneumothorax"


def test_a_name_nobody_knows_finds_nothing() -> None:
    assert LIBRARY.find("quantum flux") is None


def test_an_effusion_is_the_knee_s_in_a_knee_and_the_lung_s_in_a_chest() -> None:
    knee = LIBRARY.preferring(LIBRARY.catalogues["msk_xray"]).find("effusion")
    chest = LIBRARY.preferring(LIBRARY.catalogues["chest_xray"]).find("effusion")
    assert knee is not None
    assert chest is not None
    assert (knee.finding.id, chest.finding.id) == ("joint_effusion", "pleural_effusion")


def test_a_finding_used_in_another_family_takes_that_family_s_words_with_it() -> None:
    def words(catalogue: str) -> tuple[str, ...]:
        chosen = LIBRARY.catalogues[catalogue]
        return next((*each.synonyms, *each.signs) for each in chosen.candidates if each.finding.id == "acute_infarct")

    assert "restricted diffusion" in words("brain_mr")
    assert "restricted diffusion" not in words("head_ct")


def test_a_candidate_from_a_bare_name_keeps_side_level_and_noun() -> None:
    candidate = candidate_from_name("Left  L4-L5 disc herniation")
    assert candidate.finding.id == "left_l4_l5_disc_herniation"
    assert candidate.finding.name == "Left L4-L5 disc herniation"
    assert candidate.synonyms == ("left l4 l5 disc herniation",)
    assert candidate.sides


def test_a_name_without_a_letter_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one letter"):
        candidate_from_name(" 42 ")


def test_versions_are_the_same_for_the_same_content() -> None:
    assert {key: each.version for key, each in load().catalogues.items()} == {
        key: each.version for key, each in LIBRARY.catalogues.items()
    }
