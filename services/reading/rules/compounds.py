"""Words that stand for others: what is typed for short, and one word that says several."""

from __future__ import annotations

# What is dictated or typed for short, and the word it stands for.
ABBREVIATIONS = {
    short: word
    for line in """
normal: nl nml wnl ok okay
unremarkable: unrem unremark
abnormal: abnl
negative: neg
positive: pos
possible: poss
probable: prob
suspicious: susp
moderate: mod
calcifications: calcs
hydrocephalus: hydroceph
fracture: fxr frx
degenerative: degen
bilateral: bilat
mammogram: mammo
disease: dz
ventricles: vents
lateral: lat
small: sm
large: lg
hydronephrosis: hydro
minimal: min
atelectasis: atx atel
infiltrate: infil
metastases: mets
""".strip().splitlines()
    for word, _, shorts in [line.partition(": ")]
    for short in shorts.split()
}

COMPOUNDS: dict[str, tuple[str, ...]] = {
    "cardiomegaly": ("heart", "enlarge"),
    "hepatomegaly": ("liver", "enlarge"),
    "splenomegaly": ("spleen", "enlarge"),
    "hepatosplenomegaly": ("liver", "spleen", "enlarge"),
    "ventriculomegaly": ("ventricle", "enlarge"),
    "lymphadenopathy": ("node", "enlarge"),
    "adenopathy": ("node", "enlarge"),
    "cholelithiasis": ("gallbladder", "stone"),
    "gallstone": ("gallbladder", "stone"),
    "nephrolithiasis": ("kidney", "stone"),
    "choledocholithiasis": ("bile", "duct", "stone"),
    "microcalcification": ("microcalcification", "calcify"),
    "retrolisthesis": ("retrolisthesis", "listhesis"),
    "anterolisthesis": ("anterolisthesis", "listhesis"),
    "spondylolisthesis": ("listhesis",),
    "steatosis": ("liver", "fat", "steatosis"),
    "steatotic": ("steatosis", "fat"),
    "hepatic": ("liver",),
    "dextroscoliosis": ("scoliosis",),
    "levoscoliosis": ("scoliosis",),
    "rotoscoliosis": ("scoliosis",),
    "kyphoscoliosis": ("kyphosis", "scoliosis"),
    "hydroureteronephrosis": ("hydroureter", "hydronephrosis"),
    "avulsion": ("avulsion", "fracture"),
    "avulsed": ("avulsion", "fracture"),
    "hcc": ("hepatocellular", "carcinoma"),
    "rcc": ("kidney", "cell", "carcinoma"),
    "avm": ("arteriovenous", "malformation"),
    "sts": ("soft", "tissue", "swelling"),
    "tmj": ("temporomandibular", "joint"),
    "ac": ("acromioclavicular",),
    "mtp": ("metatarsophalangeal",),
    "mcp": ("metacarpophalangeal",),
    "cmc": ("carpometacarpal",),
    "uvj": ("ureter", "ureterovesical"),
    "upj": ("ureter", "ureteropelvic"),
    "m1": ("mca", "m1"),
    "m2": ("mca", "m2"),
    "gb": ("gallbladder",),
    "pna": ("pneumonia",),
    "ln": ("node",),
    "lns": ("node",),
    "bibasilar": ("bilateral", "basilar"),
    "biapical": ("bilateral", "apical"),
    "bihilar": ("bilateral", "hilum"),
    "nonaneurysmal": ("aneurysm",),
    "nondilated": ("dilate",),
    "undilated": ("dilate",),
    "nonenlarged": ("enlarge",),
    "unenlarged": ("enlarge",),
    "nondistended": ("dilate",),
    "nonthickened": ("thicken",),
    "hemopneumothorax": ("hemothorax", "pneumothorax"),
    "hemiarthroplasty": ("hemiarthroplasty", "arthroplasty"),
    "dvt": ("deep", "vein", "thrombus"),
    "sbo": ("small", "bowel", "obstruct"),
    "aaa": ("abdomen", "aorta", "aneurysm"),
    "ich": ("intracranial", "bleed"),
    "sah": ("subarachnoid", "bleed"),
    "sdh": ("subdural", "hematoma"),
    "edh": ("epidural", "hematoma"),
    "ivh": ("intraventricular", "bleed"),
    "iph": ("intraparenchymal", "bleed"),
    "hnp": ("disc", "herniate"),
    "ddd": ("disc", "degenerate"),
    "acl": ("anterior", "cruciate", "ligament"),
    "pcl": ("posterior", "cruciate", "ligament"),
    "mcl": ("medial", "collateral", "ligament"),
    "lcl": ("lateral", "collateral", "ligament"),
    "ica": ("internal", "carotid", "artery"),
    "rll": ("right", "lower", "lobe", "lung"),
    "rul": ("right", "upper", "lobe", "lung"),
    "rml": ("right", "middle", "lobe", "lung"),
    "lll": ("left", "lower", "lobe", "lung"),
    "lul": ("left", "upper", "lobe", "lung"),
    "cbd": ("common", "bile", "duct"),
    "svc": ("superior", "vena", "cava"),
    "ivc": ("inferior", "vena", "cava"),
    "ett": ("endotracheal", "tube"),
    "ngt": ("nasogastric", "tube"),
}
