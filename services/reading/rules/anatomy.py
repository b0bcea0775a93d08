"""Places of the body: which words name one, and which wider word covers a narrower one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from services.reading.rules.tokens import words_of


def _places(text: str) -> frozenset[str]:
    """The canonical words of a text."""
    return frozenset(part for word in words_of(text) for part in word.canon)


_BONES = """radius ulna humerus femur tibia fibula patella clavicle scapula sternum rib metacarpal metatarsal phalanx
    carpal scaphoid lunate triquetrum hamate capitate calcaneus talus navicular cuboid cuneiform tarsal acetabulum
    pubis ramus ischium ilium trochanter malleolus olecranon coronoid glenoid acromion sacrum coccyx vertebra mandible
    maxilla zygomatic nasal skull pelvis hip finger thumb toe hand foot wrist ankle hallux sesamoid styloid
    intertrochanteric subtrochanteric supracondylar condyle epicondyle tuberosity plateau odontoid dens"""
_JOINTS = """knee hip ankle wrist elbow shoulder finger thumb toe hand foot sacroiliac acromioclavicular glenohumeral
    temporomandibular
    suprapatellar tibiotalar radiocarpal patellofemoral femorotibial interphalangeal metacarpophalangeal hallux
    metatarsophalangeal carpometacarpal radiocapitellar tibiofemoral"""
_BRAIN = """frontal parietal temporal occipital cerebellum thalamus pons brainstem basal ganglia cortical subcortical
    periventricular hemisphere insula insular caudate putamen capsule corpus callosum sulcus ventricle sella pituitary
    suprasellar cerebellopontine falx tentorium convexity subdural epidural subarachnoid intraventricular hemispheric
    intraparenchymal extradural extraaxial intraaxial frontoparietal temporoparietal parietooccipital vertex medulla
    hippocampus centrum semiovale mca pca aca gangliocapsular parafalcine tentorial mesial sylvian intracerebral"""
_LUNG = "lobe apex apical base basilar basal lingula bronchus retrocardiac perihilar subpleural fissural segment airway"
_SPINE = "vertebra lumbar cervical sacrum thoracolumbar lumbosacral disc endplate facet foramen pedicle lamina conus"
_BREAST = "nipple areola retroareolar subareolar outer inner axillary axilla oclock periareolar quadrant"
_BOWEL = "colon rectum sigmoid cecum duodenum jejunum ileum anus rectosigmoid"
_MEDIASTINUM = "subcarinal paratracheal window prevascular precarinal aortopulmonary hilum paraesophageal"
_ABDOMEN = """liver gallbladder bile pancreas spleen kidney adrenal bowel colon stomach appendix peritoneum mesentery
    omentum retroperitoneal retroperitoneum ureter portal umbilical inguinal pelvis"""
_FACE = "nasal orbit zygomatic maxilla maxillary mandible pterygoid"

# Wider word → the words it covers: "joint effusion" is what a report of "small knee effusion" says.
UMBRELLAS: dict[str, frozenset[str]] = {
    "bone": _places(_BONES),
    "joint": _places(_JOINTS),
    "brain": _places(_BRAIN) | {"intracranial"},
    "intracranial": _places(_BRAIN) | {"brain"},
    "lung": _places(_LUNG),
    "spine": _places(_SPINE),
    "breast": _places(_BREAST),
    "bowel": _places(_BOWEL),
    "mediastinum": _places(_MEDIASTINUM),
    "abdomen": _places(_ABDOMEN),
    "intraabdominal": _places(_ABDOMEN) | {"abdomen"},
    "facial": _places(_FACE),
    "pelvis": _places("pubis ramus ischium ilium acetabulum iliac sacrum hip"),
    "vertebra": _places("lumbar cervical sacrum spine endplate"),
    "hip": _places("femur acetabulum trochanter intertrochanteric subtrochanteric"),
    "wrist": _places("radius ulna carpal scaphoid lunate triquetrum"),
    "ankle": _places("malleolus tibia fibula talus tibiotalar mortise"),
    "hand": _places("finger thumb metacarpal phalanx"),
    "foot": _places("toe metatarsal phalanx calcaneus navicular cuboid tarsal"),
    "knee": _places("patella tibia femur plateau suprapatellar patellofemoral tibiofemoral femorotibial"),
    "elbow": _places("olecranon radius ulna humerus"),
    "shoulder": _places("humerus clavicle scapula glenoid acromion glenohumeral acromioclavicular"),
    "kidney": _places("pole calyceal"),
    "uterus": _places("endometrium myometrium"),
    "orbit": _places("globe"),
    "neck": _places("thyroid cervical parotid"),
    "pleura": _places("hemithorax costophrenic"),
    "urinary": _places("kidney ureter bladder calyceal ureteropelvic ureterovesical"),
    "vessel": _places("artery vein"),
    "chest": _places(_LUNG) | _places("lung pleura heart mediastinum rib hilum hemithorax"),
    "heart": _places("atrium"),
    "paranasal": _places("maxillary ethmoid sphenoid frontal"),
    "sinus": _places("maxillary ethmoid sphenoid"),
}
_OTHERS = """lung pleura heart pericardium mediastinum hilum aorta artery vein vessel liver spleen kidney pancreas
    gallbladder bile duct bowel colon stomach esophagus appendix bladder uterus ovary prostate adrenal ureter thyroid
    brain cerebellum skull sinus mastoid orbit spine cord canal foramen disc ligament meniscus tendon muscle joint
    bone breast skin node lymph soft tissue diaphragm abdomen chest peritoneum tonsil trachea coronary
    carotid portal meninges
    intracranial retroperitoneal mesenteric mesentery omentum umbilical hiatal ventral supraclavicular iliac jugular
    subclavian hemithorax costophrenic subcutaneous scalp subgaleal neck face facial parotid paranasal ethmoid sphenoid
    cava
    testis testicular scrotal scrotum vagina anal rectal ileal urinary acl pcl mcl lcl
    lumen rotator cuff supraspinatus infraspinatus
    subscapularis labrum achilles mitral tricuspid valve atrium septum incisional paraspinal psoas gluteal calf thigh
    forearm leg arm umbilicus groin cervix endometrium fetus placenta intramammary axillary popliteal femoropopliteal"""
ANATOMY = _places(_OTHERS).union(*UMBRELLAS.values())
# Words too vague to say that a finding stands elsewhere than its candidate's place.
VAGUE = _places(
    """base basal basilar apex apical outer inner window segment cortical vessel capsule corpus quadrant muscle
    subcutaneous airway canal septum lobe hemisphere vertex styloid oclock frontal node lymph duct
    tuberosity chest abdomen pelvis neck soft intracranial medulla facial ventral plateau convexity tissue"""
)
# Words so wide that naming one of their organs does not name them.
BROAD = frozenset({"abdomen", "intraabdominal", "chest"})
# Words of places so wide that they place nothing beside a narrower one ("temporal bone").
WIDE = frozenset({"bone", "joint", "base"})
_REGIONS = {
    "cervical": "cervical",
    "c": "cervical",
    "chest": "thoracic",
    "t": "thoracic",
    "lumbar": "lumbar",
    "l": "lumbar",
}
_SPINAL = re.compile(r"[ctls]\d{1,2}(?:-[ctls]\d{1,2})?")


@lru_cache(maxsize=8192)
def is_level(word: str) -> bool:
    """Whether a canonical word is a vertebra or a disc level ("l4", "l4-l5")."""
    return _SPINAL.fullmatch(word) is not None


def spinal_region(words: Iterable[str]) -> set[str]:
    """The regions of the spine the words name, by name or by a level of it."""
    named = (_REGIONS.get(word[0] if is_level(word) else word) for word in words)
    return {region for region in named if region}


@lru_cache(maxsize=8192)
def _wider(word: str) -> frozenset[str]:
    """The word and every wider word that covers it."""
    wider = {umbrella for umbrella, members in UMBRELLAS.items() if word in members}
    wider |= {umbrella for umbrella, members in UMBRELLAS.items() if members & wider}
    if is_level(word):
        wider |= {"spine", "vertebra", *(["disc"] if "-" in word else ["bone"])}
    return frozenset(wider | {word})


def widened(words: Iterable[str]) -> set[str]:
    """The words and every wider word that covers one of them."""
    return set().union(*map(_wider, words))


def related(home: frozenset[str], places: Iterable[str]) -> bool:
    """Whether one of the places lies in one of the home words, or around it."""
    return not home.isdisjoint(widened(places)) or not widened(home).isdisjoint(places)
