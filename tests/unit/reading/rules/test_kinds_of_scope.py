"""Reach of modifiers, state changes, marks that deny, hedges, places and sides: sentences of each kind."""

from __future__ import annotations

import pytest

from integration.canonical import Status, Verdict
from services.reading.catalogue import load
from services.reading.reader import Question
from services.reading.rules.reader import RulesReader
from tests.unit.reading.rules.conftest import Ask

LIBRARY = load()


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        # A state that is over, whatever the adjective.
        ("The pancreatic duct is no longer dilated.", "pancreatic duct dilatation", "absent"),
        ("Heart no longer enlarged.", "cardiomegaly", "absent"),
        ("The left effusion has not reaccumulated.", "pleural effusion", "absent"),
        ("The port has been explanted.", "central venous catheter", "absent"),
        ("The umbilical hernia was repaired.", "umbilical hernia", "absent"),
        ("The nasogastric tube was exchanged for a gastrostomy.", "enteric tube", "absent"),
        ("The subdural hematoma has been evacuated.", "subdural hematoma", "absent"),
        ("The pneumothorax has not resolved.", "pneumothorax", "present"),
        # A denial ends before what is given.
        ("No ductal dilatation and positive for sludge.", "biliary sludge", "present"),
        ("Negative for fracture and positive for effusion.", "joint effusion", "present"),
        ("No stone, known renal cyst.", "renal cyst", "present"),
        ("No midline shift despite the large subdural hematoma.", "subdural hematoma", "present"),
        # Something else of the kind does not take the denial back.
        ("No seroma or other complication.", "seroma", "absent"),
        ("No dislocation or other injury.", "dislocation", "absent"),
        ("No pneumothorax or other acute process.", "pneumothorax", "absent"),
        ("No other fracture.", "fracture", "not_mentioned"),
        # What is not seen after a comma is another thing.
        ("Chest drain in the left base, side holes not seen.", "chest tube", "present"),
        ("Right basal consolidation, air bronchograms not identified.", "consolidation", "present"),
        ("Moderate hydrocele on the right, none on the left.", "right hydrocele", "present"),
        ("Small effusion on the left, none on the right.", "left pleural effusion", "present"),
        # Marks and words that deny.
        ("(-) hydronephrosis.", "hydronephrosis", "absent"),
        ("(+) hydronephrosis.", "hydronephrosis", "present"),
        ("-ve for DVT.", "deep vein thrombosis", "absent"),
        ("No # seen.", "fracture", "absent"),
        ("Undisplaced # of the distal radius.", "fracture", "present"),
        ("No stone is seen, nor is there any hydronephrosis.", "hydronephrosis", "absent"),
        ("No mass, nor are there any enlarged nodes.", "lymphadenopathy", "absent"),
        ("Bowel is unobstructed.", "bowel obstruction", "absent"),
        # A label answered with "no change" says that it is there.
        ("Left hydrocele: no change.", "left hydrocele", "present"),
        ("Pleural effusion: no significant change.", "pleural effusion", "present"),
        ("Pneumothorax: no.", "pneumothorax", "absent"),
        # Hedges with their reach.
        ("Early heart failure could be playing a part.", "heart failure", "uncertain"),
        ("Tiny pneumothoraces might be overlooked supine.", "pneumothorax", "uncertain"),
        ("Enhancing adrenal lesion, metastasis until proven otherwise.", "adrenal metastasis", "uncertain"),
        ("Trace pleural effusion, if any.", "pleural effusion", "uncertain"),
        ("Small bowel obstruction, likely due to adhesions.", "small bowel obstruction", "present"),
        ("Repeat to ensure there is no underlying mass.", "lung mass", "not_mentioned"),
    ],
)
def test_kinds_of_scope(ask: Ask, text: str, name: str, status: str) -> None:
    assert ask(f"FINDINGS: {text}", name).status == status


def of_exam(text: str, exam: str, finding: str) -> Verdict:
    """What the rules say of one finding of the exam's whole catalogue."""
    reading = RulesReader().read(Question(text=text, catalogue=LIBRARY.catalogues[exam]))
    return next(each for each in reading.verdicts if each.finding.id == finding)


@pytest.mark.parametrize(
    ("text", "exam", "finding", "status"),
    [
        # No other organ lends its name.
        ("HEPATOBILIARY: Likely a cyst.", "abdomen_ct", "renal_cyst", "not_mentioned"),
        ("Anterior mediastinal mass.", "chest_ct", "lung_mass", "not_mentioned"),
        ("Liver metastases with upper abdominal lymphadenopathy.", "abdomen_us", "hepatomegaly", "not_mentioned"),
        ("Scarred upper pole of the left kidney.", "chest_ct", "lung_scarring", "not_mentioned"),
        ("Fractures of both nasal bones.", "head_ct", "skull_fracture", "not_mentioned"),
        ("Fracture of the C7 transverse process.", "head_ct", "skull_fracture", "not_mentioned"),
        ("Obstructing 5 mm ureteral calculus.", "abdomen_ct", "bowel_obstruction", "not_mentioned"),
        ("Disc extrusion compressing the left S1 root.", "spine_mr", "vertebral_compression_fracture", "not_mentioned"),
        ("Hyperdensity in the sylvian fissure beside a vessel.", "head_ct", "hyperdense_vessel", "not_mentioned"),
        ("Acute hemorrhage.", "head_ct", "intraparenchymal_hemorrhage", "not_mentioned"),
        ("Acute hemorrhage.", "head_ct", "intracranial_hemorrhage", "present"),
        # Old is not acute.
        ("Lacunar infarct in the left corona radiata, old.", "head_ct", "acute_infarct", "not_mentioned"),
        ("Remote right cerebellar and right basal ganglia infarcts.", "head_ct", "acute_infarct", "not_mentioned"),
        ("Established infarct in the left occipital lobe.", "head_ct", "chronic_infarct", "present"),
        # A lesion is there whatever it may be.
        ("Sclerotic focus in T11, suspicious for metastasis.", "chest_ct", "bone_lesion", "present"),
        # A node is enlarged by its measure.
        ("A subcarinal node of 13 mm.", "chest_ct", "mediastinal_lymphadenopathy", "present"),
        ("A subcarinal node of 7 mm.", "chest_ct", "mediastinal_lymphadenopathy", "not_mentioned"),
        # A denial of one place contradicts nothing said of another.
        ("No glenoid rim fracture.\nIMPRESSION: Hill-Sachs fracture.", "msk_xray", "fracture", "present"),
    ],
)
def test_kinds_of_place_and_time(text: str, exam: str, finding: str, status: str) -> None:
    assert of_exam(f"FINDINGS: {text}", exam, finding).status == status


@pytest.mark.parametrize(
    ("text", "exam", "finding", "side"),
    [
        ("Left subdural hematoma with 5 mm of midline shift.", "head_ct", "midline_shift", None),
        ("6 mm of rightward midline shift.", "head_ct", "midline_shift", "right"),
        ("5 mm right-to-left midline shift.", "head_ct", "midline_shift", "left"),
        ("Pacemaker with leads in the right atrium and right ventricle.", "chest_xray", "pacemaker", None),
        ("Mild scarring at the apices.", "chest_ct", "lung_scarring", "bilateral"),
        ("The middle lobe shows patchy consolidation.", "chest_xray", "consolidation", "right"),
        ("Simple renal cyst, 2.6 cm, left lower pole.", "abdomen_ct", "renal_cyst", "left"),
        ("Small effusion in the right clinical setting.", "chest_xray", "pleural_effusion", None),
        ("Small effusion. Dictated by R. Okafor.", "chest_xray", "pleural_effusion", None),
        ("The right kidney is normal in size. There is a 3 cm cyst.", "abdomen_ct", "renal_cyst", "right"),
    ],
)
def test_kinds_of_side(text: str, exam: str, finding: str, side: str | None) -> None:
    assert of_exam(f"FINDINGS: {text}", exam, finding).side == side


def test_a_bare_noun_said_of_no_organ_is_one_of_what_was_examined() -> None:
    catalogue = LIBRARY.catalogues["spine_mr"]
    text = "There is a rim enhancing abscess."
    for procedure, status in (("CT NECK", Status.NOT_MENTIONED), ("MR LUMBAR SPINE", Status.PRESENT)):
        reading = RulesReader().read(Question(text=text, catalogue=catalogue, procedure=procedure))
        assert next(v for v in reading.verdicts if v.finding.id == "epidural_abscess").status is status
