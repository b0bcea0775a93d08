"""How far a modifier reaches, and which modifier decides about a finding."""

from __future__ import annotations

from typing import NamedTuple

from integration.canonical import SectionKind
from services.reading.rules.clauses import STRONG, Clause, clauses, shares_object
from services.reading.rules.doubts import asked_of, goes_on, is_choice, is_given, is_of_second
from services.reading.rules.heads import AMBIGUOUS_HEADS, GENERIC_HEADS, LESIONS
from services.reading.rules.modifiers import FILLERS, Hit, Kind, Trigger, find
from services.reading.rules.own_subjects import SIZES, has_own_subject, own_cause, own_part, own_remark, subject_start
from services.reading.rules.past import is_found_after, was_before
from services.reading.rules.sentences import Sentence
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.wordset import wordset

_POSITIVE_START = wordset(
    """small moderate large mild minimal trace tiny stable unchanged new there the a an heart mildly moderately
    persistent persisting increased decreased severe marked markedly slight slightly but with mild subtle
    extensive this these improved worsening multiple several few scattered some unremarkable normal clear
    both findings appearance appearances features"""
)
_CONCLUDING = wordset("suggest indicate suspect represent warrant")
_OR = wordset("or nor and/or")
_LINKS = wordset("to would could might that which")
_BEFORE_SIZES = FILLERS | FINITE | wordset("or nor and , of for no without not any new")
_NATURES = wordset("benign reactive physiologic chronic old degenerative postoperative postsurgical incidental")
# "Moderate, LIKELY HEMORRHAGIC effusion": after a comma, between what describes a thing and its noun.
_KINDS = _NATURES | wordset(
    """hemorrhagic haemorrhagic loculated necrotic metastatic malignant neoplastic parapneumonic infected infectious
    inflammatory cystic calcified exudative transudative simple complex traumatic pathologic pathological embolic
    obstructive recurrent residual primary septic fibrotic congenital"""
)
_DOUBTS = wordset("likely probably possibly presumably")
_DESCRIBED = SIZES | wordset(
    "cm mm large new mild moderate marked dense focal round rounded solid cystic irregular ill-defined stable unchanged"
)
_NOUNS = AMBIGUOUS_HEADS | GENERIC_HEADS
# Longer than this without a comma is dictation without punctuation.
_DICTATED = 25
_REMARKS = wordset("opacity calcify thicken effusion edema atelectasis degenerate dilate enlarge herniate narrow")
_STOPPERS = STRONG | frozenset({"which", "however", "despite", "notwithstanding"})
# A denial ends before what is said to be there: "no hemorrhage into the KNOWN cyst", "and POSITIVE for sludge".
_GIVEN = wordset("known existing preexisting positive")
# After a comma: what was denied before means this.
_MEANING = wordset("consistent compatible keeping diagnostic indicating representing reflecting confirming")
_WHOLE_CLAUSE = frozenset({Kind.HYPOTHETICAL, Kind.PRIOR, Kind.HISTORY, Kind.OTHER_PERSON})
_EXAMS = wordset(
    """ct mri mr ultrasound sonography radiograph radiographs xray imaging biopsy correlation follow followup
    consultation mrcp pet angiography cta evaluation sampling aspiration echocardiogram echocardiography
    colonoscopy endoscopy scan study examination exam surveillance mammogram mammography views reimaging
    repeat referral"""
)
_TREATMENTS = wordset(
    """decompression fusion laminectomy discectomy microdiscectomy vertebroplasty kyphoplasty arthroplasty replacement
    fixation stenting nailing orif tkr thr tka tha drainage removal surgery cholecystectomy appendicectomy appendectomy
    catheterisation catheterization nephrostomy embolisation embolization repair resection excision"""
)
_NO_EXAM = wordset("pneumonia pneumonitis bronchiolitis")
_BACK_STOPS = {
    Kind.VERSUS: wordset(", and for represent reflect reflecting representing with from or :") | FINITE,
    Kind.HYPOTHETICAL: wordset(", which that with and given ;"),
}
# "The opacity IS pneumonia until proven otherwise" doubts no opacity.
_PROVEN_STOPS = FINITE | wordset("considered representing reflecting")
# Before its verb a clause of these has no subject of its own and shares that of the clause before.
_SUBJECTLESS = FINITE | wordset("and but although though , also now still")
# "Not seen but cannot be excluded" is open.
_REOPENING = (Kind.UNCERTAIN, Kind.UNASSESSED)
_ORDER = (
    Kind.OTHER_PERSON,
    Kind.HYPOTHETICAL,
    Kind.HISTORY,
    Kind.RESOLVED,
    Kind.PRIOR,
    Kind.UNASSESSED,
    Kind.NEGATED,
    Kind.VERSUS,
    Kind.UNCERTAIN,
)


_CONCLUSIONS = frozenset({SectionKind.IMPRESSION, SectionKind.RECOMMENDATION, SectionKind.ADDENDUM})
_PURPOSE = Trigger(("for",), Kind.HYPOTHETICAL, True, False)
# Words between an exam that is asked for and what it is for, at most.
_ASKED = 12
_OPENING = 2
# Words of what it is for, at most, and what ends them.
_LOOKED_FOR = 10
_ENDS_PURPOSE = wordset(": ; , . no without there but")
_EARLIER = wordset(
    """prior previous previously earlier last old preoperative baseline initially originally prospectively
    preliminarily"""
)


class Scope(NamedTuple):
    """A modifier's reach: tokens [start, end); `hit` is the trigger."""

    kind: Kind
    start: int
    end: int
    hit: Hit


class Parsed(NamedTuple):
    """A sentence with its clauses and the scopes of its modifiers."""

    sentence: Sentence
    clauses: tuple[Clause, ...]
    scopes: tuple[Scope, ...]

    def clause_of(self, at: int) -> Clause:
        """The clause token `at` stands in."""
        for clause in self.clauses:
            if at < clause.end:
                return clause
        raise IndexError(at)

    def deciding(self, at: int, within: frozenset[str] = frozenset()) -> Scope | None:
        """The modifier that decides about a finding whose head is token `at`; None: it is asserted.

        A modifier made of words of the finding's own name (`within`: "absent flow void") does not count.
        """
        covering = [
            scope
            for scope in self.scopes
            if scope.start <= at < scope.end and not (within and within.issuperset(scope.hit.trigger.words))
        ]
        if len(covering) < 2:
            return covering[0] if covering else None
        reopened = [scope for scope in covering if scope.kind in _REOPENING and not scope.hit.trigger.forward]
        if reopened and all(scope.hit.start < reopened[-1].hit.start for scope in covering[:-1]):
            covering = [scope for scope in covering if scope.kind is not Kind.NEGATED]
        return min(covering, key=lambda scope: _ORDER.index(scope.kind))


def parse(sentence: Sentence) -> Parsed:
    """Clauses and scopes of one sentence."""
    parts = tuple(clauses(sentence))
    hits = find(sentence.tokens)
    scopes: list[Scope] = []
    for hit in hits:
        scope = _scope(sentence, parts, hit, hits)
        if scope and scope.start < scope.end:
            scopes.append(scope)
    purpose = _purpose(sentence)
    return Parsed(sentence, parts, (*scopes, purpose) if purpose else tuple(scopes))


def _purpose(sentence: Sentence) -> Scope | None:
    """What an exam that is asked for is to look for: "ultrasound of the hip in one week FOR EFFUSION"."""
    tokens = sentence.tokens
    texts = [token.text for token in tokens]
    # Outside of a conclusion an exam that is asked for opens its sentence.
    known = texts if sentence.kind in _CONCLUSIONS else texts[:_OPENING]
    exam = next((at for at in range(len(known)) if _is_exam(tokens, at)), len(texts))
    at = next((at for at in range(exam, len(texts)) if texts[at] == "for"), 0)
    last = min(at + _LOOKED_FOR, len(texts))
    end = next((each for each in range(at, last) if texts[each] in _ENDS_PURPOSE or texts[each] in FINITE), last)
    if not at or not FINITE.isdisjoint(texts[exam:at]) or at - exam > _ASKED:
        return None
    return Scope(Kind.HYPOTHETICAL, at + 1, end, Hit(_PURPOSE, at, at + 1))


def _scope(sentence: Sentence, parts: tuple[Clause, ...], hit: Hit, hits: list[Hit]) -> Scope | None:
    kind = hit.trigger.kind
    if kind in (Kind.PSEUDO, Kind.EXCEPT):
        return None
    if kind is Kind.NEGATED and _is_of_earlier(sentence.tokens, hit):
        return None
    # "Is unlikely TO REPRESENT" holds a verb of its own: what it reaches begins where it ends.
    own_verb = kind is Kind.UNCERTAIN and hit.trigger.forward
    anchor = max(hit.start, hit.end - 1) if own_verb else hit.start
    clause = next(part for part in parts if part.start <= anchor < part.end)
    if hit.trigger.forward:
        of_nature = _is_of_nature(sentence.tokens, hit) or _is_inserted(sentence.tokens, hit)
        if kind is Kind.UNCERTAIN and (of_nature or is_of_second(sentence.tokens, hit)):
            return None
        if hit.trigger.words == ("either",) and not is_choice(sentence.tokens, hit.start, hit.end):
            return None
        if kind is Kind.UNCERTAIN:
            hit = hit._replace(end=asked_of(sentence.tokens, hit.start, hit.end, clause.end))
        end = _forward_end(sentence.tokens, clause, hit, hits)
        return Scope(_resolved_kind(sentence.tokens, hit, end), hit.end, end, hit)
    start = _backward_start(sentence, parts, clause, hit)
    return Scope(kind, start, hit.start, hit)


def _is_asked_for(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether it is an exam or a treatment: to consider one asserts nothing."""
    return _is_exam(tokens, at) or tokens[at].text in _TREATMENTS


def _is_of_nature(tokens: tuple[Token, ...], hit: Hit) -> bool:
    """ "Probably BENIGN mass", "likely CHRONIC infarct": what is open is its nature, not that it is there."""
    following = tokens[hit.end : hit.end + 6]
    if not following or following[0].text not in _NATURES:
        return False
    return any(not LESIONS.isdisjoint(token.canon) or token.canon[-1] in GENERIC_HEADS for token in following[1:])


def _is_inserted(tokens: tuple[Token, ...], hit: Hit) -> bool:
    """Whether the hedge is one of a kind between the words that describe a thing: "a 2 cm, PROBABLY NECROTIC node"."""
    if hit.start < 2 or hit.end >= len(tokens) or tokens[hit.start].text not in _DOUBTS:
        return False
    before = tokens[hit.start - 2].text
    return tokens[hit.start - 1].text == "," and before in _DESCRIBED and tokens[hit.end].text in _KINDS


def _is_of_earlier(tokens: tuple[Token, ...], hit: Hit) -> bool:
    """ "Not seen ON THE 2019 FILM" denies it of that film and makes it new."""
    if hit.trigger.forward or tokens[hit.start].text != "not" or hit.end >= len(tokens):
        return False
    after = [token.text for token in tokens[hit.end : hit.end + 6]]
    return after[0] in _EARLIER or (
        after[0] in ("on", "in", "at") and any(word in _EARLIER or _is_year(word) for word in after)
    )


def _is_year(word: str) -> bool:
    return len(word) == 4 and word.isdigit() and word[:2] in ("19", "20")


def _is_exam(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether an exam is named; "aspiration PNEUMONIA" is none."""
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    return tokens[at].text in _EXAMS and following not in _NO_EXAM


def _resolved_kind(tokens: tuple[Token, ...], hit: Hit, end: int) -> Kind:
    """ "Consider CT for X" is a recommendation, "consider X" a differential."""
    if hit.trigger.kind is Kind.UNCERTAIN and was_before(tokens, hit.start, end):
        return Kind.PRIOR
    if hit.trigger.words[0] == "consider" and not any(_is_asked_for(tokens, at) for at in range(hit.end, end)):
        return Kind.UNCERTAIN
    if hit.trigger.words[0].startswith("suggest") and any(
        _is_exam(tokens, at) for at in range(hit.end, min(hit.end + 3, len(tokens)))
    ):
        return Kind.HYPOTHETICAL
    return hit.trigger.kind


def _forward_end(tokens: tuple[Token, ...], clause: Clause, hit: Hit, hits: list[Hit]) -> int:
    if hit.trigger.words == ("non",) and hit.start == hit.end:
        return hit.end + 1
    if hit.trigger.words in (("non",), ("un",)):
        # "Non displaced fracture" denies the displacement.
        described = hit.end < len(tokens) and tokens[hit.end].text.endswith(("ed", "ing"))
        return min(hit.end + 1 + (not described), clause.end)
    if hit.trigger.words == ("not",) and hit.start > 2 and shares_object(tokens, hit.start - 2):
        return hit.end + 1
    stops = {other.start for other in hits if other.trigger.kind is Kind.EXCEPT}
    if hit.trigger.kind is Kind.NEGATED:
        stops |= _own_remarks(tokens, hits)
    end = max(clause.end, hit.end)
    if hit.trigger.kind is Kind.NEGATED and (tail := _conclusion(tokens, hit.end)):
        return tail
    unpunctuated = hit.trigger.kind is Kind.NEGATED and _is_unpunctuated(tokens)
    for at in range(hit.end, end):
        if hit.trigger.kind is Kind.UNCERTAIN and goes_on(tokens, hit.start, hit.end, at, end):
            continue
        if at in stops or _stops(tokens, at, end, hit) or (unpunctuated and _begins_anew(tokens, hit.end, at)):
            return at
    return end


def _is_unpunctuated(tokens: tuple[Token, ...]) -> bool:
    return len(tokens) > _DICTATED and not any(token.text in (",", ";", ":") for token in tokens)


def _begins_anew(tokens: tuple[Token, ...], start: int, at: int) -> bool:
    """After a finding's noun another, or a subject: "no skull fracture OPACIFICATION of the mastoid", "THE port is"."""
    anew = tokens[at].text == "the" or tokens[at].canon[-1] in _REMARKS
    return at > start and anew and tokens[at - 1].canon[-1] in _NOUNS


def _own_remarks(tokens: tuple[Token, ...], hits: list[Hit]) -> set[int]:
    """Commas before a hedge: "no internal flow, most likely a cyst" denies no cyst."""
    hedges = {other.start for other in hits if other.trigger.kind is Kind.UNCERTAIN and other.trigger.forward}
    hedges |= {at for at, token in enumerate(tokens) if token.text in _MEANING}
    return {at for at, token in enumerate(tokens) if token.text == "," and hedges & {at + 1, at + 2}}


def _conclusion(tokens: tuple[Token, ...], start: int) -> int:
    """End of "no lesion is seen that would suggest X": the denial covers what would have been concluded; else 0."""
    verb = next((at for at in range(start, min(start + 14, len(tokens))) if tokens[at].text in _CONCLUDING), 0)
    if not verb or not _LINKS.intersection(token.text for token in tokens[max(start, verb - 2) : verb]):
        return 0
    if any(token.text in _STOPPERS - {"which"} or token.text == "," for token in tokens[start:verb]):
        return 0
    listed = any(token.text in ("or", "nor") for token in tokens[verb:])
    return next(
        (
            at
            for at in range(verb, len(tokens))
            if tokens[at].text in _STOPPERS or (tokens[at].text == "," and not listed)
        ),
        len(tokens),
    )


def _stops(tokens: tuple[Token, ...], at: int, end: int, hit: Hit) -> bool:
    word = tokens[at].text
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if word in _STOPPERS or (hit.trigger.kind is Kind.UNCERTAIN and is_given(tokens, at)):
        return True
    if hit.trigger.kind in _WHOLE_CLAUSE:
        if hit.trigger.words[0] in ("status", "s/p") and is_found_after(tokens, hit.end, at):
            return True
        return word == "," and hit.trigger.words[0] in ("if", "should", "unless", "history", "h/o")
    if word == ":" and hit.trigger.kind is Kind.NEGATED and at > hit.end:
        return tokens[at - 1].text not in ("following", "of", "for", "no")
    if word in _GIVEN and hit.trigger.kind is Kind.NEGATED:
        return True
    if word in ("and", "&") and hit.trigger.words == ("absent",):
        return True
    if word in FINITE:
        return at > hit.end
    if word == ",":
        return _comma_stops(tokens, at, end, hit)
    if word in SIZES and hit.trigger.kind is Kind.NEGATED:
        # Dictated without punctuation: "no disc extrusion mild bulges".
        return at > hit.end and tokens[at - 1].text not in _BEFORE_SIZES
    if word == "with" and tokens[at - 1].text not in _MEANING:
        own = following in _POSITIVE_START or following[:1].isdigit()
        return own or (hit.trigger.kind is Kind.UNCERTAIN and not _is_bare(tokens[at + 1 : at + 3]))
    if word == "and" and hit.trigger.kind is Kind.UNCERTAIN and following[:1].isdigit():
        return True
    return word == "and" and following in _POSITIVE_START


def _is_bare(own: tuple[Token, ...]) -> bool:
    """Whether a noun alone follows, which shares the doubt: "suspicious for leak WITH ABSCESS"."""
    return bool(own) and own[0].canon[-1] in _NOUNS and (len(own) == 1 or not own[1].text[0].isalnum())


def _comma_stops(tokens: tuple[Token, ...], at: int, end: int, hit: Hit) -> bool:
    """A comma continues a list ("no A, B or C") and ends the reach before a remark of its own ("no A, small B")."""
    rest = [token.text for token in tokens[at + 1 : end]]
    listed = not _OR.isdisjoint(rest)
    if hit.trigger.kind in (Kind.NEGATED, Kind.RESOLVED) and not hit.trigger.near:
        measured = rest[1:2] in (["mm"], ["cm"]) and rest[0][0].isdigit()
        return not listed and bool(rest) and (measured or rest[0] in _POSITIVE_START)
    if hit.trigger.near:
        return not (listed or "vs" in rest or "versus" in rest)
    return not (listed or "and" in rest or "vs" in rest or "versus" in rest)


def _backward_start(sentence: Sentence, parts: tuple[Clause, ...], clause: Clause, hit: Hit) -> int:
    tokens = sentence.tokens
    start = clause.start
    if clause.start == sentence.label > 0 and hit.start - clause.start <= 1:
        # "Pneumothorax: none." - the answer reaches back over its own label.
        start = 0
    elif clause.start > sentence.label and all(
        token.text in _SUBJECTLESS for token in tokens[clause.start : hit.start]
    ):
        start = next(part.start for part in parts if part.end == clause.start)
    if hit.trigger.kind is Kind.UNCERTAIN and start >= sentence.label:
        start = own_cause(tokens, start, hit)
    own = hit.trigger.kind is Kind.NEGATED or hit.trigger.words[-1] == "excluded"
    if start >= sentence.label and (own or has_own_subject(tokens, start, hit)):
        start = own_remark(tokens, start, hit)
    start = own_part(tokens, start, hit.start)
    stops = _PROVEN_STOPS if hit.trigger.words[-1] == "otherwise" else _BACK_STOPS.get(hit.trigger.kind)
    if stops is None:
        return subject_start(tokens, start, hit.start)
    for at in range(hit.start - 1, start - 1, -1):
        if tokens[at].text in stops:
            return at + 1
    return start
