"""What a phrase names is that, and no other finding by a word beside it; wordings of several hands."""

from __future__ import annotations

import pytest

from integration.canonical import AdvisoryKind, Side, Status
from services.reading.catalogue import load
from services.reading.reader import Question
from services.reading.rules.reader import RulesReader
from tests.unit.reading.rules.conftest import PLAIN

LIBRARY = load()


def suggested(text: str, exam: str) -> dict[str, Status]:
    """What a reviewer is shown of a report of the exam's whole catalogue, with its status."""
    reading = PLAIN.read(Question(text=text, catalogue=LIBRARY.catalogues[exam]))
    return {each.finding.id: each.status for each in reading.verdicts if each.shown and each.grade}


@pytest.mark.parametrize(
    ("text", "exam", "named", "not_lent"),
    [
        (
            "L4-L5: facet arthropathy. Perineural cyst at S2, 12 mm.",
            "spine_mr",
            "perineural_cyst",
            "spinal_synovial_cyst",
        ),
        ("New small thrombus at the port tip.", "chest_ct", "catheter_thrombus", "pulmonary_embolism"),
        (
            "Line associated thrombus in the right innominate vein.",
            "chest_ct",
            "catheter_thrombus",
            "pulmonary_embolism",
        ),
        (
            "Fracture of the left pars interarticularis at L5.",
            "spine_mr",
            "spondylolysis",
            "vertebral_compression_fracture",
        ),
        ("Obstructing 5 mm right VUJ stone.", "abdomen_ct", "urinary_stone", "bowel_obstruction"),
        ("Obstructing calculus at the left PUJ.", "abdomen_ct", "urinary_stone", "bowel_obstruction"),
        ("LIVER: Normal. RIGHT KIDNEY: 7 mm calculus at the PUJ.", "abdomen_us", "renal_stone", "gallstones"),
    ],
)
def test_a_phrase_is_lent_no_other_name(text: str, exam: str, named: str, not_lent: str) -> None:
    found = suggested(text, exam)
    assert named in found and not_lent not in found


@pytest.mark.parametrize(
    ("text", "exam"),
    [
        ("CT head, low dose protocol\n\nFell off a swing, drowsy. ?bleed ?#\n\nVentricles are normal.", "head_ct"),
        ("CT HEAD\n\nHeadache for 2/7. ?SAH\n\nNormal appearances of the brain.", "head_ct"),
        ("Chest X-ray PA\n\nCough. ?pneumonia ?effusion\n\nThe heart is normal in size.", "chest_xray"),
    ],
)
def test_a_question_under_the_title_is_the_order_s(text: str, exam: str) -> None:
    assert Status.UNCERTAIN not in suggested(text, exam).values()


def test_a_denial_in_an_addendum_leaves_what_stands_elsewhere() -> None:
    body = "Displaced fracture of the left neck of femur.\n\nADDENDUM: There is no acetabular fracture on review."
    assert suggested(body, "msk_xray")["fracture"] is Status.PRESENT
    same = "Fracture of the left neck of femur.\n\nADDENDUM: On review there is no fracture of the neck of femur."
    assert "fracture" not in suggested(same, "msk_xray")


@pytest.mark.parametrize(
    ("text", "exam", "finding"),
    [
        ("Heart is big. Lungs clear.", "chest_xray", "cardiomegaly"),
        ("Apical pigtail drain on the left.", "chest_xray", "chest_tube"),
        ("UVC tip at T9.", "chest_xray", "central_venous_catheter"),
        ("NEGATIVE CHEST.", "chest_xray", "no_finding"),
        ("Hemorrhagic contusions in both temporal poles.", "head_ct", "intraparenchymal_hemorrhage"),
        ("Status post left parietal burr holes.", "head_ct", "prior_cranial_surgery"),
        ("Interval increase in ventricular size.", "head_ct", "hydrocephalus"),
        ("Locules of extraluminal gas beside the sigmoid, no large volume free air.", "abdomen_ct", "pneumoperitoneum"),
        ("The common bile duct is prominent at 9 mm.", "abdomen_ct", "biliary_dilatation"),
        ("Extensive calcification of the aorta.", "abdomen_ct", "atherosclerosis"),
        ("Chronic superior endplate compression of L2.", "spine_mr", "vertebral_compression_fracture"),
        ("Necrotic subcarinal and right paratracheal nodes.", "chest_ct", "mediastinal_lymphadenopathy"),
    ],
)
def test_wordings_that_several_hands_use(text: str, exam: str, finding: str) -> None:
    assert suggested(text, exam).get(finding) is Status.PRESENT


@pytest.mark.parametrize(
    ("text", "exam", "finding", "status"),
    [
        ("Probably benign right breast mass.", "mammography", "breast_mass", Status.PRESENT),
        ("Probably old fracture of the left clavicle.", "chest_xray", "fracture", Status.PRESENT),
        ("Possible mass in the right breast.", "mammography", "breast_mass", Status.UNCERTAIN),
        ("Dilated CBD, choledocholithiasis not excluded.", "abdomen_us", "biliary_dilatation", Status.PRESENT),
        ("Dilated CBD, choledocholithiasis not excluded.", "abdomen_us", "choledocholithiasis", Status.UNCERTAIN),
        ("Distended gallbladder, cholecystitis cannot be excluded.", "abdomen_us", "cholecystitis", Status.UNCERTAIN),
    ],
)
def test_a_hedge_is_of_what_it_stands_by(text: str, exam: str, finding: str, status: Status) -> None:
    assert suggested(text, exam).get(finding) is status


@pytest.mark.parametrize(
    ("text", "exam", "not_said"),
    [
        ("Right: TKR, satisfactory alignment, no loosening.", "msk_xray", "hardware_complication"),
        ("Left THR in good position, no fracture.", "msk_xray", "hardware_complication"),
        ("Large hiatal hernia containing most of the stomach.", "abdomen_ct", "hernia"),
        ("The left hilum is prominent.", "chest_xray", "enlarged_cardiomediastinum"),
        ("Old plate along the clavicle with a united fracture beneath.", "msk_xray", "hardware_complication"),
        ("Dynamic hip screw with a healed femoral fracture.", "msk_xray", "hardware_complication"),
        ("No new finding.", "chest_xray", "no_finding"),
        ("Large pneumothorax with displacement of the heart to the right.", "chest_xray", "cardiomegaly"),
    ],
)
def test_what_is_another_thing_is_not_said(text: str, exam: str, not_said: str) -> None:
    assert not_said not in suggested(text, exam)


@pytest.mark.parametrize(
    ("text", "exam", "finding", "side"),
    [
        ("Facet arthropathy at L4-L5, worse on the right.", "spine_mr", "facet_arthropathy", Side.BILATERAL),
        ("Patchy consolidation in the bases, denser on the left.", "chest_xray", "consolidation", Side.BILATERAL),
        ("Large left pleural effusion, small right.", "chest_xray", "pleural_effusion", Side.BILATERAL),
        ("Left renal cyst 6.1 cm, right 3.8 cm.", "abdomen_ct", "renal_cyst", Side.BILATERAL),
        ("Moderate left foraminal stenosis, mild on the right.", "spine_mr", "foraminal_stenosis", Side.BILATERAL),
        ("Acute infarcts, right MCA territory and left cerebellum.", "brain_mr", "acute_infarct", Side.BILATERAL),
        ("The left kidney is small and shows mild hydronephrosis.", "abdomen_ct", "hydronephrosis", Side.LEFT),
        ("RK 10.1 cm: moderate hydronephrosis.", "abdomen_us", "hydronephrosis", Side.RIGHT),
        ("Midline shift to the left, right uncal herniation.", "head_ct", "brain_herniation", Side.RIGHT),
        ("Right pleural effusion, no left effusion.", "chest_xray", "pleural_effusion", Side.RIGHT),
    ],
)
def test_the_side_of_a_pair(text: str, exam: str, finding: str, side: Side) -> None:
    reading = RulesReader().read(Question(text=text, catalogue=LIBRARY.catalogues[exam]))
    assert next(each.side for each in reading.verdicts if each.finding.id == finding) is side


@pytest.mark.parametrize(
    ("text", "alarms"),
    [
        ("The left acute subdural hematoma is unchanged at 9 mm.", 0),
        ("The acute right subdural hematoma has decreased.", 0),
        ("Acute right subdural hematoma, 9 mm.", 1),
        ("The acute subdural hematoma is larger, 14 mm.", 1),
    ],
)
def test_an_acute_thing_that_is_as_before_raises_no_alarm(text: str, alarms: int) -> None:
    reading = RulesReader().read(Question(text=text, catalogue=LIBRARY.catalogues["head_ct"]))
    assert sum(each.kind is AdvisoryKind.CRITICAL_RESULT for each in reading.advisories) == alarms
