"""Findings that no catalogue defines, asked by the names radiologists use: the other names of a thing are the thing."""

from __future__ import annotations

import pytest

from integration.canonical import Status
from services.reading.asked import candidate_for
from services.reading.catalogue import load
from services.reading.catalogue.lexicon_check import concept_faults, side_faults
from services.reading.concepts import Called, Concept, called, concepts
from services.reading.reader import Catalogue, Question
from services.reading.rules.reader import RulesReader

LIBRARY = load()


def said(text: str, name: str, modality: str, body_part: str) -> Status:
    """The verdict on one candidate asked by name, in the context of its exam."""
    exam = LIBRARY.preferring(LIBRARY.choose(modality=modality, body_part=body_part))
    catalogue = Catalogue(id="t", version="1", title="T", candidates=(candidate_for(name, exam),))
    question = Question(text=text, catalogue=catalogue, modality=modality, body_site=body_part)
    return RulesReader().read(question).verdicts[0].status


@pytest.mark.parametrize(
    ("text", "name", "status", "modality", "body_part"),
    [
        ("Total hip replacement on the left, cemented.", "Left THR", "present", "CR", "hip"),
        ("Post right TKR.", "Right total knee arthroplasty", "present", "CR", "knee"),
        ("The PICC ends at the cavoatrial junction.", "PICC line", "present", "CR", "chest"),
        ("Right IJ line tip in the lower SVC.", "Right internal jugular central line", "present", "CR", "chest"),
        ("Right basal chest drain unchanged.", "Right chest tube", "present", "CR", "chest"),
        ("Bilateral JJ stents in situ.", "Right ureteral stent", "present", "CT", "abdomen"),
        ("VP shunt catheter in situ.", "Ventriculoperitoneal shunt", "present", "CT", "head"),
        ("IUCD seen in the endometrial cavity.", "Intrauterine contraceptive device", "present", "US", "pelvis"),
        ("Infrarenal aorta measures 5.6 cm, aneurysmal.", "AAA", "present", "CT", "abdomen"),
        ("No thrombus in the popliteal vein.", "Lower limb DVT", "absent", "US", "leg"),
        ("Filling defects in both lower lobe pulmonary arteries.", "Pulmonary emboli", "present", "CT", "chest"),
        ("Right MCA territory loss of grey-white differentiation.", "Right MCA infarct", "present", "CT", "head"),
        ("Dense left MCA sign.", "Hyperdense MCA", "present", "CT", "head"),
        ("Kerley B lines at both bases.", "Interstitial oedema", "present", "CR", "chest"),
        ("Ossification of the PLL is not seen.", "OPLL", "absent", "CT", "spine"),
        ("ACL: complete midsubstance disruption.", "ACL tear", "present", "MR", "knee"),
        ("Colles' fracture with dorsal tilt.", "Distal radius fracture", "present", "CR", "wrist"),
        ("Fibroids throughout the myometrium.", "Uterine leiomyoma", "present", "US", "pelvis"),
    ],
)
def test_acronyms_spellings_and_other_names(text: str, name: str, status: str, modality: str, body_part: str) -> None:
    assert said(text, name, modality, body_part) == status


@pytest.mark.parametrize(
    ("text", "name", "status", "modality", "body_part"),
    [
        ("Segment 5: 1 cm enhancing focus.", "Segment 5 liver lesion", "present", "MR", "abdomen"),
        ("In segment VI there is a 14 mm nodule.", "Segment 6 liver lesion", "present", "CT", "abdomen"),
        ("Seg IVa: 9 mm lesion.", "Segment 5 liver lesion", "not_mentioned", "CT", "abdomen"),
        ("Mural thickening of the caecal pole.", "Caecal wall thickening", "present", "CT", "abdomen"),
        ("Fracture of the lateral malleolus, Weber B.", "Distal fibula fracture", "present", "CR", "ankle"),
        ("A 3 cm mass in the right upper zone.", "Right upper lobe mass", "present", "CR", "chest"),
        ("Old infarct in the left putamen.", "Left basal ganglia infarct", "present", "CT", "head"),
    ],
)
def test_a_part_is_in_its_whole(text: str, name: str, status: str, modality: str, body_part: str) -> None:
    assert said(text, name, modality, body_part) == status


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The stomach is normal.", "Gastritis"),
        ("The vas is normal. The epididymis is normal.", "Epididymitis"),
        ("Thyroid unremarkable.", "Thyroiditis"),
        ("Sesamoids normal.", "Sesamoiditis"),
        ("Pancreas, spleen and adrenals normal.", "Adrenal adenoma"),
        ("The renal vein is spared.", "Renal vein invasion"),
        ("The S1 roots are uninvolved.", "S1 nerve root compression"),
        ("DRUJ congruent.", "Distal radioulnar joint dislocation"),
    ],
)
def test_an_organ_called_normal_has_no_disease_of_its_name(text: str, name: str) -> None:
    assert said(text, name, "CT", "") == Status.ABSENT


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("PICC satisfactorily sited.", "Malpositioned PICC", "absent"),
        ("Right arm PICC tip has flipped up into the internal jugular vein.", "Malpositioned PICC", "present"),
        ("The PICC ends at the cavoatrial junction.", "Malpositioned PICC", "not_mentioned"),
        ("NG tube tip in the left main bronchus.", "Malpositioned enteric tube", "present"),
        ("Feeding tube coiled in the oesophagus.", "Malpositioned NG tube", "present"),
        ("NGT in satisfactory position.", "Malpositioned nasogastric tube", "absent"),
        ("ETT tip 1 cm above the carina, recommend withdrawal by 2 cm.", "Malpositioned endotracheal tube", "present"),
        ("Chest tube in good position.", "Malpositioned PICC", "not_mentioned"),
    ],
)
def test_where_a_device_lies(text: str, name: str, status: str) -> None:
    assert said(text, name, "CR", "chest") == status


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("The spleen has been removed.", "Splenectomy", "present"),
        ("The gallbladder has been removed.", "Cholecystectomy", "present"),
        ("Surgically absent uterus.", "Hysterectomy", "present"),
        ("The gallbladder is not seen.", "Cholecystectomy", "not_mentioned"),
        ("The spleen is normal.", "Nephrectomy", "not_mentioned"),
    ],
)
def test_an_organ_that_was_removed(text: str, name: str, status: str) -> None:
    assert said(text, name, "CT", "abdomen") == status


@pytest.mark.parametrize(
    "text",
    [
        "Left testis without flow on Doppler, consistent with torsion.",
        "No flow in the left testis, in keeping with torsion.",
        "There is no flow to the left testis, diagnostic of torsion.",
    ],
)
def test_what_a_denial_means_is_not_denied(text: str) -> None:
    assert said(text, "Testicular torsion", "US", "scrotum") == Status.PRESENT


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Interstitial oedema without Kerley B lines.", "Interstitial oedema"),
        ("Occlusive clot in the left popliteal vein. The left femoral vein is compressible.", "Left leg DVT"),
        ("Elbow effusion. No sail sign.", "Elbow joint effusion"),
    ],
)
def test_a_kind_that_is_denied_does_not_deny_the_thing(text: str, name: str) -> None:
    assert said(text, name, "CR", "") != Status.ABSENT


def test_what_denies_a_thing_in_general_says_nothing_of_one_place() -> None:
    assert called("Deep vein thrombosis").normal
    assert not called("Posterior tibial vein thrombosis").normal


def test_a_name_nobody_knows_has_no_other() -> None:
    assert called("Zebra stripes") == Called()


def test_a_name_keeps_the_words_around_what_it_is_called() -> None:
    assert "left hip replacement" in called("Left THR").names
    assert "right mca territory infarct" in called("Right MCA infarct").names


def test_faults_of_concepts_are_told() -> None:
    wrong = Concept(("the", "mass"), kinds=("mass",), removed=("table",))
    assert list(concept_faults([wrong])) == [
        "lexicon/concepts.yaml: the: 'the' names nothing",
        "lexicon/concepts.yaml: the: 'mass' is a name and a kind",
        "lexicon/concepts.yaml: the: 'table' is no organ (places.yaml, parts.yaml)",
    ]
    assert list(side_faults({"lung": ("left lung",)}, "parts")) == ["lexicon/parts.yaml: 'left lung' says a side"]


def test_every_concept_is_read() -> None:
    assert len(concepts()) > 250


@pytest.mark.parametrize(
    ("text", "name", "status", "modality", "body_part"),
    [
        ("Left PUJ obstruction.", "Left pelviureteric junction obstruction", "present", "CT", "abdomen"),
        ("Gas in the bowel wall.", "Pneumatosis intestinalis", "present", "CT", "abdomen"),
        ("Right adrenal nodule, 18 mm, consistent with adenoma.", "Right adrenal adenoma", "present", "CT", "abdomen"),
        ("Stress fracture of the second metatarsal.", "2nd metatarsal stress fracture", "present", "CR", "foot"),
        ("Diffuse idiopathic skeletal hyperostosis.", "DISH", "present", "CR", "spine"),
        ("L2 wedge compression fracture.", "L2 vertebral body fracture", "present", "CT", "spine"),
        ("L2 transverse process fracture.", "L2 vertebral body fracture", "not_mentioned", "CT", "spine"),
        ("Old lamina fracture of C5.", "C5 vertebral body fracture", "not_mentioned", "CT", "spine"),
        ("Lateral meniscus: radial tear at the body.", "Lateral meniscus tear", "present", "MR", "knee"),
        ("Segment 8: arterial enhancing lesion.", "Segment 8 liver lesion", "present", "MR", "abdomen"),
        ("I cannot see a type I endoleak.", "Type I endoleak", "absent", "CT", "abdomen"),
        ("A focus in the cardiac gating window.", "Cardiac mass", "not_mentioned", "MR", "chest"),
    ],
)
def test_words_that_name_a_place_only_sometimes(
    text: str, name: str, status: str, modality: str, body_part: str
) -> None:
    assert said(text, name, modality, body_part) == status
