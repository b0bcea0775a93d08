"""What does this report assert, and where does it say so? Pure: text in, verdicts out."""
