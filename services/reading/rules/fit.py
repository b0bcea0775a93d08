"""Whether a wording of a candidate is what stands at a head noun: its needed words, place and level."""

from __future__ import annotations

from services.reading.rules.anatomy import (
    ANATOMY,
    JOINTS,
    VAGUE,
    WIDE,
    is_level,
    related,
    spinal_region,
    telling,
    widened,
)
from services.reading.rules.exam import Exam
from services.reading.rules.heads import AMBIGUOUS_HEADS, DEVICES, EXAM_HEADS, GENERIC_HEADS, LESIONS, SIGN_HEADS
from services.reading.rules.phrases import ORGANS
from services.reading.rules.places import Place
from services.reading.rules.targets import Pattern, Target
from services.reading.rules.words import (
    COMPARTMENTS,
    EX_VACUO,
    NOT_AFTER,
    NOT_IN,
    OPPOSITES,
    PARTS,
)
from services.reading.rules.wordset import wordset

# A denial that leaves these out denies more, not less.
_NARROWING = wordset(
    """acute focal active significant suspicious aggressive large small definite discrete dominant pathologic
    pathologically enlarged obvious displaced traumatic interval gross subacute developing upper lower middle distal
    proximal medial lateral anterior posterior destructive drainable chronic mild severe multiple lobe lobar"""
)
_BARE = _NARROWING | wordset("no evidence of or and the a an any for sign without not is are seen identified , .")
# Words that describe a finding of any organ.
_DESCRIBING = wordset(
    """shadowing nonobstructing echogenic simple complex solid small large multiple focal discrete dominant new
    enhancing calcify fluid cyst benign malignant suspicious acute chronic mild moderate severe free wall diffuse"""
)
# What a denial adds to any stone or lesion.
_SEEN_AS = wordset("radiopaque calcify visible obstruct discrete")
_CARRIED = wordset("mass tumor focus nodule lesion cyst stone polyp dilate enlarge thicken narrow")

# Words that name a place well enough for a wording; there are nodes everywhere.
_NODAL = frozenset({"node", "lymph"})
_NAMING = ANATOMY - _NODAL

# What belongs to a vertebra and is no part of its body.
_POSTERIOR = wordset(
    "mass process pedicle lamina par facet spinous dislocate dens odontoid hangman jefferson tibia scapula iliac stress"
)
_HARDWARE = wordset("plate rod screw nail wire hardware implant prosthesis")
# "The liver SURFACE is nodular".
SURFACES = wordset("surface contour outline margin")
# Beside a level of the spine blood is none in the head.
_CRANIAL = frozenset({"intracranial", "brain"})
_BLOOD = wordset("bleed hematoma blood")
# Blood under the skin is none in what lies below.
_OUTSIDE = wordset("scalp subgaleal periorbital orbit preseptal facial face subcutaneous muscle cheek forehead")
# A nodule of a chest is the lung's; only fluid is the pleura's without being called so.
_LINED = wordset("pleura mediastinum heart pericardium")
_WITHOUT_LOBES = wordset("kidney spleen pancreas adrenal ovary uterus bladder")
_OF_SPINE = frozenset({"canal", "foramen"})
_DUCT = frozenset({"duct"})
_NARROWED = frozenset({"compress", "effacement"})
# What comes out of a disc lies in the canal or a foramen.
_OF_DISC = wordset("protrusion extrusion herniate bulge fragment sequestrum prolapse material sequester")
_EPIDURAL = frozenset({"epidural"})
_PASSAGES = wordset("canal foramen recess sac thecal central")
_SPINE = frozenset({"spine"})
# What of the spine is narrowed by itself.
_BESIDE_CANAL = wordset("disc foramen facet")
_OF_HEAD = frozenset({"skull", "intracranial", "brain"})
_BODY = frozenset({"chest", "abdomen", "intracranial"})
_TRUNK = frozenset({"chest", "abdomen", "spine"})
# Soft tissues are everywhere; what swells inside is another thing.
_SOFT = wordset("soft tissue subcutaneous")
_INNER = wordset(
    "brain intracranial spine cord chest lung abdomen intraabdominal bowel orbit testis thyroid nerve node"
)
_THORACIC = wordset("ascending root arch sinotubular")
# "Nodule at the left base", after a sentence about the pleura, is one of the lung.
_ROUND = wordset("nodule mass calcify")
_OF_LUNG = wordset("base basal basilar apex apical zone lobe lingula")
_OF_CHEST = {"effusion": frozenset({"pleura"}), "edema": frozenset({"lung"})}
_NO_PLEURA = JOINTS | wordset("pericardium abdomen mastoid soft tissue wall subcutaneous bone brain breast neck")
_DRAINS = wordset("tube drain catheter")
_AIRY = wordset("soft mediastinum subcutaneous neck")
_FULL = wordset("engorgement congest distend distension distention")
_GREAT_VEINS = wordset("mediastinum azygos jugular")
_IN_LININGS = wordset("effusion pneumothorax")
# Where no organ is asked, a cyst of the skin is one, and a clot around a line.
_ANYWHERE = wordset("cyst thrombus")


def may_fit(pattern: Pattern, said: frozenset[str], *, denied: bool) -> bool:
    """A quick look that rules most wordings out; `denied`: the head may turn out to be denied."""
    if not denied:
        return pattern.mode in ("plain", "opposite") and pattern.needs <= said
    return pattern.head in GENERIC_HEADS or pattern.needs - _NARROWING <= said


def fit(pattern: Pattern, target: Target, place: Place, exam: Exam, *, denied: bool) -> str:
    """How the pattern is met: "" (not at all), or "phrase", "clause", "exam" or "general"."""
    place = _with_lining(pattern, target, place) if pattern.head in _IN_LININGS else place
    if other_kind(pattern, target, place) or _other_level(target, place):
        return ""
    if _is_bare_effusion(pattern, place, exam, denied=denied):
        return "exam"
    if _elsewhere(pattern, target, place, exam, denied=denied):
        return ""
    missing = pattern.needs - place.local - place.wide
    if pattern.mode == "flipped" and (
        missing - place.labelled or _places_more(pattern, place) or "new" in place.local - pattern.needs
    ):
        return ""
    if missing and denied and not place.local & _NARROWING - pattern.needs:
        missing -= _NARROWING
    if not missing:
        return "phrase"
    if not denied and (
        _of_another(missing & ORGANS, place.here - {pattern.head})
        or _is_beside(pattern, missing - _told_of(pattern, place))
    ):
        return ""
    if pattern.sign and not denied and missing - ANATOMY - PARTS:
        return ""
    if _is_lent(pattern, place, missing):
        return ""
    sign = (
        target.candidate.definition
        and pattern.head in SIGN_HEADS
        and not target.heads & {pattern.head, "lesion", "mass", "cyst"}
    )
    if (not sign or denied or missing <= place.labelled) and missing <= place.widest:
        return "clause"
    if _in_exam(pattern, target, place, exam, missing, denied=denied):
        return "exam"
    return "general" if denied and _general(pattern, target, place, exam) else ""


def _with_lining(pattern: Pattern, target: Target, place: Place) -> Place:
    """The place with the pleura for the lung that a label names: "LEFT LUNG: small effusion"."""
    if (
        "pleura" not in pattern.needs | target.home
        or "lung" not in place.here - place.local
        or place.local & ORGANS - {"pleura"}
    ):
        return place
    return place._replace(here=place.here - {"lung"} | {"pleura"}, widest=place.widest | {"pleura"})


def _is_lent(pattern: Pattern, place: Place, missing: frozenset[str]) -> bool:
    """Whether the place left out is another thing's: "extradural GAS, blood in the cavity", a nodule's the pleura."""
    if pattern.head in _BLOOD and "air" in place.around and not COMPARTMENTS.isdisjoint(missing - place.labelled):
        return True
    # "View of the CHEST demonstrates a TUBE": the exam's chest is none of the tube's.
    if pattern.head in _DRAINS and ("chest" in missing or (pattern.head == "tube" and "pleura" in missing)):
        return True
    carried = missing <= place.before and bool(missing & _LINED)
    return carried and pattern.head in _ROUND and not place.local.isdisjoint(_OF_LUNG)


def _is_bare_effusion(pattern: Pattern, place: Place, exam: Exam, *, denied: bool) -> bool:
    """Whether it is an effusion of a chest that is said of no organ: "cardiomegaly, SMALL EFFUSION and mild edema"."""
    if denied or pattern.needs != _OF_CHEST.get(pattern.head) or not exam.covered >= pattern.needs:
        return False
    return place.local.isdisjoint(ORGANS) and place.around.isdisjoint(_NO_PLEURA)


def _places_more(pattern: Pattern, place: Place) -> bool:
    """Whether it is said of an organ that a flipped wording does not name; one vein is as good as another."""
    return bool(place.here - pattern.needs) and "vein" not in pattern.needs


def _is_beside(pattern: Pattern, missing: frozenset[str]) -> bool:
    """Whether only its clause joins hardware and fracture: a bone broken beside a plate is no broken plate."""
    return bool(missing & _HARDWARE) or (pattern.head in _HARDWARE and "fracture" in missing)


def _told_of(pattern: Pattern, place: Place) -> frozenset[str]:
    """The subject of what became of hardware: "the SCREW has backed out"; a fracture may be the bone's."""
    return frozenset() if pattern.head == "fracture" or "fracture" in pattern.needs else place.labelled


def _of_another(missing: frozenset[str], said: frozenset[str]) -> bool:
    """Whether the noun phrase names organs of its own and none of those looked for: no other word lends it one."""
    return bool(missing and said) and not related(missing - said or missing, said)


def _in_exam(
    pattern: Pattern, target: Target, place: Place, exam: Exam, missing: frozenset[str], *, denied: bool
) -> bool:
    """Whether the words left out are what the exam's title says."""
    # A lesion of a CT of the trunk is none of a bone for that.
    if pattern.head in LESIONS and not missing.isdisjoint(WIDE) and not exam.covered.isdisjoint(_BODY):
        return False
    # Blood of a head CT is in no one compartment for that.
    if not denied and pattern.head in _BLOOD and not COMPARTMENTS.isdisjoint(target.home):
        return False
    any_head = denied and pattern.mode == "plain" and missing <= ANATOMY and pattern.head not in DEVICES
    known = pattern.head in EXAM_HEADS or any_head
    if (pattern.head == "enlarge" and "node" not in pattern.needs) or not known or place.here - {pattern.head} - WIDE:
        return False
    said, unsaid = place.local & ANATOMY, missing & ANATOMY
    said = said - WIDE or said
    if unsaid and any(map(is_level, place.local)) and "spine" not in widened(unsaid):
        return False
    # "Fracture" alone, in an exam of head and trunk, is one of no region.
    if not denied and _of_one_region(pattern, unsaid, exam):
        return False
    if (said and unsaid and not related(unsaid, said)) or (unsaid & _LINED and pattern.head not in _IN_LININGS):
        return False
    return missing <= exam.covered


def _general(pattern: Pattern, target: Target, place: Place, exam: Exam) -> bool:
    """A bare denial ("no fracture") denies every kind in the part of the body that was examined."""
    if pattern.mode != "plain" or pattern.head not in GENERIC_HEADS or pattern.head not in target.heads:
        return False
    if place.local - _BARE - GENERIC_HEADS - pattern.needs - {pattern.head}:
        return False
    if place.here and target.home and not related(telling(target.home), telling(place.here)):
        return False
    return not exam.places or not target.home or related(target.home, exam.places)


def other_kind(pattern: Pattern, target: Target, place: Place) -> bool:
    """Whether what is said there is of the opposite kind, another compartment or another thing altogether."""
    kinds = pattern.types or target.types
    if kinds and any(
        OPPOSITES[kind] & place.local - pattern.needs for kind in (pattern.types | target.types) - place.local
    ):
        return True
    if pattern.head in EX_VACUO and EX_VACUO[pattern.head] & place.around and "ventricle" in pattern.needs:
        return True
    if pattern.head in _BLOOD and place.local & _OUTSIDE - target.home - pattern.needs:
        return True
    if pattern.head in _BLOOD and not target.home.isdisjoint(_CRANIAL) and any(map(is_level, place.around)):
        return True
    if pattern.head == "nodule" and not SURFACES.isdisjoint(place.labelled - pattern.needs):
        return True
    if pattern.head == "fracture" and not DEVICES.isdisjoint(place.labelled) and DEVICES.isdisjoint(pattern.needs):
        return True
    if "vertebra" in pattern.needs and not (place.local & _POSTERIOR).issubset(pattern.needs):
        return True
    if _other_compartment(pattern, target, place) or _is_of_neighbour(pattern, target, place):
        return True
    if pattern.head == "aneurysm" and "abdomen" in target.organs and _is_thoracic(place):
        return True
    if "plate" in pattern.needs and not NOT_AFTER["plate"].isdisjoint(place.local):
        return True
    if pattern.head in _ANYWHERE and not target.home:
        return False
    return _is_named_apart(pattern, target, place)


def _is_of_neck(pattern: Pattern, place: Place) -> bool:
    """Whether free air lies outside of the abdomen, or only veins of the mediastinum are full."""
    if pattern.head == "air" and "free" in pattern.needs:
        return not place.local.isdisjoint(_AIRY) and "abdomen" not in place.local
    veins = "vein" in place.around and not place.around.isdisjoint(_GREAT_VEINS) and "lung" not in place.around
    return veins and not _FULL.isdisjoint({pattern.head, *pattern.needs})


def _is_named_apart(pattern: Pattern, target: Target, place: Place) -> bool:
    """Whether a word beside the head makes it another thing: fat of the PANCREAS, a SEBACEOUS cyst, a pivot shift."""
    if _is_of_neck(pattern, place):
        return True
    other = NOT_IN.get(pattern.head, frozenset())
    if other.isdisjoint(pattern.needs) and not other.isdisjoint(place.local - target.home):
        return True
    if "facial" in place.local and _is_of_face(pattern, target, place):
        return True
    return pattern.head in NOT_AFTER and bool(NOT_AFTER[pattern.head] & place.around - pattern.needs - target.home)


def _is_of_face(pattern: Pattern, target: Target, place: Place) -> bool:
    """Whether bones of the face are broken, where the skull is asked."""
    broken = pattern.head == "fracture" and "skull" not in place.local
    return broken and "skull" in target.home and "facial" not in target.home


def _is_of_neighbour(pattern: Pattern, target: Target, place: Place) -> bool:
    """Whether a disc is narrowed, the pancreatic duct wide or a duct holds the stone, where another thing is asked."""
    if pattern.head in ("stone", "focus") and pattern.needs.isdisjoint(ANATOMY):
        return "duct" in place.around and "duct" not in target.home
    if pattern.head == "dilate" and pattern.needs == _DUCT:
        return "pancreas" in place.around and "bile" not in place.around
    if pattern.head != "narrow":
        return False
    # A disc or foramen that is narrowed, said or spoken of before, is no narrowed spine.
    lent = pattern.needs == _SPINE and "spine" not in place.local
    return _is_of_disc(pattern, place) or (lent and not (place.here | place.before).isdisjoint(_BESIDE_CANAL))


def _is_of_disc(pattern: Pattern, place: Place) -> bool:
    """Whether it is a disc space that is narrowed, and no canal or foramen."""
    return "disc" in place.local and ("disc" in pattern.needs) != place.local.isdisjoint(_PASSAGES)


def _other_compartment(pattern: Pattern, target: Target, place: Place) -> bool:
    """Whether the blood lies in another compartment than the candidate's; none outside of the brain is in it."""
    said = place.local & COMPARTMENTS or place.here & _OF_SPINE
    if (said == _EPIDURAL and pattern.head in _NARROWED) or (said <= _OF_SPINE and pattern.head in _OF_DISC):
        return False
    if said and target.home.isdisjoint(said) and not target.home.isdisjoint(COMPARTMENTS):
        return True
    return "extraaxial" in place.local and "intraparenchymal" in target.home and "extraaxial" not in target.home


def _is_thoracic(place: Place) -> bool:
    """Whether the aorta spoken of is that of the chest; "descending" says so where no abdomen is named."""
    said = place.local | place.labelled
    return not _THORACIC.isdisjoint(said) or ("descending" in said and "abdomen" not in said)


def _other_level(target: Target, place: Place) -> bool:
    regions = spinal_region(place.local) or spinal_region(place.around) if target.region else set()
    if regions and target.region not in regions:
        return True
    if not target.levels:
        return False
    said = {word for word in place.local if is_level(word)} or {word for word in place.around if is_level(word)}
    return bool(said) and not target.levels & said


def _elsewhere(pattern: Pattern, target: Target, place: Place, exam: Exam, *, denied: bool) -> bool:
    """Whether the finding named here belongs to another organ than the candidate's."""
    if not target.home or pattern.head not in AMBIGUOUS_HEADS or pattern.needs & _NAMING & place.local:
        return False
    if pattern.needs <= place.local and pattern.needs - PARTS - _DESCRIBING - (_SEEN_AS if denied else _NODAL):
        here = place.local & ORGANS - {pattern.head} - pattern.needs
        if not here and not denied and _is_of_any_organ(pattern, target):
            here = place.here or place.before
        here = here - WIDE or here
        return bool(here) and not related(target.home, here)
    if (
        target.organs
        and not pattern.needs
        and any(map(is_level, place.local))
        and "spine" not in widened(target.organs)
    ):
        return True
    soft = target.organs <= _SOFT and not target.home.isdisjoint(_SOFT)
    if soft and not pattern.needs and pattern.head in target.heads:
        return not _INNER.isdisjoint(widened(place.here))
    if "lobe" in place.local and not target.organs.isdisjoint(_WITHOUT_LOBES):
        return target.organs.isdisjoint(place.local)
    vague = place.local & VAGUE
    carried = pattern.head in _CARRIED and not denied and (not vague or related(place.before, vague))
    before = place.before if carried else frozenset()
    here = (place.here or before) - {pattern.head}
    # "A nasal bone" is no bone of the skull.
    here = here - WIDE or here
    # A bare noun is held to the organ of the name; a wording that says more, to any its finding's wordings say.
    home = target.home if denied or pattern.needs & ANATOMY else target.organs or target.home
    if here - WIDE or denied or pattern.needs:
        return bool(here) and not related(home, here)
    # Said of no organ, a bare noun is one of what was examined.
    own = target.organs or target.home
    somewhere = bool(exam.places) and bool(own) and own.isdisjoint(_SOFT)
    return somewhere and (not related(own, exam.places) or _of_one_region(pattern, own, exam))


def _is_of_any_organ(pattern: Pattern, target: Target) -> bool:
    """Whether only its look makes a lesion the candidate's: a "hyperechoic lesion" of no organ said, of the liver."""
    return pattern.head in LESIONS and bool(target.organs) and ANATOMY.isdisjoint(pattern.needs)


def _of_one_region(pattern: Pattern, organs: frozenset[str], exam: Exam) -> bool:
    """Whether the organs are the head's and more than the head was examined, bones of the face counted apart."""
    beside = _TRUNK | {"facial"} if pattern.head == "fracture" else _TRUNK
    return not organs.isdisjoint(_OF_HEAD) and not exam.covered.isdisjoint(beside)
