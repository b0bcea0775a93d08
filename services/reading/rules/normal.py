"""Normal statements: "the heart is normal in size" denies what the catalogue says it denies."""

from __future__ import annotations

from integration.canonical import Side, Status
from services.reading.rules.anatomy import ANATOMY, BROAD, is_level
from services.reading.rules.exam import Exam
from services.reading.rules.measured import UNITS, WIDTHS, within_limit
from services.reading.rules.mentions import Mention
from services.reading.rules.modifiers import Kind
from services.reading.rules.scope import Parsed
from services.reading.rules.sentences import Sentence
from services.reading.rules.targets import NORMAL_WORDS, Normal, Targets
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import OPPOSITES, SIDES
from services.reading.rules.wordset import wordset

_ANY = wordset(
    """normal unremarkable clear intact preserved maintained negative nondilated patent aligned anatomic located
    spared uninvolved unaffected congruent compressible antegrade seated enlocated"""
)
_PHRASES = (
    ("within", "limits"),
    ("not", "enlarged"),
    ("no", "abnormality"),
    ("not", "dilated"),
    ("no", "abnormalities"),
)
_PHRASE_ENDS = frozenset(last for _, last in _PHRASES)
_NOT_PREDICATES = wordset("within limits well")
_STATING = NORMAL_WORDS | _ANY | _PHRASE_ENDS | UNITS.keys()
_CALLING_NORMAL = _ANY | (NORMAL_WORDS - _NOT_PREDICATES)
_AFTER = wordset("with without , but at although though ;")
# "Pulmonary vasculature is normal" does not speak of the lungs.
_VESSELS = wordset("vessel artery vein duct")
_LIMITING = wordset("otherwise remaining remainder rest except other save apart aside barring excepting excluding")
_LOST = wordset("loss lost straightening reversal absence flattening effacement obscuration disruption")
_SPOILING = (Kind.NEGATED, Kind.UNCERTAIN, Kind.HYPOTHETICAL, Kind.PRIOR, Kind.UNASSESSED)


def normal_mentions(parsed: Parsed, targets: Targets, exam: Exam) -> list[Mention]:
    """Denials by normal statements of the sentence, at most one a target for each clause."""
    found: list[Mention] = []
    measured = not UNITS.keys().isdisjoint([token.text for token in parsed.sentence.tokens])
    for clause in parsed.clauses:
        sized = measured and within_limit(parsed.sentence.tokens[clause.start : clause.end], parsed.sentence.context)
        if sized or _has_predicate(parsed, clause.start, clause.end):
            found += _in_clause(parsed, clause.start, clause.end, targets, exam, sized=sized)
    return found


def may_call_normal(sentence: Sentence) -> bool:
    """A quick look for what every normal statement has: a word for it, or a size."""
    return not _STATING.isdisjoint([token.text for token in sentence.tokens])


def _in_clause(parsed: Parsed, start: int, end: int, targets: Targets, exam: Exam, *, sized: bool) -> list[Mention]:
    sentence = parsed.sentence
    tokens = _about(sentence.tokens[start:end])
    if start > sentence.label and not _canon(tokens) & ANATOMY:
        tokens = (*_subject_before(sentence.tokens[sentence.label : start]), *tokens)
    said = _canon(tokens)
    own = said & ANATOMY
    if not own - sentence.context:
        said |= sentence.context
    vessels = (own or said) & _VESSELS
    narrow = bool(own - BROAD) or "wall" in said
    texts = {token.text for token in sentence.tokens[start:end]}
    levels = {word for word in said if is_level(word)} or {word for word in sentence.context if is_level(word)}
    weak = bool(texts & _LIMITING)
    found = []
    usual = sized or bool(texts & _ANY) or any(texts.issuperset(phrase) for phrase in _PHRASES)
    for number, places in sorted(_stated(targets, said).items()):
        target = targets.targets[number]
        if (target.levels and levels and not target.levels & levels) or (sized and not target.heads & WIDTHS):
            continue
        # "The posterior cruciate ligament is intact" does not speak of the anterior one.
        if any(OPPOSITES[kind] & said for kind in target.types - said):
            continue
        stated = [target.normals[place] for place in sorted(places)]
        # "The chest wall is normal" does not speak of the chest.
        stated = [normal for normal in stated if not (narrow and normal.subject <= BROAD)]
        subject = _subject(stated, said, texts, usual, vessels)
        if subject and not (weak and (target.levels or target.side)):
            side = _side(tokens, subject) or _side(sentence.context_tokens, subject)
            side = side or (exam.side if target.side else None)
            mention = Mention(number, Status.ABSENT, sentence, start, end, "normal", side, weak, True)
            found.append(mention._replace(off_side=_is_other(side, target.side)))
    return found


def _canon(tokens: tuple[Token, ...]) -> set[str]:
    return {word for token in tokens for word in token.canon}


def _subject_before(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The subject of an earlier clause, which a clause without one shares: "the lung is inflated but clear"."""
    verb = next((at for at, token in enumerate(tokens) if token.text in FINITE), 0)
    return tokens[:verb]


def _about(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """What a normal predicate is said of: the words before it, and "normal LIVER", "normal in size and shape"."""
    first = next((at for at, token in enumerate(tokens) if token.text in NORMAL_WORDS), len(tokens))
    last = first
    while last < len(tokens) and tokens[last].text not in _AFTER:
        last += 1
    return tokens[:last]


def _is_other(side: Side | None, needed: Side | None) -> bool:
    return needed is not None and side not in (None, needed, Side.BILATERAL)


def _side(tokens: tuple[Token, ...], subject: frozenset[str]) -> Side | None:
    """The side of the subject: the nearest before it ("right kidney"), else the only one there."""
    sides = {SIDES[token.text] for token in tokens if token.text in SIDES}
    if not sides or "bilateral" in sides:
        return None
    named = {
        SIDES[tokens[back].text]
        for at, token in enumerate(tokens)
        if subject & set(token.canon)
        for back in range(max(0, at - 3), at)
        if tokens[back].text in SIDES
    }
    listed = any(token.text in (",", "and") for token in tokens)
    chosen = named if named or listed else sides
    return Side(chosen.pop()) if len(chosen) == 1 else None


def _has_predicate(parsed: Parsed, start: int, end: int) -> bool:
    """Whether the clause calls something normal, and is not itself denied or hedged."""
    tokens = parsed.sentence.tokens
    for at in range(start, end):
        if tokens[at].text in _CALLING_NORMAL and not _is_what_is_lost(tokens, at):
            scope = parsed.deciding(at)
            return not (scope and scope.kind in _SPOILING)
    texts = {token.text for token in tokens[start:end]}
    return not _PHRASE_ENDS.isdisjoint(texts) and any(texts.issuperset(phrase) for phrase in _PHRASES)


def _is_what_is_lost(tokens: tuple[Token, ...], at: int) -> bool:
    """ "Straightening OF THE NORMAL lordosis" calls nothing normal."""
    before = [token.text for token in tokens[max(0, at - 3) : at]]
    return "of" in before and not _LOST.isdisjoint(before)


def _stated(targets: Targets, said: set[str]) -> dict[int, list[int]]:
    """Target number → places of the normal statements whose subject may be what the clause speaks of."""
    found: dict[int, list[int]] = {}
    for word in said & targets.by_subject.keys():
        for number, place in targets.by_subject[word]:
            found.setdefault(number, []).append(place)
    return found


def _subject(normals: list[Normal], said: set[str], texts: set[str], usual: bool, vessels: set[str]) -> frozenset[str]:
    """The subject of the first of a target's normal statements that the clause makes; empty when it makes none."""
    for normal in normals:
        if said.issuperset(normal.subject) and _holds(normal, texts, usual) and _of_vessels(normal, vessels):
            return normal.subject
    return frozenset()


def _of_vessels(normal: Normal, vessels: set[str]) -> bool:
    """Whether what is said of vessels is said of the subject: "the renal artery and VEIN are patent"."""
    return not vessels or not vessels.isdisjoint(normal.subject)


def _holds(normal: Normal, texts: set[str], usual: bool) -> bool:
    """Whether the clause's predicate is the statement's, or both are one of the usual ones."""
    if (own := normal.predicate - _NOT_PREDICATES) and own <= texts:
        return True
    return usual and bool(normal.predicate & _ANY or normal.predicate >= {"within", "limits"})
