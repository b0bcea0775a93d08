"""Statements: what each finding noun of a sentence says, of whatever it turns out to name."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from integration.canonical import SectionKind, Side, Status
from services.reading.rules.anatomy import ANATOMY, is_level
from services.reading.rules.called_normal import is_normal
from services.reading.rules.denying_labels import denies
from services.reading.rules.heads import DEVICES, FINDINGS
from services.reading.rules.laterality import side_of
from services.reading.rules.modifiers import Kind
from services.reading.rules.openings import side_of_opening
from services.reading.rules.places import Place, answer, place_of
from services.reading.rules.recalled import side_of_topic
from services.reading.rules.scope import Parsed, Scope
from services.reading.rules.side_words import sides_in
from services.reading.rules.tokens import Token
from services.reading.rules.topics import Topic
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import NOT_FOLLOWED, SIDES
from services.reading.rules.wordset import wordset

_STATUS = {
    Kind.NEGATED: Status.ABSENT,
    Kind.RESOLVED: Status.ABSENT,
    Kind.UNCERTAIN: Status.UNCERTAIN,
    Kind.VERSUS: Status.UNCERTAIN,
    Kind.UNASSESSED: Status.UNCERTAIN,
    Kind.HYPOTHETICAL: Status.NOT_MENTIONED,
    Kind.HISTORY: Status.NOT_MENTIONED,
    Kind.OTHER_PERSON: Status.NOT_MENTIONED,
    Kind.PRIOR: Status.NOT_MENTIONED,
}
_ANSWERS = (
    (Status.ABSENT, wordset("none no absent negative nil without")),
    (
        Status.PRESENT,
        wordset(
            """present yes positive mild moderate severe small large trace minimal stable unchanged left right bilateral
            tiny multiple one two three several few"""
        ),
    ),
    (Status.UNCERTAIN, wordset("possible probable likely suspected equivocal questionable")),
)
_ANSWER_WORDS = 8
# Answers that tell nothing of a device.
_UNTOLD = wordset("n na not see as please for unknown")
# A call told of behind the thing it is about: "L EDH: d/w neurosurgery".
_CALLED = wordset("d/w discussed phoned called informed notified bleeped paged relayed communicated referred accepted")
_MEASURES = wordset("maximum maximal diameter measures measuring approximately length")
# Said of the thing named before: "small on the left, NONE on the right".
ABSENT_THERE = wordset("none nil")
QUALIFIERS = wordset(
    """large sizable sizeable significant acute displaced discrete new other additional focal recurrent residual
    drainable obstructing enlarging definite tension moderate high grade severe critical further measurable aggressive
    enhancing suspicious gross pathologically remaining otherwise destructive lytic blastic solid calcified"""
)
# A denial of one of these leaves what is known or expected.
_BUT_KNOWN = wordset("new unexpected")
# "No other fracture" speaks of the rest and presupposes one.
_OF_THE_REST = wordset("other additional further elsewhere else")
_ELSEWHERE = wordset("elsewhere else")
# "Hydrocele: no change" says that it is there.
_SAME = wordset("change increase decrease progression")
_DONE = re.compile(
    r"\w+(?:otomy|ectomy|ostomy|plasty|desis)|surgery|fusion|repair|replacement|placement|graft|shunt|stent|holes?"
    r"|clipping|coiling|stenting|resection|excision|bypass|cabg|evacuation|acdf|plif|tlif|alif|xlif"
)


# What becomes of a device, and how far from its name that is said.
_COMPLICATIONS = wordset(
    "loose loosening loosened rupture ruptured migration migrated kinking kinked malposition failure"
)
_COMPLICATED = 6
_COMPONENTS = wordset("component components")
_BESIDE = wordset("underlying overlying beneath under to along at near adjacent below")
_OPERATION = re.compile(
    r"\w+ectomy|\w+otomy|resection|debulking|\w*shunt|clipping|coiling|embolisation|embolization|radiotherapy"
    r"|radiosurgery|chemotherapy|chemoradiation|chemoradiotherapy"
)
_OPERATED = 6
_DISEASES = wordset(
    """carcinoma adenocarcinoma cancer ca malignancy tumor neoplasm sarcoma melanoma lymphoma dcis glioma meningioma
    metastasis appendicitis diverticulitis cholecystitis stone gallstones endometriosis fibroid perforation torsion"""
)
# Words after a finding in which what becomes of it may be told.
_LASTING = 10
_BREAKING = wordset("wire wires cerclage lead leads")
_HOLDING_AIR = wordset("bowel stomach colon fundus loop haustral")
# Words before it in which a side may be told by it.
_SIDE_BEFORE = 3
# A bleed "that ENLARGES on delayed images" makes no organ large.
_LEAKING = wordset("contrast blush extravasation extravasated leak pooling jet")
_LEAKED = 6
_CERVICAL = wordset("atlas axis dens vertebra facet screw")
_INNER = wordset("within in of around involving to from surrounding along")
_KNOWN = wordset("the this these")
_BEFORE = wordset("prior previous past earlier")
# An infection that is called so has left its calcified trace.
_SCARRED = _BEFORE | wordset("old remote healed chronic granulomatous resolved treated")
_HEADING = wordset("devices device lines tubes support and apparatus catheters hardware other")
_OR = wordset("or and/or")
# Words after "or" that may name the other of two.
_CHOSEN = 5


# Who is named by what they treat: "the stroke team", "fracture clinic".
_SERVICES = wordset(
    """team teams service services clinic clinics unit pathway surveillance screening mdt registrar nurse coordinator
    guideline guidelines programme program protocol physician neurology alert fellow consultant resident attending
    doctor specialist ward code call office pager"""
)


class Statement(NamedTuple):
    """What a sentence says of the thing its token `at` names: where, on which side, and whether it is there.

    `place`: its noun phrase and the places said of it. `side`: the side said of it, the exam's not counted.
    `rule`: the kind of modifier that decided; `scope`: that modifier's reach. `qualifying`: the words before it from
    its noun phrase or denial on. `of_the_rest`: only something further is denied.
    """

    parsed: Parsed
    at: int
    place: Place
    scope: Scope | None
    status: Status
    rule: str
    side: Side | None
    qualifying: frozenset[str]

    @property
    def is_weak(self) -> bool:
        """Whether it denies what is new only, or says that it could not be assessed."""
        new = self.status is Status.ABSENT and not _BUT_KNOWN.isdisjoint(self.qualifying)
        return new or (self.scope is not None and self.scope.kind is Kind.UNASSESSED)

    @property
    def of_the_rest(self) -> bool:
        """Whether only something further is denied."""
        if self.scope is None:
            return False
        tokens = self.parsed.sentence.tokens
        before = tokens[self.scope.hit.start : self.at]
        after = tokens[self.at : self.at + _ANSWER_WORDS]
        further = not _OF_THE_REST.isdisjoint([token.text for token in before])
        return further or not _ELSEWHERE.isdisjoint([token.text for token in after])

    def denied(self) -> Statement:
        """The same, denied."""
        return self._replace(status=Status.ABSENT, rule="negated", scope=None)

    def aside(self, words: frozenset[str]) -> Statement:
        """The same without the modifiers that are words of the finding's own name."""
        scope = self.parsed.deciding(self.at, words)
        return self if scope is self.scope else _stated(self.parsed, self.at, self.place, scope, self.side)


def state(parsed: Parsed, at: int, topic: Topic) -> Statement | None:
    """What is said of the thing token `at` names; None where it is only presupposed or called normal."""
    scope = parsed.deciding(at)
    if _presupposed(parsed, at, scope) or _is_heading(parsed, at) or _tells_side(parsed, at):
        return None
    place = place_of(parsed, at, topic)
    if scope is None and is_normal(parsed, at, place):
        return None
    told = side_of_topic(parsed, at, place, topic) or side_of_opening(parsed.sentence.tokens, place, topic)
    return _stated(parsed, at, place, scope, None if _is_landmark(parsed, at) else told)


def _is_heading(parsed: Parsed, at: int) -> bool:
    """Whether the noun only heads a part of the report: "DEVICES: left PICC"."""
    label = parsed.sentence.tokens[: parsed.sentence.label]
    return at < len(label) and all(token.text in _HEADING or not token.text[0].isalpha() for token in label)


def elided(parsed: Parsed, at: int, heads: AbstractSet[str], topic: Topic) -> Statement | None:
    """What "none ON THE RIGHT" denies there: the thing named last before it; None where nothing was."""
    tokens = parsed.sentence.tokens
    if [token.text for token in tokens[at + 1 : at + 2]] not in (["on"], ["at"], ["in"]):
        return None
    side = sides_in(tokens[at + 1 : at + 4])
    head = next((back for back in range(at - 1, -1, -1) if heads & set(tokens[back].canon)), None)
    if head is None or side is None:
        return None
    place = place_of(parsed, head, topic)
    return Statement(parsed, head, place, None, Status.ABSENT, "negated", side, frozenset())


def _tells_side(parsed: Parsed, at: int) -> bool:
    """Whether the thing only says on which side another is: "on THE SIDE OF THE MASS", "same side as the fractures"."""
    tokens = parsed.sentence.tokens
    if at < _SIDE_BEFORE:
        return False
    place = at - 2 if tokens[at - 2].text in ("of", "as") else at - 3
    return tokens[place].text in ("of", "as") and tokens[place - 1].canon[0] == "side"


def _is_landmark(parsed: Parsed, at: int) -> bool:
    """Whether the thing only says where another lies: "enhancement UNDERLYING THE craniotomy"."""
    before = [token.text for token in parsed.sentence.tokens[max(0, at - 2) : at]]
    return before[1:] == ["the"] and before[0] in _BESIDE


def _stated(parsed: Parsed, at: int, place: Place, scope: Scope | None, told: Side | None) -> Statement:
    status, rule = _judge(parsed, at, scope, place.last)
    start = min(place.first, scope.hit.start) if scope and scope.hit.trigger.forward else place.first
    qualifying = frozenset([token.text for token in parsed.sentence.tokens[start:at]])
    return Statement(parsed, at, place, scope, status, rule, _side(parsed, at, place) or told, qualifying)


def _side(parsed: Parsed, at: int, place: Place) -> Side | None:
    side = side_of(parsed, at, (place.first, place.last))
    if at >= parsed.sentence.label:
        return side
    told = parsed.sentence.tokens[parsed.sentence.label :]
    return sides_in(told if told and told[0].text == "the" else answer(parsed)) or side


def is_another_thing(tokens: tuple[Token, ...], at: int, word: str) -> bool:
    """Whether it only looks like a finding: "mass effect" is no mass, the stroke team no stroke, a removal no drain."""
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if tokens[at].text == "enlarges" and any(token.text in _LEAKING for token in tokens[max(0, at - _LEAKED) : at]):
        return True
    if (
        following in _SERVICES
        or following == "removal"
        or _is_of_device(tokens, at)
        or _is_lateral_mass(tokens, at)
        or _is_contained(tokens, at)
    ):
        return True
    blocked = NOT_FOLLOWED.get(word, frozenset())
    after = at + 2 if at + 2 < len(tokens) and tokens[at + 1].text in ("in", "of") else at + 1
    return after < len(tokens) and not blocked.isdisjoint(tokens[after].canon)


def _is_of_device(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether a wire is broken and no bone: "FRACTURE OF the second median sternotomy WIRE"."""
    if "fracture" not in tokens[at].canon or [token.text for token in tokens[at + 1 : at + 2]] != ["of"]:
        return False
    return any(token.text in _BREAKING for token in tokens[at + 2 : at + _LASTING - 2])


def _is_contained(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether it is the air of what always holds some: "BOWEL GAS beneath the right hemidiaphragm"."""
    if "air" not in tokens[at].canon:
        return False
    before = tokens[at - 1].canon if at else ()
    return not _HOLDING_AIR.isdisjoint(before) or _lies_in(tokens[at + 1 : at + _LASTING])


def _lies_in(after: tuple[Token, ...]) -> bool:
    """Whether what follows says that it is inside one: "air under the left dome IS IN THE STOMACH"."""
    texts = [token.text for token in after]
    start = next((place for place, text in enumerate(texts) if text in ("is", "lies")), len(texts))
    told = after[start + 1 :]
    return [token.text for token in told[:1]] in (["in"], ["within"]) and any(
        not _HOLDING_AIR.isdisjoint(token.canon) for token in told
    )


def _is_lateral_mass(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether it is a part of a vertebra: "fracture of the LATERAL MASS of C1"."""
    if tokens[at].text not in ("mass", "masses") or at == 0 or tokens[at - 1].text != "lateral":
        return False
    near = tokens[max(0, at - _COMPLICATED) : at + 4]
    return any(is_level(word) or word in _CERVICAL for token in near for word in token.canon)


def _presupposed(parsed: Parsed, at: int, scope: Scope | None) -> bool:
    """ "No hemorrhage within the lesion" denies no lesion."""
    if scope is None or scope.kind is not Kind.NEGATED or not scope.hit.trigger.forward:
        return False
    texts = [token.text for token in parsed.sentence.tokens[scope.start : at]]
    return any(texts[number] in _INNER and texts[number + 1] in _KNOWN for number in range(1, len(texts) - 1))


def _judge(parsed: Parsed, at: int, scope: Scope | None, last: int) -> tuple[Status, str]:
    if _is_treated(parsed, at):
        return Status.NOT_MENTIONED, "history"
    if at < parsed.sentence.label:
        return (Status.NOT_MENTIONED, "label") if _is_other_choice(parsed, at) else _answer(parsed, at, scope)
    if (scope is None or scope.kind is Kind.UNCERTAIN) and _is_earlier(parsed, at):
        return Status.NOT_MENTIONED, "history"
    if scope is None and denies(parsed.sentence):
        return Status.ABSENT, "label-negated"
    if scope is None:
        return (Status.UNCERTAIN, "alternative") if _is_alternative(parsed, at, last) else (Status.PRESENT, "asserted")
    if scope.kind is Kind.HISTORY and _is_done(parsed, at, scope):
        return Status.PRESENT, "procedure"
    if scope.kind is Kind.UNCERTAIN and _is_doubted_of(parsed, at):
        return Status.PRESENT, "asserted"
    return _STATUS[scope.kind], scope.kind.value


def _is_earlier(parsed: Parsed, at: int) -> bool:
    """Whether an inflammation is one of before: "PRIOR appendicitis", "sequelae of OLD granulomatous infection"."""
    tokens = parsed.sentence.tokens
    before = [token.text for token in tokens[max(0, at - 2) : at]]
    if "infection" in tokens[at].canon:
        return not _SCARRED.isdisjoint(before)
    told = before[-1:] if before and not before[-1].isalpha() else before
    return tokens[at].text.endswith("itis") and not _BEFORE.isdisjoint(told)


def _is_treated(parsed: Parsed, at: int) -> bool:
    """Whether it is what an operation was done for: "right lumpectomy 2016 FOR DCIS", "nephrectomy (RCC)"."""
    tokens = parsed.sentence.tokens
    back = next((place for place in range(at - 1, max(-1, at - 4), -1) if tokens[place].text in ("for", "(")), 0)
    if tokens[back].text == "(" and not _is_disease(tokens[back + 1 : at + 2]):
        return False
    before = tokens[max(parsed.sentence.label, back - _OPERATED) : back]
    return any(_OPERATION.fullmatch(token.text) for token in before) and not any(
        token.text in FINITE for token in before
    )


def _is_disease(bracket: tuple[Token, ...]) -> bool:
    """Whether a bracket names nothing but what was operated on: "nephrectomy (RCC)", and no "(small seroma)"."""
    *said, last = bracket
    named = any(not _DISEASES.isdisjoint(token.canon) for token in said)
    return named and (last.text == ")" or last.text.isdigit())


def _is_doubted_of(parsed: Parsed, at: int) -> bool:
    """Whether the doubt is of what became of a device, which is there: "possible LOOSENING of the tibial component"."""
    tokens = parsed.sentence.tokens
    if DEVICES.isdisjoint(tokens[at].canon) and tokens[at].text not in _COMPONENTS:
        return False
    near = tokens[max(0, at - _COMPLICATED) : at + 3]
    return any(token.text in _COMPLICATIONS for token in near)


def _is_done(parsed: Parsed, at: int, scope: Scope) -> bool:
    """ "Status post craniotomy" asserts the craniotomy."""
    after = scope.hit.trigger.words[0] in ("status", "s/p")
    return after and _DONE.fullmatch(parsed.sentence.tokens[at].text) is not None


def _is_other_choice(parsed: Parsed, at: int) -> bool:
    """Whether the answer names another of the label's things: "Masses/cysts: 18 mm simple cyst"."""
    tokens, label = parsed.sentence.tokens, parsed.sentence.label
    told = {word for token in tokens[label:] for word in token.canon}
    if not DEVICES.isdisjoint(tokens[at].canon):
        return told.isdisjoint(tokens[at].canon) and not DEVICES.isdisjoint(told)
    named = [token for token in tokens[:label] if not FINDINGS.isdisjoint(token.canon)]
    return told.isdisjoint(tokens[at].canon) and any(not told.isdisjoint(token.canon) for token in named)


def _answer(parsed: Parsed, at: int, scope: Scope | None) -> tuple[Status, str]:
    """A label that names the finding is answered by the first word after it: "Pneumothorax: none"."""
    tokens, label = parsed.sentence.tokens, parsed.sentence.label
    if scope is not None and scope.hit.start >= label:
        return _STATUS[scope.kind], f"label-{scope.kind.value}"
    first = tokens[label].text if label < len(tokens) else ""
    if first == "no" and len(tokens) - label > _ANSWER_WORDS:
        return Status.NOT_MENTIONED, "label"
    if first == "no" and not _SAME.isdisjoint([token.text for token in tokens[label + 1 : label + 4]]):
        return Status.PRESENT, "label"
    if first == "the" and len(tokens) > label + 2 and tokens[label + 1].text in SIDES:
        first = tokens[label + 1].text
    known = next((status for status, words in _ANSWERS if first in words), None)
    if known is None and first and _DONE.fullmatch(tokens[at].text) and first not in _UNTOLD:
        return Status.PRESENT, "label"
    if known is None and parsed.sentence.kind is SectionKind.IMPRESSION and first and first not in _UNTOLD:
        return Status.PRESENT, "label"
    told = label < len(tokens) and (
        first[0].isdigit()
        or first in _MEASURES
        or first in _CALLED
        or first in SIDES
        or bool(ANATOMY & set(tokens[label].canon))
    )
    return known or (Status.PRESENT if told or _lies(tokens, at, first) else Status.NOT_MENTIONED), "label"


def _lies(tokens: tuple[Token, ...], at: int, first: str) -> bool:
    """Whether a device's label is answered by how it runs or lies: "Enteric tube: COURSES below the diaphragm"."""
    return not DEVICES.isdisjoint(tokens[at].canon) and first.isalpha() and first not in _UNTOLD


def _is_alternative(parsed: Parsed, at: int, last: int) -> bool:
    """ "Atelectasis or consolidation", asserted, is a choice between two; its noun phrase ends at `last`."""
    tokens = parsed.sentence.tokens
    if at + 1 < len(tokens) and tokens[at + 1].text in _OR:
        return True
    if at < last < len(tokens) and tokens[last].text in _OR and "due" not in [each.text for each in tokens[at:last]]:
        return any(not FINDINGS.isdisjoint(token.canon) for token in tokens[last + 1 : last + _CHOSEN])
    return any(tokens[before].text in _OR for before in range(max(0, at - 3), at))
