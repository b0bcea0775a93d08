"""The numbers in addresses."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

MAX_ID = 2**63 - 1
"""The largest a row can have (bigint)."""
Id = Annotated[int, Path(ge=1, le=MAX_ID)]
