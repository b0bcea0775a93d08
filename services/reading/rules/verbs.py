"""Verbs that end a subject."""

from __future__ import annotations

from services.reading.rules.wordset import wordset

FINITE = wordset(
    """is are was were has have had demonstrates demonstrate demonstrated shows show showed reveals reveal revealed
    appears appear appeared remains remain remained contains contain measures measure measured may can could
    cannot might does do did suggests represents represent persists persist extends extend causes cause
    results continues continue projects project terminates terminate overlies overlie abuts exhibits exhibit
    displays display seems seem indicates indicate reflects reflect involves involve will would should
    became becomes compresses effaces lies resides courses ends arises arise originates
    originate occupies occupy"""
)
