"""A name asserts its finding, a sign supports it; a word that tells two findings apart is never lost."""

from __future__ import annotations

import pytest

from integration.canonical import Finding, Status
from services.reading.catalogue import load
from services.reading.reader import Candidate, Catalogue, Question
from services.reading.rules.reader import RulesReader
from services.reading.rules.wordings import bare_heads, same_patterns

LIBRARY = load()


def shown(text: str, exam: str) -> set[str]:
    """Ids of what a report of the exam's whole catalogue asserts or hedges."""
    reading = RulesReader().read(Question(text=text, catalogue=LIBRARY.catalogues[exam]))
    return {each.finding.id for each in reading.verdicts if each.status in (Status.PRESENT, Status.UNCERTAIN)}


@pytest.mark.parametrize(
    ("text", "exam", "not_said"),
    [
        ("Hyperdense focus along the falx.", "head_ct", "hyperdense_vessel"),
        ("A hyperdense extra-axial collection over the left convexity.", "head_ct", "hyperdense_vessel"),
        ("Lacune in the left thalamus.", "head_ct", "acute_infarct"),
        ("Patchy airspace opacity in the left lower lobe.", "chest_xray", "consolidation"),
        ("The cardiac silhouette is enlarged.", "chest_xray", "enlarged_cardiomediastinum"),
        ("Lobar collapse on the right.", "chest_xray", "pneumonia"),
        ("Plantar calcaneal spur.", "msk_xray", "osteoarthritis"),
        ("Hemorrhagic cyst of the left kidney.", "head_ct", "intracranial_hemorrhage"),
        ("A calcified granuloma in the right upper lobe.", "mammography", "breast_calcifications"),
        ("Hyperinflated lungs.", "chest_xray", "emphysema"),
    ],
)
def test_the_distinguishing_word_is_not_lost(text: str, exam: str, not_said: str) -> None:
    assert not_said not in shown(text, exam)


@pytest.mark.parametrize(
    ("text", "exam", "said"),
    [
        ("Hyperdense left MCA.", "head_ct", "hyperdense_vessel"),
        ("Lacunes in both thalami.", "head_ct", "chronic_infarct"),
        ("The lungs are emphysematous.", "chest_ct", "emphysema"),
        ("Fractured left clavicle.", "msk_xray", "fracture"),
        ("The lungs are hyperexpanded.", "chest_xray", "hyperinflation"),
        ("Thrombus in the splenic vein.", "abdomen_ct", "splenic_vein_thrombosis"),
        ("Grade 2 laceration of the spleen.", "abdomen_ct", "organ_laceration"),
        ("Fracture of the sternum.", "chest_ct", "sternal_fracture"),
        ("4 mm aneurysm of the anterior communicating artery.", "head_ct", "intracranial_aneurysm"),
        ("Thrombus at the catheter tip.", "chest_ct", "catheter_thrombus"),
    ],
)
def test_a_name_asserts_its_finding(text: str, exam: str, said: str) -> None:
    assert said in shown(text, exam)


@pytest.mark.parametrize(
    ("text", "exam", "finding"),
    [
        ("Gallbladder wall thickening. No acute cholecystitis.", "abdomen_ct", "cholecystitis"),
        ("Prominent ventricles. No hydrocephalus.", "head_ct", "hydrocephalus"),
        ("Peripancreatic stranding. No evidence of pancreatitis.", "abdomen_ct", "pancreatitis"),
    ],
)
def test_a_sign_gives_way_to_a_denial_by_name(text: str, exam: str, finding: str) -> None:
    assert finding not in shown(text, exam)


def test_a_denied_sign_denies_nothing_that_is_named() -> None:
    reading = RulesReader().read(
        Question(text="Acute appendicitis. No appendicolith.", catalogue=LIBRARY.catalogues["abdomen_ct"])
    )
    verdict = next(each for each in reading.verdicts if each.finding.id == "appendicitis")
    assert verdict.status is Status.PRESENT


def _candidate(name: str, *synonyms: str) -> Candidate:
    return Candidate(finding=Finding(id=name, name=name), definition="A test.", synonyms=synonyms)


def test_wordings_that_lose_a_word_or_meet_are_told() -> None:
    one, two = _candidate("one", "hyperdense findings of lucency"), _candidate("two", "renal calculus")
    three = _candidate("three", "kidney stone")
    catalogue = Catalogue(id="test", version="1", title="Test", candidates=(one, two, three))

    told = list(same_patterns(catalogue, (), lambda first, second: False))

    assert told == ["test: 'renal calculus' of two and 'kidney stone' of three compile to one pattern"]
    assert list(same_patterns(catalogue, ("kidney stone",), lambda first, second: False)) == []
    assert list(bare_heads(_candidate("four", "left pleural effusions"))) == []
