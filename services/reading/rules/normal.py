"""Normal statements: "the heart is normal in size" denies what the catalogue says it denies."""

from __future__ import annotations

from integration.canonical import Status
from services.reading.rules.mentions import Mention
from services.reading.rules.modifiers import Kind
from services.reading.rules.scope import Parsed
from services.reading.rules.targets import Normal, Targets
from services.reading.rules.wordset import wordset

_ANY = wordset("""normal unremarkable clear intact preserved maintained negative nondilated""")
_PHRASES = (("within", "limits"), ("not", "enlarged"), ("no", "abnormality"), ("not", "dilated"))
_LIMITING = wordset("otherwise remaining remainder rest except other")
_SPOILING = (Kind.NEGATED, Kind.UNCERTAIN, Kind.HYPOTHETICAL, Kind.PRIOR, Kind.UNASSESSED)


def normal_mentions(parsed: Parsed, targets: Targets) -> list[Mention]:
    """Denials by normal statements of the sentence, one a target at most for each clause."""
    sentence = parsed.sentence
    found: list[Mention] = []
    for clause in parsed.clauses:
        tokens = sentence.tokens[clause.start : clause.end]
        at = _predicate(parsed, clause.start, clause.end)
        if at < 0:
            continue
        said = {word for token in tokens for word in token.canon} | sentence.context
        texts = {token.text for token in tokens}
        for number, target in enumerate(targets.targets):
            if any(_holds(normal, said, texts) for normal in target.normals):
                weak = bool(texts & _LIMITING)
                found.append(
                    Mention(number, Status.ABSENT, sentence, clause.start, clause.end, "normal", None, weak, True)
                )
    return found


def _predicate(parsed: Parsed, start: int, end: int) -> int:
    """Position of the clause's normal predicate, or -1 when it has none or it is itself denied or hedged."""
    tokens = parsed.sentence.tokens
    texts = {token.text for token in tokens[start:end]}
    for at in range(start, end):
        if tokens[at].text in _ANY or tokens[at].text in ("patent", "midline", "symmetric", "aligned", "anatomic"):
            scope = parsed.deciding(at)
            return -1 if scope and scope.kind in _SPOILING else at
    if any(set(phrase) <= texts for phrase in _PHRASES):
        return start
    return -1


def _holds(normal: Normal, said: set[str], texts: set[str]) -> bool:
    if not normal.subject <= said:
        return False
    if normal.predicate & texts:
        return True
    usual = bool(normal.predicate & _ANY or normal.predicate >= {"within", "limits"})
    return usual and bool(texts & _ANY or {"within", "limits"} <= texts or {"not", "enlarged"} <= texts)
