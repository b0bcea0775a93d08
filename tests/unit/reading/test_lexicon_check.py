"""The word lists of the rules are data, and `countersign catalogue check` finds what is wrong in them."""

from __future__ import annotations

from services.reading.catalogue.lexicon_check import (
    lexicon_faults,
    modifier_faults,
    repeated_keys,
    shared_words,
    told_twice,
)


def test_the_shipped_lists_have_no_fault() -> None:
    assert list(lexicon_faults()) == []


def test_a_key_written_twice_is_told() -> None:
    assert list(repeated_keys("forms", "lung: lungs\nliver: hepatic\nlung: pulmonary\n")) == [
        "lexicon/forms.yaml: 'lung' is written 2 times; join its lists"
    ]


def test_a_word_of_two_lists_is_told() -> None:
    assert list(shared_words("forms", {"tear": ("torn",), "rupture": ("torn", "tear")})) == [
        "lexicon/forms.yaml: 'torn' stands for rupture and tear",
        "lexicon/forms.yaml: 'tear' stands for rupture and tear",
    ]


def test_a_form_that_is_a_compound_too_is_told() -> None:
    assert list(told_twice({"liver": ("hepatic",)}, {"hepatic": ("liver",)})) == [
        "lexicon/compounds.yaml: 'hepatic' is a form in forms.yaml too; keep one of them"
    ]


def test_a_modifier_of_two_kinds_or_of_none_is_told() -> None:
    said = list(modifier_faults({"negated forward": ("no",), "uncertain forward": ("no",), "never forward": ("not",)}))
    assert said == [
        "lexicon/modifiers.yaml: 'never forward' is no kind and direction",
        "lexicon/modifiers.yaml: 'no' (forward) is negated and uncertain",
    ]
