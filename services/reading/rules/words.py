"""Word forms of radiology English: which spellings are one word, and what kind of word it is.

Written for this project from general radiological usage; anatomy terms follow the Terminologia Anatomica's
English names.
"""

from __future__ import annotations

from services.reading.rules.wordset import wordset

BRITISH = (("ae", "e"), ("oe", "e"), ("isation", "ization"), ("litre", "liter"))


def _forms(table: str) -> dict[str, str]:
    """ "canonical: form form" lines into form → canonical."""
    forms = {}
    for line in table.strip().splitlines():
        canon, _, rest = line.partition(":")
        forms[canon.strip()] = canon.strip()
        forms.update(dict.fromkeys(rest.split(), canon.strip()))
    return forms


FORMS = _forms(
    """
enlarge: enlarged enlargement enlarging megaly prominent prominence
dilate: dilated dilatation dilation dilatations dilating ectatic ectasia distended distention distension
thicken: thickened thickening thickenings
narrow: narrowed narrowing narrowings stenosis stenoses stenotic stenosed
widen: widened widening
elevate: elevated elevation raised
collapse: collapsed collapses
displace: displaced displacement
dislocate: dislocated dislocation dislocations
sublux: subluxed subluxation subluxations
fracture: fractured fractures fx fxs
herniate: herniated herniation herniations hernias hernia
protrusion: protrusions protruding
extrusion: extrusions extruded
bulge: bulging bulges bulged
degenerate: degenerative degeneration degenerated degenerating
calcify: calcs calc calcified calcification calcifications calcific calcify calcium
stone: stones calculus calculi lithiasis concretion concretions
bleed: bleeding bleeds hemorrhage hemorrhages hemorrhagic haemorrhage haemorrhages haemorrhagic
hematoma: hematomas haematoma haematomas
infarct: infarcts infarction infarctions infarcted lacune lacunes
ischemia: ischemic ischaemic ischaemia
nodule: nodules nodular nodularity
mass: masses
lesion: lesions
tumor: tumors tumour tumours neoplasm neoplasms neoplastic
cyst: cysts cystic
opacity: opacities opacification opacifications opacified density densities
consolidate: consolidation consolidations consolidated consolidative airspace
infiltrate: infiltrates infiltration
effusion: effusions
edema: edematous oedema oedematous
metastasis: metastases metastatic mets
emphysema: emphysematous
fibrosis: fibrotic
atelectasis: atelectases atelectatic
scar: scars scarring scarred
inflame: inflamed inflammation inflammatory
obstruct: obstructed obstruction obstructions obstructing obstructive
perforate: perforated perforation perforations
embolus: emboli embolism embolisms embolic
thrombus: thrombi thrombosis thromboses thrombosed thrombotic
dissect: dissection dissections dissected dissecting
occlude: occluded occlusion occlusions occlusive
rupture: ruptured ruptures
tear: tears torn tearing
sprain: sprains sprained
compress: compression compressed compressing compressions
impinge: impingement impinges impinging
fat: fatty fats
air: gas airs
fluid: fluids
tube: tubes tubing
line: lines
catheter: catheters
lead: leads
wire: wires
clip: clips
device: devices
pacemaker: pacemakers
shift: shifted shifts
distort: distorted distortion distortions
asymmetry: asymmetries asymmetric asymmetrical
enhance: enhancement enhancing enhances enhanced
erode: erosion erosions erosive eroded
abnormality: abnormalities
deformity: deformities deformed
osteophyte: osteophytes osteophytic osteophytosis spur spurs spurring
abscess: abscesses
diverticulum: diverticula diverticulosis
diverticulitis:
granuloma: granulomas granulomata granulomatous
hemangioma: hemangiomas haemangioma haemangiomas
aneurysm: aneurysms aneurysmal
hyperintensity: hyperintensities hyperintense
hypodensity: hypodensities hypodense hypoattenuation hypoattenuating lucency lucencies lucent hypoattenuated
hyperdensity: hyperdensities hyperdense hyperattenuation hyperattenuating
plaque: plaques
contusion: contusions contused
laceration: lacerations lacerated
microcalcification: microcalcifications
sclerosis: sclerotic
atrophy: atrophic
stricture: strictures
varix: varices variceal
pseudocyst: pseudocysts
collection: collections
loss: lost
congest: congestion congested
free: freely
patent: patency
lung: lungs pulmonary lungfield
pleura: pleural pleurae
heart: cardiac cardiomediastinal
pericardium: pericardial
mediastinum: mediastinal
hilum: hilar hila hilus
aorta: aortic
artery: arteries arterial
vein: veins venous
vessel: vessels vascular vasculature
liver: hepatic
spleen: splenic
kidney: kidneys renal
pancreas: pancreatic
gallbladder: gallbladders
bile: biliary
duct: ducts ductal
bowel: bowels intestine intestinal intestines
colon: colonic
stomach: gastric
esophagus: esophageal oesophagus oesophageal
appendix: appendiceal
bladder:
uterus: uterine
endometrium: endometrial
myometrium: myometrial
adhesion: adhesions adhesional adhesive
epidural: extradural
pubis: pubic
ramus: rami
cortical: cortex cortices
thin: thinned thinning
cavity: cavities cavitary cavitation cavitating cavitated
attenuation:
globe: globes
ampulla: ampullary
compartment: compartments compartmental
ovary: ovaries ovarian adnexa adnexal
prostate: prostatic
adrenal: adrenals
ureter: ureters ureteral ureteric
thyroid:
brain: cerebral intracerebral
ventricle: ventricles ventricular
cerebellum: cerebellar
skull: calvarium calvarial cranial
sinus: sinuses
mastoid: mastoids
orbit: orbits orbital
spine: spinal
cord:
canal: canals
foramen: foramina foraminal neuroforaminal neuroforamina neuroforamen
disc: disk disks discs discal
vertebra: vertebrae vertebral
endplate: endplates
facet: facets
ligament: ligaments ligamentous
meniscus: menisci meniscal
tendon: tendons tendinous
muscle: muscles muscular
joint: joints articular
bone: bones bony osseous skeletal
rib: ribs costal
clavicle: clavicles clavicular
scapula: scapulae scapular
sternum: sternal
humerus: humeral
radius: radial
ulna: ulnar
femur: femoral femurs
tibia: tibial
fibula: fibular
patella: patellar
pelvis: pelvic
hip: hips
knee: knees
ankle: ankles
wrist: wrists
elbow: elbows
shoulder: shoulders
finger: fingers
toe: toes
breast: breasts
nipple: nipples
skin: cutaneous
node: nodes nodal
lobe: lobes lobar
diaphragm: diaphragms diaphragmatic hemidiaphragm hemidiaphragms
abdomen: abdominal
chest: thorax thoracic
lumbar:
cervical:
sacrum: sacral
peritoneum: peritoneal intraperitoneal
tonsil: tonsillar tonsils
carpal: carpals
metacarpal: metacarpals
metatarsal: metatarsals
phalanx: phalanges phalangeal
malleolus: malleolar malleoli
trachea: tracheal
bronchus: bronchi bronchial
acetabulum: acetabular
scaphoid: scaphoids
calcaneus: calcaneal
coronary: coronaries
carotid: carotids
meninges: meningeal leptomeningeal dural
retropulsion: retropulsed
pneumothorax: pneumothoraces ptx
focus: foci focal-area
ascites:
hydronephrosis: hydronephrotic
axilla: axillary axillae
atrium: atrial
effacement: effaced effacing
swelling: swollen
blunting: blunted
flattening: flattened
hemisphere: hemispheric hemispheres
sulcus: sulci sulcal
disease: diseases
change: changes changed
process: processes
hyperinflation: hyperinflated hyperexpanded hyperexpansion
atherosclerosis: atherosclerotic
cirrhosis: cirrhotic
osteopenia: osteopenic
scoliosis: scoliotic
demyelinate: demyelinating demyelination
arthritis: arthritic
tortuosity: tortuous
engorgement: engorged
umbilicus: umbilical
thalamus: thalamic thalami
pons: pontine
hippocampus: hippocampal hippocampi
insula: insular
callosum: callosal
conus: conal
maxilla: maxillary
ethmoid: ethmoidal
sphenoid: sphenoidal
acromion: acromial
talus: talar
navicular: navicularis
trochanter: trochanteric
condyle: condylar condyles
thyroid: thyroidal
ileum: ileal
jejunum: jejunal
duodenum: duodenal
cecum: cecal
sigmoid: sigmoidal
rectum: rectal
testis: testicular testes
ganglia: ganglion
listhesis: spondylolisthesis anterolisthesis retrolisthesis
"""
)

SIDES: dict[str, str] = {
    "left": "left",
    "right": "right",
    "bilateral": "bilateral",
    "bilaterally": "bilateral",
    "bilat": "bilateral",
    "both": "bilateral",
    "biapical": "bilateral",
    "b/l": "bilateral",
    "lt": "left",
    "rt": "right",
    "bibasilar": "bilateral",
    "bibasal": "bilateral",
    "bihilar": "bilateral",
    "lll": "left",
    "lul": "left",
    "rll": "right",
    "rul": "right",
    "rml": "right",
    "lingula": "left",
    "lingular": "left",
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
    "acute": frozenset({"chronic", "old", "healed", "remote", "subacute", "prior", "healing"}),
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
# Blood in one of these is not blood in another.
COMPARTMENTS = wordset("epidural subdural subarachnoid intraventricular intraparenchymal scalp subgaleal canal foramen")
# "subcutaneous emphysema" is not emphysema: a head after one of these is another thing, unless they are needed.
NOT_AFTER: dict[str, frozenset[str]] = {
    "emphysema": frozenset({"subcutaneous", "tissue", "orbit", "mediastinum"}),
    "loss": frozenset({"disc"}),
    "height": frozenset({"disc"}),
    "effusion": frozenset({"mastoid"}),
    "lesion": frozenset({"matter"}),
}
# Ventricles that are wide because the brain has shrunk are no hydrocephalus.
EX_VACUO = dict.fromkeys(
    ("enlarge", "dilate"), wordset("atrophy loss involutional vacuo commensurate proportionate sulcus involution")
)
# "mass effect" is not a mass: a head followed by one of these is another thing.
NOT_FOLLOWED: dict[str, frozenset[str]] = {
    "mass": frozenset({"effect"}),
    "fluid": frozenset({"level", "collection"}),
    "nodule": frozenset({"contour", "surface", "liver", "hypertrophy", "hyperplasia"}),
    "disc": frozenset({"space", "height"}),
    "hardware": frozenset({"complicate", "failure", "loosening", "fracture"}),
    "air": frozenset({"trapping", "bronchogram", "space", "filled", "cell"}),
}
