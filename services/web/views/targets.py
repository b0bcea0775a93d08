"""How long a report may wait."""

from __future__ import annotations

from services.settings import Worklist


def target(settings: Worklist) -> tuple[float, float, float]:
    """Service target in seconds by priority."""
    return (settings.stat_target, settings.routine_target, settings.routine_target)
