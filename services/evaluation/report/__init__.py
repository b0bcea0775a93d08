"""A result as people read it: terminal, Markdown and one HTML page, all from the same tables."""
