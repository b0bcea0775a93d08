"""Word forms of radiology English: which spellings are one word (`lexicon/forms.yaml`), and what kind of word it is."""

from __future__ import annotations

from services.reading.lexicon import lexicon
from services.reading.rules.compounds import COMPOUNDS
from services.reading.rules.wordset import wordset

BRITISH = (("ae", "e"), ("oe", "e"), ("isation", "ization"), ("litre", "liter"))


FORMS: dict[str, str] = {form: canon for canon, forms in lexicon("forms").items() for form in (canon, *forms)}

_ONE_SIDE = ("left", "right", "bilateral")
# A word that says a side with something else ("RUL", "bifrontal") says that side.
SIDES: dict[str, str] = {word: side for word, said in COMPOUNDS.items() for side in _ONE_SIDE if side in said} | {
    "left": "left",
    "right": "right",
    "bilateral": "bilateral",
    "bilaterally": "bilateral",
    "bil": "bilateral",
    "both": "bilateral",
    "b/l": "bilateral",
    "lt": "left",
    "rt": "right",
    "bibasal": "bilateral",
    "lingula": "left",
    "lingular": "left",
    "rlq": "right",
    "ruq": "right",
    "rif": "right",
    "llq": "left",
    "luq": "left",
    "lif": "left",
}

PREDICATES = wordset(
    """enlarge dilate thicken widen elevate collapse displace dislocate sublux fracture herniate inflame obstruct
    occlude compress congest distort calcify narrow degenerate"""
)

STOP = wordset("""the a an of in with to at on is are and or by for from within into as be was were there this that""")
# Nouns that add nothing to a finding already named ("ischemic changes").
EMPTY_NOUNS = wordset("evidence finding sign change")
# Candidates that name one of these need it, and its opposite excludes them.
OPPOSITES: dict[str, frozenset[str]] = {
    "acute": frozenset(
        {
            "chronic",
            "old",
            "healed",
            "remote",
            "subacute",
            "prior",
            "healing",
            "established",
            "longstanding",
            "previous",
            "mature",
        }
    ),
    "chronic": frozenset({"acute", "new", "recent"}),
    "old": frozenset({"acute", "new", "recent"}),
    "displace": frozenset({"nondisplaced", "undisplaced"}),
    "nondisplaced": frozenset({"displace"}),
    "benign": frozenset({"malignant", "suspicious"}),
    "malignant": frozenset({"benign"}),
    "simple": frozenset({"complex", "complicated"}),
    "complex": frozenset({"simple"}),
    "small": frozenset({"large", "moderate"}),
    "large": frozenset({"small", "tiny", "trace", "minimal"}),
    "upper": frozenset({"lower"}),
    "lower": frozenset({"upper"}),
    "proximal": frozenset({"distal"}),
    "distal": frozenset({"proximal"}),
    "medial": frozenset({"lateral"}),
    "lateral": frozenset({"medial"}),
    "ascending": frozenset({"descending"}),
    "descending": frozenset({"ascending"}),
    "intrahepatic": frozenset({"extrahepatic", "common"}),
    "extrahepatic": frozenset({"intrahepatic"}),
    "common": frozenset({"intrahepatic"}),
    "anterior": frozenset({"posterior"}),
    "posterior": frozenset({"anterior"}),
}
# Nouns that only name a part or an aspect of the organ before them.
PARTS = wordset(
    """wall silhouette size shadow contour space system tissue height body region structure surface caliber course
    margin outline gland marking field zone vasculature signal"""
)
# What lies about a lesion, and is no thing of its own.
AROUND = wordset("surrounding perilesional perihematomal perihaematomal peritumoral peritumoural perifocal")
# Blood in one of these is not blood in another.
COMPARTMENTS = wordset("epidural subdural subarachnoid intraventricular intraparenchymal scalp subgaleal canal foramen")
# A head after one of these is another thing, unless they are needed.
NOT_AFTER: dict[str, frozenset[str]] = {
    "fluid": frozenset({"bursa", "bursal", "cerebrospinal"}),
    "mass": frozenset({"node", "nodal"}),
    "port": frozenset({"side", "proximal", "nasogastric", "gastric"}),
    "clip": frozenset({"surgical"}),
    "thrombus": frozenset({"catheter", "line", "picc"}),
    "stone": frozenset({"ampulla"}),
    # What the bladder cannot pass is no wide kidney for that.
    "obstruct": frozenset({"outflow", "outlet"}),
    "slip": frozenset({"epiphysis", "femur", "hip"}),
    # Where a disc has broken through, the endplate is no broken one.
    "depression": frozenset({"schmorl", "schmorls"}),
    "nodule": frozenset({"cutaneous"}),
    "glass": frozenset({"ground", "groundglass"}),
    # An incomplete ring is one of demyelination.
    "lesion": frozenset({"peripheral", "transition", "pz", "tz", "incomplete"}),
    "catheter": frozenset({"pleura", "pleurx", "peritoneum", "foley", "urinary", "bladder", "nephrostomy", "drainage"}),
    "shift": frozenset({"pivot", "chemical", "patient", "ward", "icu", "theatre", "lab"}),
    # A swollen nerve or gland is no swollen brain.
    "swelling": frozenset({"nerve", "gland", "eyelid", "papilledema"}),
    # What is fed through the skin passes no esophagus.
    "tube": frozenset({"percutaneous"}),
    # A cuff that holds too much air is no lung.
    "hyperinflation": frozenset({"cuff", "balloon"}),
    "overinflated": frozenset({"cuff", "balloon"}),
    "plate": frozenset({"volar", "growth", "palmar", "tarsal", "cribriform"}),
    "destruction": frozenset({"endplate", "disc", "cartilage"}),
    "contusion": frozenset({"pivot", "marrow"}),
    "collapse": frozenset({"vertebra"}),
    # Scarred lung has lost volume, and so has a lung of which a lobe was taken.
    "loss": frozenset({"disc", "fibrosis", "fibrous", "scar", "reticular", "reticulate", "honeycombing", "lobectomy"}),
    "height": frozenset({"disc"}),
    "effusion": frozenset({"mastoid"}),
    "herniate": frozenset({"hiatal", "hiatus", "diaphragm"}),
    # A ventricle or cistern that is narrowed is no vessel.
    "narrow": frozenset({"ventricle", "cistern", "sulcus"}),
}
# The same, where it stands in the head's own phrase only.
NOT_IN: dict[str, frozenset[str]] = {
    "emphysema": frozenset(
        {"subcutaneous", "subcut", "sc", "tissue", "orbit", "mediastinum", "surgical", "wall", "scalp"}
    ),
    # What lies in the windpipe or the stomach drains no chest, whatever label it stands under.
    "tube": frozenset(
        {
            "endotracheal",
            "tracheostomy",
            "nasogastric",
            "orogastric",
            "enteric",
            "feeding",
            "gastrostomy",
            "shunt",
            "ventriculoperitoneal",
            "vp",
            "jejunostomy",
            "nephrostomy",
        }
    ),
    # Fibrous bands are scars.
    "band": frozenset({"parenchyma", "parenchymal", "fibrosis", "fibrous", "fibroparenchymal", "scar", "adhesion"}),
    # The pancreas is as fat as the liver.
    "steatosis": frozenset({"pancreas"}),
    "infection": wordset("wound line device pocket urinary skin sternal soft tissue joint disc"),
    # Cysts of the nose, the jaw, the skin or the pituitary are none of the brain.
    "cyst": wordset(
        """thornwaldt tornwaldt nasopharynx nasopharyngeal sebaceous epidermal inclusion dentigerous radicular
        periapical odontogenic pituitary intermedia rathke sella scalp mucous mucus"""
    ),
    # The sulci of the vertex are tight in normal pressure hydrocephalus.
    "crowding": frozenset({"vertex"}),
    # What is no infection.
    "pneumonia": frozenset({"interstitial", "organizing", "organising", "eosinophilic", "uip"}),
    "swelling": frozenset(
        {"periorbital", "preseptal", "orbit", "cheek", "soft", "tissue", "scalp", "subcutaneous", "forehead", "facial"}
    ),
    "nodule": frozenset({"subcutaneous"}),
    # Named after who described them: impactions and tears.
    "lesion": frozenset(
        {"sach", "bankart", "slap", "stener", "intradural", "extramedullary", "intramedullary", "matter"}
    ),
    # The scar of a breast that no surgeon made.
    "scar": wordset("radial sclerosing incision incisional laparotomy skin"),
    "collapse": frozenset({"disc"}),
    # What the nose, the jaw or the scalp takes up is none of the brain's.
    "enhance": wordset("turbinate nasal nose ethmoid maxillary mucosa scalp parotid adenoid nasopharynx retention"),
    # What comes down in the pelvis, or in the heart, is no disc.
    "prolapse": wordset("uterus uterine pelvis pelvic organ bladder rectum rectal vagina vaginal mitral valve"),
    # Bare bone that is eaten by infection.
    "erode": frozenset({"cortical"}),
    "fracture": frozenset({"spleen", "liver", "kidney", "pancreas"}),
    "edema": wordset("root nerve cord myelomalacia myelopathy myelopathic compressive"),
    # Vertebrae that never came apart.
    "fusion": wordset(
        """congenital developmental autofusion spontaneous sacroiliac ankylosing syndesmophyte syndesmophytes physeal
        epiphysis physis segmentation"""
    ),
    # How a bone bears a load is not what its periosteum does.
    "reaction": wordset("stress desmoplastic inflammatory allergic"),
    # As it grew, and not as it broke.
    "wedging": frozenset({"physiologic", "physiological", "developmental", "congenital", "scheuermann", "positional"}),
    "diverticulum": frozenset({"bladder", "urethra", "trachea", "meckel", "duodenum", "zenker", "calyceal"}),
}
# Ventricles that are wide because the brain has shrunk are no hydrocephalus.
EX_VACUO = dict.fromkeys(
    ("enlarge", "dilate"), wordset("atrophy loss involutional vacuo commensurate proportionate sulcus involution")
)
# "mass effect" is not a mass: a head followed by one of these is another thing.
NOT_FOLLOWED: dict[str, frozenset[str]] = {
    "mass": frozenset({"effect"}),
    "fluid": frozenset({"level", "collection"}),
    "nodule": frozenset({"contour", "surface", "outline", "margin", "liver", "hypertrophy", "hyperplasia"}),
    "disc": frozenset({"space", "height"}),
    "slip": frozenset({"disc", "angle", "capital", "upper", "femoral"}),
    "herniate": frozenset({"repair", "mesh"}),
    "subdural": frozenset({"hygroma", "effusion", "empyema"}),
    "aneurysm": frozenset({"clip", "clipping", "repair", "coil", "coiling", "embolization"}),
    "pacer": frozenset({"pad"}),
    "pacemaker": frozenset({"pad"}),
    "defibrillator": frozenset({"pad"}),
    "pace": frozenset({"pad"}),
    "hardware": frozenset({"complicate", "failure", "loosening", "fracture"}),
    "tb": frozenset({"cell", "coordinator", "clinic"}),
    # "Right IJ" is a line; the vein it turns into is none.
    "jugular": frozenset({"vein"}),
    # Where a drain has been.
    "tube": frozenset({"tract", "tracts", "track"}),
    "drain": frozenset({"tract", "tracts", "track"}),
    "air": frozenset({"trapping", "bronchogram", "space", "filled", "cell", "forming"}),
}
