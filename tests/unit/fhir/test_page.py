"""The documentation page shows what the code makes."""

from scripts.fhir_page import PAGE, page


def test_the_examples_of_the_page_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
