"""The rules engine: sections, sentences, modifiers with scope, targets, and how they resolve to verdicts."""
