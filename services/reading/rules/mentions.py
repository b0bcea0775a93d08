"""Where a statement names a candidate, and what it says of it."""

from __future__ import annotations

from typing import NamedTuple

from integration.canonical import SectionKind, Side, Status
from services.reading.rules.anatomy import ANATOMY, CENTRAL, JOINTS, UNPAIRED, is_level, widened
from services.reading.rules.darkness import DARK, is_of_another
from services.reading.rules.exam import Exam
from services.reading.rules.fit import SURFACES, fit, may_fit, other_kind
from services.reading.rules.heads import DEVICES, LESIONS
from services.reading.rules.lesion_sizes import LESIONS as SIZED_LESIONS
from services.reading.rules.lesion_sizes import nodule_or_mass
from services.reading.rules.measured import LARGE, MEASURED, is_called_large, is_fatty, is_large_node, oversized
from services.reading.rules.modifiers import Kind
from services.reading.rules.phrases import ORGANS
from services.reading.rules.ratios import RATIOS, ratio_says
from services.reading.rules.scope import Parsed, Scope
from services.reading.rules.sentences import Sentence
from services.reading.rules.shades import ADJECTIVE, is_adjective, qualifies, shade_of
from services.reading.rules.statements import ABSENT_THERE, QUALIFIERS, Statement, elided, is_another_thing, state
from services.reading.rules.targets import REMOVED, Pattern, Target, Targets
from services.reading.rules.tokens import Token
from services.reading.rules.topics import Topic
from services.reading.rules.two_places import is_of_neighbour
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import COMPARTMENTS, NOT_FOLLOWED, PREDICATES, SIDES
from services.reading.rules.wordset import wordset

# The rule of a mention of something like the candidate in its place: it answers no question, and no general denial
# speaks of it.
NEAR = "near"
# The rule of an assertion whose words all stand in one phrase.
_BY_NAME = "asserted/phrase"


# What is named too large by its size alone.
NAMED_BY_SIZE = MEASURED | RATIOS | SIZED_LESIONS | LARGE | {"node"}
_ONLY = wordset("only alone")
_FLAT = wordset("flat flattened flattening")
_NEAR_SURFACE = 6
# Where one of these is spoken of, bone is eroded by it, and no joint.
_DARK = wordset("hypodense hypoattenuating hypoattenuated")
_OF_WHOLE = wordset("relative compared comparison than diffusely uniformly homogeneously globally")
_INFECTED = wordset("osteomyelitis infection ulcer ulcers septic")


class Mention(NamedTuple):
    """One place that speaks of target `target`. Tokens [first, last) name it.

    `weak`: a denial of what is new only; `qualified`: the denial is of one kind, size or place only;
    `named`: by the noun of the candidate's own name; `sign`: by a sign of it only; `lesion`: as a thing that is
    there whatever it turns out to be; `own_side`: the side it says itself, the exam's not counted;
    `lent_side`: that of what is told with it, where it always has one and names none; `off_side`: it speaks of the side
    the candidate does not name, and counts only against another mention.
    """

    target: int
    status: Status
    sentence: Sentence
    first: int
    last: int
    rule: str
    side: Side | None = None
    weak: bool = False
    qualified: bool = False
    off_side: bool = False
    scope: Scope | None = None
    named: bool = True
    sign: bool = False
    lesion: bool = False
    own_side: Side | None = None
    lent_side: Side | None = None


def mentions(parsed: Parsed, targets: Targets, exam: Exam, topic: Topic) -> list[Mention]:
    """Every mention of a target in the sentence; `topic`: what its paragraph spoke of before."""
    tokens = parsed.sentence.tokens
    around = parsed.sentence.context | exam.covered
    found: list[Mention] = []
    for at, token in enumerate(tokens):
        if token.text in ABSENT_THERE and (told := elided(parsed, at, targets.by_head.keys(), topic)):
            for word in told.parsed.sentence.tokens[told.at].canon:
                found += _named(told, targets, targets.by_head.get(word, ()), exam)
            continue
        canon = token.canon if NAMED_BY_SIZE.isdisjoint(token.canon) else _measured(tokens, at, around)
        named = [
            patterns for word in canon if word in targets.by_head and (patterns := _meant_by(tokens, at, word, targets))
        ]
        statement = state(parsed, at, topic) if named else None
        if statement:
            for patterns in named:
                found += _named(statement, targets, patterns, exam)
    return found


def _meant_by(tokens: tuple[Token, ...], at: int, word: str, targets: Targets) -> tuple[tuple[int, Pattern], ...]:
    """The wordings that token `at` may be the head of; before what makes it another thing those that name that."""
    patterns = targets.by_head.get(word, ())
    if not patterns or not is_another_thing(tokens, at, word):
        return patterns
    return tuple(each for each in patterns if _names_what_follows(each[1]))


def _names_what_follows(pattern: Pattern) -> bool:
    """Whether its words hold what makes its head another thing: "NODULAR liver CONTOUR"."""
    return not (NOT_FOLLOWED.get(pattern.head, frozenset()) - ANATOMY).isdisjoint(pattern.needs)


def _measured(tokens: tuple[Token, ...], at: int, around: frozenset[str]) -> tuple[str, ...]:
    """The canonical words of token `at`, with what its size says of it."""
    if is_large_node(tokens, at):
        return (*tokens[at].canon, "enlarge")
    if is_fatty(tokens, at):
        return (*tokens[at].canon, "steatosis")
    if is_called_large(tokens, at):
        return (*tokens[at].canon, "enlarge")
    if not SIZED_LESIONS.isdisjoint(tokens[at].canon):
        large = nodule_or_mass(tokens, at) if "lung" in around else ""
    elif not RATIOS.isdisjoint(tokens[at].canon):
        large = ratio_says(tokens, at)
    else:
        large = oversized(tokens, at, around) if not MEASURED.isdisjoint(tokens[at].canon) else ""
    return (*tokens[at].canon, large) if large else tokens[at].canon


def without_exams_side(found: list[Mention], exam: Exam) -> list[Mention]:
    """The mentions, without the exam's side where all that the findings give a side is on the other."""
    told = {each.own_side for each in found if each.own_side and _is_told(each)}
    if exam.side is None or len(told) != 1 or not told.isdisjoint({exam.side, Side.BILATERAL}):
        return found
    return [each if each.own_side else each._replace(side=None) for each in found]


def _is_told(mention: Mention) -> bool:
    return mention.sentence.kind is SectionKind.FINDINGS and mention.status in (Status.PRESENT, Status.UNCERTAIN)


def taken_back(found: list[Mention]) -> list[Mention]:
    """Mentions of what something was taken for and is not deny it: "the supposed CALCULUS is a phlebolith"."""
    return [each._replace(status=Status.ABSENT, rule="refuted") if _is_refuted(each) else each for each in found]


def _is_refuted(mention: Mention) -> bool:
    tokens = mention.sentence.tokens[mention.first : mention.last]
    ends = (tokens[0], tokens[-1])
    return any(start <= token.start < end for start, end in mention.sentence.refuted for token in ends)


def _named(
    statement: Statement, targets: Targets, patterns: tuple[tuple[int, Pattern], ...], exam: Exam
) -> list[Mention]:
    """The targets the statement names by one of the patterns, each once."""
    best: dict[int, Mention] = {}
    near: dict[int, Mention] = {}
    tokens = statement.parsed.sentence.tokens
    may_deny = statement.scope is not None or statement.at < statement.parsed.sentence.label
    said, local = statement.place.said | exam.covered, statement.place.local
    only = _only_at(statement)
    asserted = statement.status in (Status.PRESENT, Status.UNCERTAIN)
    named: set[int] = set()
    for number, pattern in patterns:
        target, told = targets.targets[number], statement
        if only and target.levels and pattern.mode == "plain" and not target.levels & only:
            told, pattern = statement.denied(), pattern._replace(needs=pattern.needs - target.levels)
            target = target._replace(levels=frozenset(), region="")
        if (
            asserted
            and number not in near
            and not target.near.isdisjoint(local)
            and _is_near(statement, pattern, target)
        ):
            near[number] = _mention(statement, number, target, Status.NOT_MENTIONED, NEAR, pattern, exam)
        if (
            number in best
            or not may_fit(pattern, said, denied=may_deny)
            or not _is_meant(pattern, tokens, statement.at)
            or ("lesion" in target.heads and _is_of_whole(pattern, tokens, statement.at))
        ):
            continue
        mention = _read(told, number, target, pattern, exam)
        if mention:
            best[number] = mention
            if pattern.needs and mention.rule == _BY_NAME:
                named.add(number)
    if named:
        best = {number: each for number, each in best.items() if number in named or not _is_lent(each, named, targets)}
    return list({**near, **best}.values())


def _is_lent(mention: Mention, named: set[int], targets: Targets) -> bool:
    """Whether a word from elsewhere makes it what its own phrase calls otherwise (a "perineural cyst" by a facet).

    Findings asked by a name of no catalogue may be several names of one thing.
    """
    if not all(targets.targets[number].candidate.definition for number in (mention.target, *named)):
        return False
    if not mention.rule.startswith("asserted") or mention.rule == _BY_NAME:
        return False
    if not any(targets.targets[number].heads.isdisjoint(DEVICES) for number in named):
        return False
    kin = {other for pair in targets.parents if mention.target in pair for other in pair}
    return kin.isdisjoint(named)


def _is_meant(pattern: Pattern, tokens: tuple[Token, ...], at: int) -> bool:
    """Whether the word of the report is the wording's own, and no adjective of another finding's noun.

    A word that says its organ as well ("lymphadenopathy") names no finding of another organ.
    """
    own = ANATOMY.intersection(tokens[at].canon) - {pattern.head}
    if own and own.isdisjoint(pattern.needs):
        return False
    if pattern.head in DARK and is_of_another(pattern, tokens, at):
        return False
    # The clot in which something lies was told before.
    if pattern.head == "clot" and [token.text for token in tokens[max(0, at - 2) : at]] == ["within", "the"]:
        return False
    if pattern.head == "erode" and any(token.text in _INFECTED for token in tokens):
        return "ulcer" in pattern.needs or "cortical" in pattern.needs
    if pattern.shade == ADJECTIVE:
        said = tokens[max(0, at - 4) : at] if at and tokens[at - 1].text in FINITE else tokens[at + 1 : at + 4]
        near = {word for token in said for word in token.canon}
        return is_adjective(tokens[at].text) and not near.isdisjoint(pattern.needs)
    if tokens[at].text == "nodular" and _is_of_surface(pattern, tokens[max(0, at - _NEAR_SURFACE) : at]):
        return False
    if pattern.needs:
        itself = not pattern.needs.isdisjoint(tokens[at].canon) or pattern.head in PREDICATES
        return itself or not qualifies(tokens, at) or _names_what_follows(pattern)
    return pattern.shade == shade_of(tokens[at].text) and not qualifies(tokens, at)


def _is_of_whole(pattern: Pattern, tokens: tuple[Token, ...], at: int) -> bool:
    """Whether a whole organ is called dark: "the liver is HYPODENSE RELATIVE to the spleen", "DIFFUSELY hypodense"."""
    near = {token.text for token in tokens[max(0, at - 1) : at + 3]}
    return pattern.head == "hypodensity" and tokens[at].text in _DARK and not near.isdisjoint(_OF_WHOLE)


def _is_of_surface(pattern: Pattern, before: tuple[Token, ...]) -> bool:
    """Whether only a surface is called nodular: "the liver SURFACE is irregular and nodular"."""
    return pattern.needs.isdisjoint(SURFACES) and any(not SURFACES.isdisjoint(token.canon) for token in before)


def _read(head: Statement, number: int, target: Target, pattern: Pattern, exam: Exam) -> Mention | None:
    """What the statement says of target `number` by this wording, if it is one of it."""
    if head.scope and not pattern.needs.isdisjoint(head.scope.hit.trigger.words):
        head = head.aside(pattern.needs | {pattern.head})
    scope = head.scope
    how = fit(pattern, target, head.place, exam, denied=head.status is Status.ABSENT)
    status = _turned(pattern, head) if how else None
    if status is Status.PRESENT and scope is None and pattern.mode == "plain" and _is_denied(pattern, head):
        return None
    if status is Status.PRESENT and scope is None and how == "clause" and _is_doubted(pattern, head):
        status, head = Status.UNCERTAIN, head._replace(rule="uncertain")
    if status is None or (how == "general" and (head.is_weak or (scope and scope.kind is not Kind.NEGATED))):
        return None
    return _sided(_mention(head, number, target, status, f"{head.rule}/{how}", pattern, exam), target)


def _is_denied(pattern: Pattern, head: Statement) -> bool:
    """Whether a word that the wording needs is denied: "dilated appendix WITHOUT STRANDING"."""
    own = pattern.needs | {pattern.head}
    return not pattern.needs.isdisjoint(_set_apart(head, own, Kind.NEGATED))


def _is_doubted(pattern: Pattern, head: Statement) -> bool:
    """Whether a word that makes it the finding is only hedged: "the lucent line MAY BE A FRACTURE"."""
    needs = pattern.needs - head.place.local - ANATOMY
    return not needs.isdisjoint(_set_apart(head, pattern.needs | {pattern.head}, Kind.UNCERTAIN))


def _only_at(head: Statement) -> frozenset[str]:
    """The levels at which alone it is: "narrowing at C5-C6 ONLY" denies it at the others; none for most."""
    tokens = head.parsed.sentence.tokens[head.at + 1 : head.place.last + 1]
    if _ONLY.isdisjoint([token.text for token in tokens]):
        return frozenset()
    return frozenset(word for token in tokens for word in token.canon if is_level(word))


def _is_near(head: Statement, pattern: Pattern, target: Target) -> bool:
    """Whether what is asserted in the candidate's very place is its kind of finding, without all that it needs."""
    return pattern.mode == "plain" and not pattern.sign and not other_kind(pattern, target, head.place)


def _set_apart(head: Statement, own: frozenset[str], kind: Kind) -> frozenset[str]:
    """The words of its clause that are denied or hedged: "the ventricles are NOT ENLARGED" asserts nothing of them.

    A modifier that is one of the words of the wording, `own` ("node with ABSENT hilum"), is none.
    """
    scopes = [scope for scope in head.parsed.scopes if scope.kind is kind and own.isdisjoint(scope.hit.trigger.words)]
    if not scopes:
        return frozenset()
    clause = head.parsed.clause_of(head.at)
    tokens = head.parsed.sentence.tokens
    apart, said = set[str](), set[str]()
    for at in range(clause.start, clause.end):
        (apart if any(scope.start <= at < scope.end for scope in scopes) else said).update(tokens[at].canon)
    return frozenset(apart - said)


def _turned(pattern: Pattern, head: Statement) -> Status | None:
    """The status under the pattern's mode; None where the pattern does not count."""
    status = head.status
    if pattern.mode == REMOVED:
        return Status.PRESENT if head.scope and head.scope.kind is Kind.RESOLVED else None
    if pattern.mode == "plain" or status is Status.NOT_MENTIONED:
        return status
    if pattern.mode == "opposite":
        return Status.ABSENT if status is Status.PRESENT else None
    if status is not Status.ABSENT:
        return None
    return Status.PRESENT if pattern.mode == "flipped" else Status.ABSENT


def _mention(
    head: Statement, number: int, target: Target, status: Status, rule: str, pattern: Pattern, exam: Exam
) -> Mention:
    sentence, side = head.parsed.sentence, None if head.side is None or _is_side_of_other(head, target) else head.side
    if status is Status.ABSENT and head.of_the_rest:
        status, rule = Status.NOT_MENTIONED, "of-the-rest"
    kinds = head.qualifying & QUALIFIERS
    return Mention(
        number,
        status,
        sentence,
        head.place.first,
        max(head.place.last, head.at + 1),
        rule,
        side or _exams_side(head, exam),
        head.is_weak or (pattern.sign and status is Status.ABSENT),
        bool(kinds and kinds - target.types) or side in (Side.LEFT, Side.RIGHT) or _is_partial(head, target),
        False,
        head.scope,
        not pattern.sign and not target.heads.isdisjoint({pattern.head, *pattern.needs}),
        pattern.sign,
        pattern.head in LESIONS and status is Status.PRESENT,
        side,
    )


def _is_side_of_other(head: Statement, target: Target) -> bool:
    """Whether the side that is said is none of the target's."""
    return _is_of_other(head, target) or (head.side is Side.BILATERAL and _is_of_diaphragms(head, target))


def _is_of_other(head: Statement, target: Target) -> bool:
    """Whether the side before its noun is that of an organ after its own: "MEDIASTINAL and left axillary nodes"."""
    tokens = head.parsed.sentence.tokens[head.place.first : head.at]
    organs = target.organs & UNPAIRED
    own = next((at for at, token in enumerate(tokens) if not organs.isdisjoint(token.canon)), len(tokens))
    rest = [token.text for token in tokens[own:]]
    if "and" in rest and any(word in SIDES for word in rest[rest.index("and") :]):
        return True
    return is_of_neighbour(head, target)


def _is_of_diaphragms(head: Statement, target: Target) -> bool:
    """Whether only the plural of the diaphragms, a sign of lungs too full, says that it is on both sides."""
    tokens = head.parsed.sentence.tokens
    if not any(token.text in _FLAT for token in tokens) or any(token.text in SIDES for token in tokens):
        return False
    told = any("diaphragm" in token.canon for token in tokens)
    return told and any("diaphragm" in pattern.needs | {pattern.head} for pattern in target.patterns)


def _is_partial(head: Statement, target: Target) -> bool:
    """Whether it speaks of one place of several: its label, or an organ the finding's name does not say."""
    if target.home and not (head.place.local & COMPARTMENTS) <= target.home:
        return True
    labelled = ANATOMY & head.parsed.sentence.context
    if labelled and labelled.isdisjoint(target.organs | target.home):
        return True
    return not target.home and not head.place.local.isdisjoint(ORGANS)


def _exams_side(head: Statement, exam: Exam) -> Side | None:
    """The exam's side, where the statement names no part of the trunk or head that was not examined."""
    elsewhere = CENTRAL & frozenset(widened(head.place.here - JOINTS)) - exam.covered
    return None if elsewhere or exam.side is Side.BILATERAL else exam.side


def _sided(mention: Mention, target: Target) -> Mention | None:
    """A candidate that names a side needs it; a denial without a side denies both."""
    needed = target.side
    if needed is None or mention.side is needed or mention.side is Side.BILATERAL:
        return mention
    if mention.side is None:
        return mention if mention.status is Status.ABSENT else None
    return mention._replace(off_side=True)
