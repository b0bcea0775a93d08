"""Present is not taken for absent, nor the reverse: one kind of confusion a test, with sentences of each."""

from __future__ import annotations

import pytest

from tests.unit.reading.rules.conftest import Ask


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("Tip of the feeding tube is out of view.", "Enteric tube", "present"),
        ("The Dobhoff tube passes below the diaphragm and out of the field.", "Enteric tube", "present"),
        ("The ends of both chest tubes are out of the image.", "Chest tube", "present"),
        ("The PICC has been pulled back into the subclavian vein.", "Central venous catheter", "present"),
        ("The endotracheal tube was pulled back by 2 cm.", "Endotracheal tube", "present"),
        ("The jugular line was pulled.", "Central venous catheter", "absent"),
        ("The chest tube is out.", "Chest tube", "absent"),
    ],
)
def test_a_device_that_is_moved_or_out_of_view_is_there(ask: Ask, text: str, name: str, said: str) -> None:
    assert ask(text, name).status == said


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("No pneumothorax, but the sensitivity to detect pneumothorax is low when supine.", "Pneumothorax", "absent"),
        ("No effusion. The ability to detect a pleural effusion is reduced.", "Pleural effusion", "absent"),
        ("The dressing limits evaluation of the presence of pneumothorax.", "Pneumothorax", "uncertain"),
        ("Bowel gas limits the assessment for free fluid.", "Ascites", "uncertain"),
    ],
)
def test_a_caveat_asserts_nothing(ask: Ask, text: str, name: str, said: str) -> None:
    assert ask(text, name).status == said


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("Trace effusion on the left and none on the right.", "Left pleural effusion", "present"),
        ("Trace effusion on the left and none on the right.", "Right pleural effusion", "absent"),
        ("Large hydrocele on the left, nil on the right.", "Right hydrocele", "absent"),
        ("There is hydronephrosis on the right but none on the left.", "Left hydronephrosis", "absent"),
        ("There is hydronephrosis on the right but none on the left.", "Right hydronephrosis", "present"),
    ],
)
def test_none_on_the_other_side_denies_it_there_only(ask: Ask, text: str, name: str, said: str) -> None:
    assert ask(text, name).status == said


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Foraminal stenosis at L2-L3 only.", "L3-L4 foraminal stenosis"),
        ("Bulges at C3-C4 and C4-C5 with cord compression at C3-C4 alone.", "C4-C5 cord compression"),
        ("There is central canal stenosis at L4-5 only.", "L3-L4 spinal canal stenosis"),
    ],
)
def test_only_at_one_level_denies_the_others(ask: Ask, text: str, name: str) -> None:
    assert ask(text, name).status == "absent"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Healed fracture of the third metatarsal. No acute fracture.", "Third metatarsal neck fracture"),
        ("Thrombus in a soleal vein. The femoral vein is clear of thrombus.", "Soleal sinus vein thrombosis"),
        ("Old fracture of the C6 lamina. No fracture elsewhere.", "C6 pedicle fracture"),
        ("Free of thrombus: the basilic vein.", "Cephalic vein thrombosis"),
    ],
)
def test_a_general_denial_says_nothing_of_what_is_asserted_in_its_place(ask: Ask, text: str, name: str) -> None:
    assert ask(text, name).status != "absent"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("No haematosalpinx or paraovarian cyst.", "Right ovarian dermoid"),
        ("No tophi.", "Erosions of the great toe"),
        ("No pyonephrosis. No bladder stone.", "Ureteral stone"),
    ],
)
def test_the_denial_of_another_kind_is_none_of_it(ask: Ask, text: str, name: str) -> None:
    assert ask(text, name).status == "not_mentioned"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The vertebral bodies are of normal height save for anterior wedging of L1.", "L1 compression fracture"),
        ("Disc heights are maintained apart from L5-S1.", "L5-S1 disc height loss"),
        ("The main pancreatic duct is not dilated.", "Pancreatic cyst"),
        ("A cystic focus in the uncinate process of the pancreas. The pancreatic duct is normal.", "Pancreatic mass"),
    ],
)
def test_a_normal_statement_denies_neither_its_exceptions_nor_what_it_does_not_name(
    ask: Ask, text: str, name: str
) -> None:
    assert ask(text, name).status != "absent"


def test_a_denial_in_dictation_ends_before_the_next_subject(ask: Ask) -> None:
    text = (
        "portable film compared with yesterday the heart size is stable there is scarring at the left base with no "
        "effusion no pneumothorax the pacemaker leads are unchanged in position and the bones are intact"
    )
    assert ask(text, "Pacemaker").status == "present"
    assert ask(text, "Pneumothorax").status == "absent"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A 7 mm nodule in the left upper lobe.", "not_mentioned"),
        ("A 7 mm lingular nodule.", "present"),
        ("The nodule in the lingula is no longer seen.", "absent"),
    ],
)
def test_the_lingula_is_a_place_and_not_only_a_side(ask: Ask, text: str, said: str) -> None:
    assert ask(text, "Lingular nodule").status == said


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("The anterior cruciate ligament is torn at its femoral attachment.", "ACL tear", "present"),
        (
            "The ulnar collateral ligament is ruptured at its humeral origin.",
            "Ulnar collateral ligament tear",
            "present",
        ),
        ("The Achilles tendon is torn at its calcaneal insertion.", "Achilles tendon rupture", "present"),
        ("The posterior cruciate ligament is intact.", "ACL rupture", "not_mentioned"),
        ("The medial meniscus is normal.", "Lateral meniscal tear", "not_mentioned"),
    ],
)
def test_a_part_of_the_subject_is_no_other_place(ask: Ask, text: str, name: str, said: str) -> None:
    assert ask(text, name).status == said


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("Two hepatic metastases in segments 4 and 7.", "Segment 7 liver metastasis", "present"),
        ("Lesions of the liver in segments II/III.", "Segment 3 liver lesion", "present"),
        ("Liver lesion in segments 5, 6 and 8.", "Segment 7 liver lesion", "not_mentioned"),
        ("Segment 5 and 12 mm cyst of the liver.", "Segment 1 liver cyst", "not_mentioned"),
    ],
)
def test_listed_segments(ask: Ask, text: str, name: str, said: str) -> None:
    assert ask(text, name).status == said


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("Pneumothorax (-).", "Pneumothorax", "absent"),
        ("(-) pneumothorax.", "Pneumothorax", "absent"),
        ("Pleural effusion (-), consolidation (+).", "Consolidation", "present"),
        ("ADDENDUM: The finding called a pneumothorax is a skin fold.", "Pneumothorax", "absent"),
        ("The opacity termed a pneumonia is an atelectasis.", "Pneumonia", "absent"),
        ("Pleural effusion presumed.", "Pleural effusion", "uncertain"),
        ("Old Colles fracture. No acute fracture.", "Distal radius fracture", "present"),
        ("Jones fracture. No other fracture.", "Fifth metatarsal fracture", "present"),
        ("Previous boxer's fracture. No acute fracture.", "Fifth metacarpal neck fracture", "present"),
        ("No fracture or dislocation.", "Left humeral fracture", "absent"),
    ],
)
def test_forms_of_denial_and_kinds(ask: Ask, text: str, name: str, said: str) -> None:
    assert ask(text, name).status == said


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("This is unlikely to represent metastasis.", "Metastasis", "uncertain"),
        ("The opacity is thought to represent pneumonia.", "Pneumonia", "uncertain"),
        ("These are unlikely to represent fractures.", "Fracture", "uncertain"),
        ("In 2018 there was an ascites.", "Ascites", "not_mentioned"),
        ("In March 2020 there was a pleural effusion.", "Pleural effusion", "not_mentioned"),
        ("In the 2019 CT position there is a pleural effusion.", "Pleural effusion", "present"),
        ("The renal artery and vein are patent.", "Renal vein thrombosis", "absent"),
    ],
)
def test_hedges_with_a_verb_and_years_gone_by(ask: Ask, text: str, name: str, said: str) -> None:
    assert ask(text, name).status == said
