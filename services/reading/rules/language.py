"""Whether the report is in English, the one language these rules know."""

from __future__ import annotations

import re
from collections import Counter

from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.heads import EXAM_HEADS, FINDINGS
from services.reading.rules.modifiers import known_words
from services.reading.rules.wordset import wordset

_ENGLISH = wordset(
    """the of is are and with in there no to for was were on at from by an or not this that has have been be which
    without as evidence seen normal right left mild small findings impression within limits unremarkable
    stable chest image views exam patient noted identified measures measuring size acute changes lung lungs
    heart liver kidney spine bone fracture may either shows demonstrates appears intact clear"""
)
_FOREIGN = {
    "German": wordset(
        """der die das und ist sind kein keine keinen nicht mit ohne von im zur zum ein eine einen auf bei nach als auch
        sich wie bis oder des dem den rechts links unauffällig befund beurteilung nachweis beidseits regelrecht für
        zeigt wird wurde über am an klinische"""
    ),
    "Spanish": wordset(
        """el la los las de del en con sin se no es y una un por para que al como lo sus son hallazgos impresión derecho
        izquierdo derecha izquierda normales evidencia observa observan pulmones presencia ambos está"""
    ),
    "French": wordset(
        """le la les de des du et en avec sans un une est sont pas par pour dans au aux sur que droite gauche absence
        présence conclusion résultats ne il cette droit"""
    ),
    "Italian": wordset(
        """il lo la gli le di del della dei delle e in con senza un una è sono non si per da al alla nel nella destra
        sinistra polmoni segni esame"""
    ),
    "Portuguese": wordset(
        """o os as de do da dos das e em com sem um uma é são não se por para que ao à no na direita esquerda pulmões
        sinais exame aspecto"""
    ),
    "Dutch": wordset(
        """de het een en is zijn geen niet met zonder van in op bij aan te naar als ook rechts links beeld normaal
        longen hart conclusie verslag"""
    ),
}
_ANY_FOREIGN = frozenset[str]().union(*_FOREIGN.values())
# "W/o" is one word, and no Portuguese.
_WORD = re.compile(r"[^\W\d_]+(?:/[^\W\d_]+)*")
_FEW = 4


def foreign(text: str) -> str:
    """Why the text cannot be read, or "": a language other than English, or a script these rules do not know."""
    # "Para-aortic" is no Spanish word.
    words = _WORD.findall(text.lower().replace("para-", "para"))
    if len(words) < _FEW:
        return _script(words)
    times = Counter(words)
    english = _times(times, _ENGLISH)
    if _times(times, _ANY_FOREIGN) <= english:
        return _script(words) or _unknown(words, english)
    counts = {name: _times(times, known) for name, known in _FOREIGN.items()}
    name = max(counts, key=counts.__getitem__)
    if counts[name] > english and counts[name] * 8 >= len(words):
        return f"The report seems to be in {name}, which the rules do not know."
    return _script(words) or _unknown(words, english)


def _times(words: Counter[str], known: frozenset[str]) -> int:
    return sum(words[word] for word in words.keys() & known)


def _script(words: list[str]) -> str:
    letters = "".join(words)
    if letters.isascii():
        return ""
    latin = sum(letter < "\u0250" for letter in letters)
    if letters and latin * 2 < len(letters):
        return "The report is in a script which the rules do not know."
    return ""


def _unknown(words: list[str], english: int) -> str:
    if english * 20 >= len(words) or len(words) < 12:
        return ""
    known = known_words() | ANATOMY | FINDINGS | EXAM_HEADS
    if sum(word in known for word in words) * 10 >= len(words):
        return ""
    return "The report is in a language which the rules do not know."
