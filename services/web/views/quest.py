"""The QUEST form: its five items, and which reports ask for them."""

from __future__ import annotations

import hashlib

QUEST = {
    "quality": "The findings are right and complete",
    "understanding": "They follow what the report means",
    "expression": "They are put clearly",
    "safety": "Acting on them would be safe",
    "trust": "I would rely on them again",
}


def is_sampled(review_id: int, share: float) -> bool:
    """Whether a review is among the share that asks; the same for everybody, and not to be guessed at."""
    first = int.from_bytes(hashlib.sha256(f"quest/{review_id}".encode()).digest()[:4], "big")
    return first < share * 2**32
