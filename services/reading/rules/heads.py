"""Kinds of head nouns: what a bare denial covers, what the exam completes, what another organ may have too."""

from __future__ import annotations

from services.reading.rules.wordset import wordset

# Heads whose bare denial ("no fracture") denies every kind of them.
GENERIC_HEADS = wordset(
    """fracture bleed hematoma herniate infarct dislocate sublux thrombus tear embolus metastasis aneurysm dissect
    hydronephrosis pneumothorax microcalcification perforate narrow listhesis"""
)

# Heads that are read as being in the examined part of the body where no place is said.
EXAM_HEADS = wordset(
    """fracture bleed infarct dislocate sublux thrombus tear embolus metastasis aneurysm mass nodule lesion effusion
    osteomyelitis opacity consolidate calcify microcalcification asymmetry distort cyst herniate narrow hematoma
    ischemia edema lymphadenopathy enlarge tumor plaque extrusion protrusion"""
)

# Heads that name another finding in another organ.
AMBIGUOUS_HEADS = wordset(
    """nodule mass lesion cyst effusion fracture hematoma calcify edema thicken enlarge dilate air fluid stone emphysema
    collection opacity herniate narrow tumor bleed infarct thrombus aneurysm embolus abscess metastasis enhance
    atrophy loss swelling tear dislocate obstruct collapse displace asymmetry abnormality disease abnormal inflame
    hypodensity hyperdensity hyperintensity polyp fat fatty degenerate compress elevate shift congest focus scar
    carcinoma cancer malignancy"""
)

# Things put into a patient: in a normal place they are there all the same.
DEVICES = wordset(
    """tube line catheter lead pacemaker device stent clip drain port hardware implant prosthesis arthroplasty wire
    sheath filter shunt graft screw rod plate nail electrode defibrillator tracheostomy suture
    picc cvc uvc portacath permcath hickman vascath iabp ppm pacer aicd evd"""
)

# Heads that are only a sign of most findings, and count only with the finding's place in their own noun phrase.
SIGN_HEADS = wordset(
    """hypodensity hyperdensity hyperintensity opacity mass lesion nodule cyst fluid air collection edema loss focus
    fat fatty compress displace collapse density attenuation signal contact"""
)

# Nouns of findings and devices: what stands beside one belongs to it.
FINDINGS = (AMBIGUOUS_HEADS | GENERIC_HEADS | DEVICES | {"failure", "fail"}) - {"disc", "fat", "fatty", "air"}
# What is only described: there whatever it turns out to be.
LESIONS = frozenset({"lesion", "mass", "nodule", "focus", "hypodensity", "hyperdensity"})
