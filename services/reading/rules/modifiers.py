"""The modifier lexicon: words that deny, hedge or set aside what stands in their scope.

The method is that of NegEx and ConText (Chapman 2001, Harkema 2009): a trigger has a kind, a direction and a reach;
the lists are our own, and a trigger may have filler words between its own ("no definite CT evidence of").
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from services.reading.rules.tokens import Token, tokenise
from services.reading.rules.wordset import wordset


class Kind(StrEnum):
    """What a modifier does to a finding in its scope."""

    PSEUDO = "pseudo"
    NEGATED = "negated"
    RESOLVED = "resolved"
    UNCERTAIN = "uncertain"
    VERSUS = "versus"
    UNASSESSED = "unassessed"
    HYPOTHETICAL = "hypothetical"
    HISTORY = "history"
    OTHER_PERSON = "other-person"
    PRIOR = "prior-study"
    EXCEPT = "except"


class Trigger(NamedTuple):
    """A modifier's words; `forward`: its scope follows it, else precedes it. `near`: only its own noun phrase."""

    words: tuple[str, ...]
    kind: Kind
    forward: bool
    near: bool


class _Entry(NamedTuple):
    """A trigger in the index, with the set of its words."""

    trigger: Trigger
    needs: frozenset[str]


class Hit(NamedTuple):
    """A trigger at tokens [start, end) of a sentence."""

    trigger: Trigger
    start: int
    end: int


FILLERS = wordset(
    """significant significantly definite definitely clear clearly convincing appreciable appreciably substantial
    substantially interval obvious gross grossly ct mr mri radiographic radiographically sonographic
    sonographically imaging mammographic mammographically specific completely entirely currently been be now
    further also definitively either overt frank discrete the any new significant radiologic conclusive
    reliably absolutely necessarily still at this time strongly highly most very somewhat very convincingly
    angiographic intracranial acute been"""
)
SEEN = sorted(
    wordset(
        """seen identified visualized visualised present evident demonstrated detected noted
    appreciated observed found apparent shown visible discernible depicted recognized recognised encountered imaged"""
    )
)

_LEXICON = """
pseudo forward: no change; not change; not changed; without change; no increase; not increased; no decrease
pseudo forward: not decreased; no progression; no improvement; not improved; no worsening; not worsened
pseudo forward: no growth; not only; no doubt; without doubt; no question; no resolution; not resolved
pseudo forward: unresolved; no enlargement of; no longer enlarging; nearly resolved; partially resolved
pseudo forward: incompletely resolved; near complete resolution of; near-complete resolution of
pseudo forward: partial resolution of; no interval removal; incomplete resolution of; almost resolved
pseudo forward: not without; without increase; without progression; no evidence of progression
pseudo forward: withdrawn and; withdrawn to; withdrawn into; withdrawn by; partially withdrawn; withdrawn slightly
pseudo forward: no evidence of change; no difference; not progressed; mostly resolved; partial clearing of
pseudo forward: partially cleared; incompletely cleared; substantially resolved; largely resolved
negated forward: no; without; w/o; non; nor; neither; never; denies; not; none of; free of; negative for
negated forward: absence of; lack of; lacks; fails to; failed to; rather than; instead of; excludes
negated forward: no longer; devoid of; clear of; absent; unremarkable for; no evidence for; no evidence of
negated forward: no evidence to suggest; without evidence of; negative; ruled out for; nothing to suggest
negated forward: no sign of; no signs of; argues against; no findings of; no finding of
negated forward: none; no suggestion of; no findings to suggest; no suspicion of
negated forward: arguing against; argue against; militates against; mitigates against; evidence against
negated back: negative
negated back: is absent; are absent; was absent; were absent; is negative; are negative; was negative
negated back: were negative; is ruled out; are ruled out; was ruled out; has been ruled out
negated back: have been ruled out; is excluded; are excluded; has been excluded; have been excluded
negated back: was excluded; none; is none; nil; is not a feature; absent; not the case
resolved forward: resolution of; complete resolution of; clearing of; removal of; disappearance of; resolved
resolved forward: removed; interval resolution of; interval clearing of; interval removal of; extubated
resolved back: no longer enlarged; no longer pathologic; no longer pathologically enlarged; no longer dilated
resolved back: has normalized; have normalized; has healed; have healed; been pulled; was pulled; has resolved
resolved back: have resolved; resolved; had resolved; is resolved; are resolved; has cleared
resolved back: removed; have cleared; cleared; has disappeared; have disappeared; no longer; is gone
resolved back: are gone; was removed; has been removed; have been removed; were removed; been retrieved
resolved back: disperses; dissipates; dissipated; does not persist; do not persist
resolved back: is out; discontinued; withdrawn
uncertain forward: can be seen with; may be seen with; could be seen with; can be seen in
uncertain forward: may represent; may be; might be; could be; could represent; may reflect; might represent
uncertain forward: may; could reflect; may indicate; could indicate; might; could; possible; possibly
uncertain forward: borderline for; less likely consideration
uncertain back: a less likely consideration; less likely consideration; a less likely possibility
uncertain forward: probable; probably; likely; suspected; suspicious for; suspicion for; suspicion of
uncertain forward: concerning for; concern for; worrisome for; suggestive of; suggest; suggests; suggesting
uncertain forward: suggested; question of; questionable; query; presumed; presumably; potential; potentially
uncertain forward: perhaps; cannot exclude; can not exclude; cannot r/o; cannot rule out; can not rule out
uncertain forward: does not exclude; do not exclude; difficult to exclude; not exclude; unable to exclude
uncertain forward: not excluded; not excluding; cannot entirely exclude; cannot be certain
uncertain forward: differential includes; differential diagnosis includes
uncertain forward: differential considerations include; considerations include; differential consideration
uncertain forward: possibility of; concern of; favor; favors; favored to represent; favored; favoring
uncertain forward: favoured; favour; favours; equivocal for; equivocal; indeterminate for; less likely
uncertain forward: unlikely; thought to represent; felt to represent; believed to represent; thought to be
uncertain forward: felt to be; believed to be; question; questioned; versus; differential of
uncertain forward: would raise; not entirely excluded; raise the question of; raises the question of; ?
uncertain forward: thought to reflect; felt to reflect; suspect; suspected to represent; suspicious of
uncertain forward: not rule out; differential; conceivably; doubtful; hint of; vague suggestion of
uncertain forward: cannot be distinguished from; difficult to distinguish from; appearance raises
uncertain forward: statistically; is raised for; raise concern for; raises concern for; raising concern for
uncertain back: cannot be excluded; can not be excluded; cannot r/o; cannot be ruled out; can not be ruled out
uncertain back: not excluded; not ruled out; is possible; are possible; is suspected; are suspected
uncertain back: suspected; is likely; are likely; not entirely excluded; not completely excluded
uncertain back: is questioned; are questioned; is considered; are considered; should be considered
uncertain back: to be considered; may be present; might be present; unlikely; could be present
uncertain back: may be considered; difficult to exclude; is unlikely; are unlikely; less likely; is favored
uncertain back: are favored; favored; in the differential; a possibility; a consideration; is a concern
uncertain back: of concern; could have this appearance; may have this appearance; possible; is probable
uncertain back: are probable; questioned; cannot be confirmed; not confirmed; is equivocal; are equivocal
uncertain back: equivocal; could be considered; might be considered; remains possible
uncertain back: remain possible; not definitively excluded; may also be present
uncertain back: probably present; likely present; possibly present; main differential; the differential
uncertain back: is a differential; differential diagnosis; is in question
uncertain back: would be difficult to exclude; can be considered; may be possible; is presumed
versus forward: versus; vs
versus back: versus; vs
unassessed back: cannot be assessed; can not be assessed; cannot be evaluated; can not be evaluated
unassessed back: not assessed; not evaluated; not well evaluated; not well assessed
unassessed back: not adequately evaluated; not adequately assessed; cannot be determined; is limited
unassessed back: are limited; limited; cannot be characterized; cannot be seen; is suboptimal
unassessed back: not fully evaluated; not fully assessed; not reliably excluded; may be missed
unassessed back: could be missed; may be obscured; could be obscured; is precluded
unassessed back: cannot be confidently excluded; cannot be adequately assessed
unassessed back: cannot be adequately evaluated; cannot be reliably assessed; cannot be reliably excluded
unassessed back: not well seen; not well visualized; below the resolution; nondiagnostic for
unassessed forward: cannot be evaluated for; can not be evaluated for; cannot be assessed for; not assessed for
unassessed forward: not evaluated for; precludes evaluation for; precludes evaluation of; precludes assessment of
unassessed forward: precludes assessment for; precludes exclusion of; precludes evaluating for; not optimized for
unassessed forward: limits evaluation for; limits assessment for; limits evaluation of; limits assessment of
unassessed forward: limits sensitivity for; limited evaluation for; limited evaluation of
unassessed forward: limited assessment for; limited assessment of; limited sensitivity for
unassessed forward: cannot assess for; cannot evaluate for; limits detection of; cannot assess
unassessed forward: cannot evaluate; unable to assess for; unable to evaluate for; insensitive for
unassessed forward: reduces sensitivity for; may obscure; could obscure; nondiagnostic for
unassessed forward: reduced sensitivity for; unable to assess; unable to evaluate; limited for
unassessed forward: decreased sensitivity for; limits the sensitivity for
hypothetical forward: if; should; to exclude; to rule out; r/o; rule out; to evaluate for; evaluate for
hypothetical forward: to assess for; assess for; assessment for; look for; looking for; in case of; risk of
hypothetical forward: normal ct does not exclude; normal study does not exclude; negative ct does not exclude
hypothetical forward: negative study does not exclude; normal radiograph does not exclude
hypothetical forward: normal examination does not exclude; negative examination does not exclude
hypothetical forward: negative mammogram does not exclude; normal mammogram does not exclude
hypothetical forward: negative ultrasound does not exclude; normal ultrasound does not exclude
hypothetical forward: negative report should not; negative mri does not exclude; normal mri does not exclude
hypothetical forward: at risk for; risk for; risk factor for; screening for; monitor for; monitoring for
hypothetical forward: workup for; work up for; to confirm; ensure resolution; document resolution; to ensure
hypothetical forward: until resolution; clinical concern for; clinical suspicion for; clinical suspicion of
hypothetical forward: clinically suspected; unless; predispose to; surveillance for; recommend; recommended
hypothetical forward: recommendation; correlate with; correlate for; correlate; correlation with
hypothetical forward: correlation for; in the event of; consider; evaluation for; to further evaluate
hypothetical forward: further evaluation of; further evaluation for; predisposes to; advise; advised
hypothetical forward: suggest follow; suggest ct; suggest mri; suggest ultrasound; suggest correlation
hypothetical forward: suggest clinical; to look for; suggest further; suggest repeat; exclude; high risk
hypothetical forward: increased risk; suggest short; suggest mr; to further characterize
hypothetical forward: further characterization of; for characterization of; to search for
hypothetical back: is recommended; are recommended; was recommended; recommended; is advised; are advised
hypothetical back: is suggested; should be excluded; can be obtained; could be obtained; may be obtained
hypothetical back: may be helpful; may be of benefit; would be helpful; could be performed; can be performed
hypothetical back: may be performed; should be performed; should be obtained; if clinically indicated
hypothetical back: is warranted; may be warranted; could be considered for
history forward: history of; h/o; hx of; status post; s/p; prior history of; history significant for
history forward: presents with; clinical history of; presented with; presenting with; history
history forward: past medical history of; remote history of
other-person forward: family history of; family history; mother; father; sister; brother; maternal; paternal
other-person forward: sibling; mother had; father had; grandmother; grandfather; twin; relative; donor
prior-study forward: previously had; prior study showed; previous study showed; prior demonstrated
prior-study forward: prior showed; prior study demonstrated; previous study demonstrated
prior-study forward: prior exam demonstrated; prior exam showed; prior ct showed; prior ct demonstrated
prior-study forward: previous ct showed; previous ct demonstrated; prior mri showed; prior mri demonstrated
prior-study forward: prior report described; prior report noted; prior report; previous report described
prior-study forward: prior radiograph showed; prior radiographs showed; outside report describes
prior-study forward: on the prior there was; on prior there was; prior examination showed
prior-study forward: prior examination demonstrated; previous examination showed; previous exam showed
prior-study forward: previous radiograph showed; outside ct showed; prior ultrasound showed
prior-study forward: prior ultrasound demonstrated; prior imaging showed; prior imaging demonstrated
prior-study back: was seen on the prior; were seen on the prior; was present on the prior
prior-study back: was noted on the prior; was seen previously; was present previously; was seen on prior
prior-study back: was noted on prior; seen at that time; were present on the prior; was present on prior
prior-study back: were seen on prior; was described on the prior
except forward: other than; except for; except; aside from; apart from; with the exception of; excluding
except forward: save for; besides; beyond; in addition to
"""
_NEAR = wordset(
    """possible possibly probable probably likely suspected questionable presumed potential borderline versus vs ?
    favored absent negative equivocal non resolved removed questioned doubtful"""
)

# One word that names the finding and denies it.
SELF_DENYING = wordset("nonaneurysmal nondilated nonenlarged nondistended nonthickened unenlarged undilated")
_SELF_DENYING = Trigger(("non",), Kind.NEGATED, True, True)
# "X is likely." hedges X; "X is likely due to Y" does not.
_TENTATIVE_END = wordset("likely possible favored probable presumed suspected questioned none nil limited negative")
_MAY_FOLLOW = wordset(
    ". , ; ) given in but and based at on clinically as : seen identified present evident due by because secondary"
)


def _lines() -> list[tuple[Kind, bool, str]]:
    found = []
    for line in _LEXICON.strip().splitlines():
        head, _, phrases = line.partition(": ")
        kind, direction = head.split()
        found += [(Kind(kind), direction == "forward", phrase) for phrase in phrases.split("; ")]
    for verb in SEEN:
        found.append((Kind.NEGATED, False, f"not {verb}"))
        found.append((Kind.NEGATED, False, f"not longer {verb}"))
        found.append((Kind.RESOLVED, False, f"no longer {verb}"))
    return found


@lru_cache(maxsize=1)
def _index() -> dict[str, list[_Entry]]:
    """First word → triggers, longest first."""
    index: dict[str, list[_Entry]] = {}
    for kind, forward, phrase in _lines():
        words = tuple(token.text for token in tokenise(phrase))
        near = len(words) == 1 and words[0] in _NEAR
        index.setdefault(words[0], []).append(_Entry(Trigger(words, kind, forward, near), frozenset(words)))
    for entries in index.values():
        entries.sort(key=lambda entry: -len(entry.trigger.words))
    return index


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Every word of the lexicon."""
    return FILLERS.union(*(entry.needs for entries in _index().values() for entry in entries))


def find(tokens: tuple[Token, ...]) -> list[Hit]:
    """Modifier triggers of a sentence; the longest wins, both directions of equal length are kept."""
    index = _index()
    said = {token.text for token in tokens}
    hits: list[Hit] = []
    if not SELF_DENYING.isdisjoint(said):
        hits += [Hit(_SELF_DENYING, at, at) for at, token in enumerate(tokens) if token.text in SELF_DENYING]
    if index.keys().isdisjoint(said):
        return hits
    taken = 0
    for at, token in enumerate(tokens):
        if at < taken or token.text not in index:
            continue
        best = _longest(tokens, at, index[token.text], said)
        if best:
            hits += best
            taken = best[0].end
    return hits


def _longest(tokens: tuple[Token, ...], at: int, entries: list[_Entry], said: set[str]) -> list[Hit]:
    found: list[Hit] = []
    for trigger, needs in entries:
        if found and len(trigger.words) < len(found[0].trigger.words):
            break
        if not needs <= said:
            continue
        end = _match(tokens, at, trigger.words)
        if end and not trigger.forward and trigger.words[-1] in _TENTATIVE_END and not _may_end(tokens, end):
            continue
        if end and (not found or end == found[0].end):
            found.append(Hit(trigger, at, end))
    return found


def _may_end(tokens: tuple[Token, ...], at: int) -> bool:
    return at >= len(tokens) or tokens[at].text in _MAY_FOLLOW


def _match(tokens: tuple[Token, ...], at: int, words: tuple[str, ...]) -> int:
    """End of the trigger's words from `at`, filler words skipped between them; 0 if they do not stand there."""
    position = at + 1
    for word in words[1:]:
        skipped = 0
        while position < len(tokens) and tokens[position].text != word and tokens[position].text in FILLERS:
            position, skipped = position + 1, skipped + 1
            if skipped > 4:
                return 0
        if position >= len(tokens) or tokens[position].text != word:
            return 0
        position += 1
    return position
