"""Figures of what reviewers did: decisions, agreement, drift, the shadow, exercises; shown in the worklist."""
