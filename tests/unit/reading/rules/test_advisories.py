"""Advisories rest on a quote each: critical results, follow-up, scores as written, and what does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from integration.canonical import Advisory, AdvisoryKind, Sex, Side
from services.reading.catalogue import load
from services.reading.reader import Question
from services.reading.rules.reader import RulesReader

LIBRARY = load()


def _advisories(text: str, kind: AdvisoryKind, catalogue: str = "chest_xray", **order: Any) -> list[Advisory]:
    reading = RulesReader().read(Question(text=text, catalogue=LIBRARY.catalogues[catalogue], **order))
    for quote in (quote for advisory in reading.advisories for quote in advisory.quotes):
        assert text[quote.start : quote.end] == quote.text
    return [advisory for advisory in reading.advisories if advisory.kind is kind]


def test_a_critical_result_says_whether_it_was_communicated() -> None:
    silent = _advisories("There is a large left pneumothorax.", AdvisoryKind.CRITICAL_RESULT)
    told = _advisories(
        "There is a large left pneumothorax. Findings were discussed with Dr. Lee by phone at 14:30.",
        AdvisoryKind.CRITICAL_RESULT,
    )

    assert [advisory.detail for advisory in silent] == [{"finding": "pneumothorax", "communicated": "no"}]
    assert [advisory.detail for advisory in told] == [{"finding": "pneumothorax", "communicated": "yes"}]


@pytest.mark.parametrize(
    ("said", "communicated"),
    [
        ("Attempts to reach Dr. Lee by phone were unsuccessful.", "no"),
        ("Dr. Lee was paged, awaiting call back.", "no"),
        ("No communication with the team was documented.", "no"),
        ("Discussed with the patient.", "no"),
        ("The previously reported pancreatic mass is unchanged.", "no"),
        ("The lesion is again called on PA view.", "no"),
        ("Dr. Lee was contacted at 09:10.", "yes"),
        ("Spoke with Dr. Lee.", "yes"),
        ("D/w Dr. Lee.", "yes"),
        ("Given to nurse Jones with read back.", "yes"),
        ("Called to the floor at 3 pm.", "yes"),
        ("A first call was unsuccessful. Dr. Lee was then notified.", "yes"),
    ],
)
def test_only_a_clinician_who_was_reached_was_told(said: str, communicated: str) -> None:
    found = _advisories(f"IMPRESSION: Large left pneumothorax. {said}", AdvisoryKind.CRITICAL_RESULT)

    assert [advisory.detail["communicated"] for advisory in found] == [communicated]


@pytest.mark.parametrize(
    ("text", "modality", "interval"),
    [
        ("Recommend follow-up CT in 6-12 months.", "CT", "6-12 months"),
        ("Repeat chest radiograph in 6 weeks is advised to ensure resolution.", "XR", "6 weeks"),
        ("MRI of the abdomen is recommended for further characterization.", "MR", ""),
        ("Annual screening mammography is recommended.", "MG", "annual"),
        ("Return to annual screening mammography.", "MG", "annual"),
        ("Short-interval follow-up mammogram in 6 months is recommended.", "MG", "6 months"),
        ("F/u CT in 3 mo.", "CT", "3 mo"),
        ("Continued surveillance imaging in 1 year.", "", "1 year"),
        ("Recommend comparison with prior CT, or MRI in 3 months.", "MR", "3 months"),
    ],
)
def test_a_recommendation_gives_modality_and_interval(text: str, modality: str, interval: str) -> None:
    found = _advisories(text, AdvisoryKind.FOLLOW_UP)

    assert [advisory.detail for advisory in found] == [{"modality": modality, "interval": interval}]


@pytest.mark.parametrize(
    "text",
    [
        "No follow-up imaging is recommended.",
        "INDICATION: Follow-up CT in 6 months.\nFINDINGS: Lungs are clear.",
        "Recommend comparison with prior CT.",
        "Suggest correlation with the outside mammogram.",
    ],
)
def test_what_is_not_asked_for_now_is_no_follow_up(text: str) -> None:
    assert _advisories(text, AdvisoryKind.FOLLOW_UP) == []


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("ASSESSMENT: BI-RADS Category 4A.", "BI-RADS", "4A"),
        ("BI-RADS: 0 - incomplete.", "BI-RADS", "0"),
        ("Lung-RADS 4B.", "Lung-RADS", "4B"),
        ("Lesion in segment 8, LR-5.", "LI-RADS", "LR-5"),
        ("ACR TI-RADS 3.", "TI-RADS", "3"),
        ("PI-RADS score 4.", "PI-RADS", "4"),
        ("PI-RADS v2 category 3.", "PI-RADS", "3"),
        ("Treated lesion, LR-TR nonviable.", "LI-RADS", "LR-TR nonviable"),
        ("TI-RADS category 4 (TR4).", "TI-RADS", "4"),
        ("Previously BI-RADS 3, now BI-RADS 4B.", "BI-RADS", "4B"),
    ],
)
def test_a_score_is_given_exactly_as_written(text: str, scale: str, value: str) -> None:
    found = _advisories(f"IMPRESSION: {text}", AdvisoryKind.SCORE, "mammography")

    assert [advisory.detail for advisory in found] == [{"scale": scale, "value": value}]


def test_a_blank_report_shows_what_was_left_blank() -> None:
    found = _advisories("FINDINGS: ***\nIMPRESSION:", AdvisoryKind.DISCREPANCY)

    assert [[quote.text for quote in advisory.quotes] for advisory in found] == [["***"]]


def test_breast_density_is_no_score() -> None:
    assert _advisories("Breast composition: BI-RADS category C.", AdvisoryKind.SCORE, "mammography") == []


@pytest.mark.parametrize(
    ("text", "order", "type"),
    [
        ("EXAM: XR LEFT KNEE\nFINDINGS: No fracture.", {"order_side": Side.RIGHT}, "laterality"),
        ("FINDINGS: Fracture of the left wrist.", {"order_side": Side.RIGHT}, "laterality"),
        ("FINDINGS: The uterus is normal.", {"sex": Sex.MALE}, "sex"),
        ("FINDINGS: The prostate is enlarged.", {"sex": Sex.FEMALE}, "sex"),
        ("HISTORY: 45-year-old male with cough.\nFINDINGS: Clear lungs.", {"sex": Sex.FEMALE}, "sex"),
        ("HISTORY: 45-year-old with cough.\nFINDINGS: Clear lungs.", {"age_years": 61}, "age"),
        ("MRI BRAIN WITHOUT CONTRAST\nFINDINGS: No infarct.", {"modality": "CT"}, "procedure"),
        ("EXAM: XR ANKLE\nFINDINGS: No fracture.", {"procedure": "XR CHEST 2 VIEWS"}, "procedure"),
        ("EXAM: XR CHEST\nFINDINGS:\nIMPRESSION:", {}, "incomplete"),
        ("FINDINGS: The heart is ***.", {}, "incomplete"),
        ("FINDINGS: Lungs are clear.\nIMPRESSION:\n", {}, "incomplete"),
        ("FINDINGS: Lungs are clear.\nIMPRESSION: Dictation to follow.", {}, "incomplete"),
        (
            "FINDINGS: Liver and spleen are normal. No renal stone. The bowel is normal.",
            {"body_site": "HEAD"},
            "procedure",
        ),
        ("FINDINGS: The lungs are clear. There is no", {}, "incomplete"),
        (
            "FINDINGS: No pleural effusion.\nIMPRESSION: Small left pleural effusion.",
            {},
            "findings_vs_impression",
        ),
        ("FINDINGS: Left pleural effusion.\nIMPRESSION: Right pleural effusion.", {}, "laterality"),
    ],
)
def test_what_does_not_fit_is_named(text: str, order: dict[str, Any], type: str) -> None:
    found = _advisories(text, AdvisoryKind.DISCREPANCY, **order)

    assert type in [advisory.detail["type"] for advisory in found]


@pytest.mark.parametrize(
    "text",
    [
        "EXAM: XR RIGHT KNEE\nHISTORY: 45-year-old male.\nFINDINGS: No fracture of the right knee.",
        "XR RIGHT KNEE 3 VIEWS\nFINDINGS: Joint effusion. No fracture.",
        "HISTORY: Mother with ovarian cancer.\nFINDINGS: No fracture.",
        "FINDINGS: 3-year-old hardware. A 5 year old fracture has healed.",
        "COMPARISON: CT of the left knee.\nFINDINGS: No fracture.",
        "FINDINGS: Right knee: no fracture. Liver, spleen and bowel are not imaged.",
        "FINDINGS: No fracture of the right knee.\nIMPRESSION: No fracture.",
    ],
)
def test_a_report_that_fits_has_no_discrepancy(text: str) -> None:
    order = {"order_side": Side.RIGHT, "sex": Sex.MALE, "age_years": 45, "modality": "CR", "procedure": "XR KNEE RIGHT"}

    assert _advisories(text, AdvisoryKind.DISCREPANCY, "msk_xray", **order) == []


def test_a_quadrant_is_no_side() -> None:
    text = "RIGHT UPPER QUADRANT ULTRASOUND\nFINDINGS: No gallstones."
    assert _advisories(text, AdvisoryKind.DISCREPANCY, "abdomen_us", order_side=Side.LEFT, modality="US") == []


def test_a_chest_report_may_speak_of_the_abdomen_below() -> None:
    text = "FINDINGS: Lungs are clear. Liver is normal. Spleen is normal. Kidneys are normal."
    assert _advisories(text, AdvisoryKind.DISCREPANCY, modality="CT", body_site="CHEST") == []


def _criticals(text: str, catalogue: str = "chest_xray") -> list[tuple[str, str]]:
    found = _advisories(text, AdvisoryKind.CRITICAL_RESULT, catalogue)
    return [(advisory.detail["finding"], advisory.detail["communicated"]) for advisory in found]


@pytest.mark.parametrize(
    ("text", "catalogue", "events"),
    [
        ("Large acute left subdural hematoma with 9 mm midline shift.", "head_ct", ["subdural_hematoma"]),
        ("Large right pneumothorax.", "chest_xray", ["pneumothorax"]),
        ("Acute appendicitis with a 3 cm abscess.", "abdomen_ct", ["appendicitis"]),
        ("Abdominal aortic aneurysm of 7.2 x 6.8 cm.", "abdomen_ct", ["abdominal_aortic_aneurysm"]),
        ("Ruptured 4 cm abdominal aortic aneurysm.", "abdomen_ct", ["abdominal_aortic_aneurysm"]),
    ],
)
def test_one_event_raises_one_alarm(text: str, catalogue: str, events: list[str]) -> None:
    assert [finding for finding, _ in _criticals(f"FINDINGS: {text}", catalogue)] == events


@pytest.mark.parametrize(
    ("text", "catalogue"),
    [
        ("The right pneumothorax is unchanged.", "chest_xray"),
        ("Small left apical pneumothorax, decreased since yesterday.", "chest_xray"),
        ("Improving small pneumothorax.", "chest_xray"),
        ("Expected postoperative pneumoperitoneum.", "chest_xray"),
        ("Chronic subdural hematoma on the left, smaller.", "head_ct"),
        ("Known abdominal aortic aneurysm, stable.", "abdomen_ct"),
        ("Infrarenal abdominal aortic aneurysm of 3.8 x 3.6 cm, previously 3.6 cm.", "abdomen_ct"),
        ("Abdominal aortic aneurysm measuring 46 mm.", "abdomen_ct"),
    ],
)
def test_what_is_known_better_or_old_raises_none(text: str, catalogue: str) -> None:
    assert _criticals(f"FINDINGS: {text}", catalogue) == []


@pytest.mark.parametrize(
    "text",
    [
        "New right pneumothorax.",
        "Stable cardiomegaly. Pneumothorax on the right.",
        "The right pneumothorax has increased since the prior study.",
        "Old rib fractures, large pneumothorax.",
        "Recurrent pneumothorax after drain removal.",
    ],
)
def test_what_is_new_or_more_raises_it(text: str) -> None:
    assert [finding for finding, _ in _criticals(f"FINDINGS: {text}")] == ["pneumothorax"]


@pytest.mark.parametrize(
    ("said", "communicated"),
    [
        ("Findings relayed to ENT on call via secure chat, confirmed read.", "yes"),
        ("Vascular surgery was at the scanner and was aware of the findings.", "yes"),
        ("Findings were given directly to the trauma team leader.", "yes"),
        ("Dr Nguyen advised by phone 2140 hrs.", "yes"),
        ("Told to ward registrar by phone 08:40.", "yes"),
        ("Findings intimated to the treating physician telephonically.", "yes"),
        ("Large cyst, discussed with Dr Lee.", "yes"),
        ("Please inform the referring team.", "no"),
        ("To be discussed with the on-call surgeon.", "no"),
        ("The surgical team requested this study.", "no"),
    ],
)
def test_whoever_was_told_by_any_means_was_told(said: str, communicated: str) -> None:
    assert _criticals(f"IMPRESSION: Large left pneumothorax. {said}") == [("pneumothorax", communicated)]


def test_a_call_about_one_finding_is_none_about_another() -> None:
    text = "IMPRESSION: Free air under the diaphragm. Left pneumothorax discussed with Dr Lee at 10:20."
    assert dict(_criticals(text)) == {"pneumoperitoneum": "no", "pneumothorax": "yes"}


@pytest.mark.parametrize(
    ("text", "modality", "interval"),
    [
        ("CT in 6-12 months per Fleischner.", "CT", "6-12 months"),
        ("Adv: NCCT KUB.", "CT", ""),
        ("Vascular follow up, ultrasound in 2 years.", "US", "2 years"),
        ("Dedicated thyroid ultrasound is advised on a non urgent basis.", "US", ""),
        ("Repeat PA view with nipple markers is suggested.", "XR", ""),
        ("Follow up X-ray after treatment.", "XR", "after treatment"),
        ("Pelvic ultrasound in 12 months.", "US", "12 months"),
        ("Metabolic assessment with PET/CT recommended at end of treatment.", "PET/CT", "end of treatment"),
        ("Annual mammo.", "MG", "annual"),
        ("Rescan in 6-8 weeks.", "MR", "6-8 weeks"),
        ("If seizures persist, repeat imaging might be considered.", "MR", ""),
        ("MRCP or ERCP is recommended.", "MR", ""),
    ],
)
def test_what_is_asked_for_in_other_words(text: str, modality: str, interval: str) -> None:
    found = _advisories(f"IMPRESSION: {text}", AdvisoryKind.FOLLOW_UP, modality="MR")
    assert [advisory.detail for advisory in found] == [{"modality": modality, "interval": interval}]


def test_two_exams_in_one_sentence_are_two() -> None:
    text = "IMPRESSION: CTA of the neck is recommended and dedicated thyroid ultrasound in 3 months."
    found = _advisories(text, AdvisoryKind.FOLLOW_UP)
    assert [tuple(each.detail.values()) for each in found] == [("CT", ""), ("US", "3 months")]


def test_findings_and_impression_ask_once() -> None:
    text = "FINDINGS: Nodule, CT recommended.\nIMPRESSION: Nodule. Recommend CT in 3 months."
    found = _advisories(text, AdvisoryKind.FOLLOW_UP)
    assert [each.detail["interval"] for each in found] == ["3 months"]


@pytest.mark.parametrize(
    "text",
    [
        "IMPRESSION: CT recommended.\nADDENDUM: The recommendation for CT is withdrawn.",
        "IMPRESSION: Follow-up CT in 3 months.\nADDENDUM: Prior films show stability. No follow-up is needed.",
        "IMPRESSION: Suggest MRI.\nADDENDUM: The MRI is no longer required.",
        "IMPRESSION: Ultrasound-guided core biopsy of the mass is recommended.",
        "IMPRESSION: FNA is advised.",
        "IMPRESSION: Colonoscopy is advised in 6 weeks.",
        "HISTORY: CT was recommended.\nIMPRESSION: Normal.",
    ],
)
def test_withdrawn_advice_and_what_is_no_imaging_is_no_follow_up(text: str) -> None:
    assert _advisories(text, AdvisoryKind.FOLLOW_UP) == []


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("Cyst, Bosniak IIF.", "Bosniak", "IIF"),
        ("ASPECTS 8.", "ASPECTS", "8"),
        ("O-RADS MRI 2.", "O-RADS", "2"),
        ("Liver surveillance, US-3.", "LI-RADS", "US-3"),
        ("Lund-Mackay score 16.", "Lund-Mackay", "16"),
    ],
)
def test_scales_of_other_organs(text: str, scale: str, value: str) -> None:
    found = _advisories(f"IMPRESSION: {text}", AdvisoryKind.SCORE)
    assert [advisory.detail for advisory in found] == [{"scale": scale, "value": value}]


@pytest.mark.parametrize(
    "text",
    [
        "CLINICAL DETAILS: 46F, fall from 6 m ladder.\nFINDINGS: No fracture.",
        "HISTORY: FALL FROM 6 M.\nFINDINGS: No fracture.",
        "FINDINGS: Urinary bladder, prostate: N.A. / Uterus normal.",
        "HISTORY: Son, a 20 year old male, is a carrier.\nFINDINGS: No fracture.",
    ],
)
def test_metres_relatives_and_empty_fields_are_no_other_person(text: str) -> None:
    assert _advisories(text, AdvisoryKind.DISCREPANCY, sex=Sex.FEMALE, age_years=46) == []


@pytest.mark.parametrize(
    "text",
    [
        "FINDINGS: Large right effusion. No fracture of the left hip.",
        "HISTORY: Right lumpectomy.\nFINDINGS: No fracture of the left hip.",
        "XR HIP\nFINDINGS: No fracture.\nRadiologist: R. Okafor",
        "XR HIP\nFINDINGS: No fracture. Discussed with Dr R. Okafor.",
    ],
)
def test_a_finding_a_history_and_a_name_give_the_exam_no_side(text: str) -> None:
    order = {"order_side": Side.LEFT, "modality": "CR", "procedure": "XR HIP"}
    assert _advisories(text, AdvisoryKind.DISCREPANCY, "msk_xray", **order) == []


def test_an_exam_cut_short_is_incomplete() -> None:
    text = "FINDINGS: Clear. The examination was terminated early because of pain and the axial series is incomplete."
    assert [each.detail["type"] for each in _advisories(text, AdvisoryKind.DISCREPANCY)] == ["incomplete"]


def test_a_critical_finding_without_an_alarm_says_why() -> None:
    question = Question(
        text="FINDINGS: The right pneumothorax is unchanged.", catalogue=LIBRARY.catalogues["chest_xray"]
    )
    (found,) = [each for each in RulesReader().read(question).verdicts if each.finding.id == "pneumothorax"]
    assert found.rationale == "The report asserts it. No alarm: unchanged."
