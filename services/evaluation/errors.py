"""What all failures of an evaluation are: told to whoever runs it, and the end of the command."""

from __future__ import annotations


class EvaluationError(Exception):
    """The message says what is wrong, where, and what to do; it holds no word of a report."""
