"""What a person sees of HTML is what is read of it, whatever is left open."""

from __future__ import annotations

import pytest

from integration.html_text import html_text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>No <b>effusion</b>.</p><p>Heart normal.</p>", "No effusion.\nHeart normal."),
        ("<html><head><title>Report</title></head><body>Clear lungs</body></html>", "Clear lungs"),
        ("<style>p { margin: 0 }</style>one<br/>two<br>three", "one\ntwo\nthree"),
        ("Nodule &lt; 5&nbsp;mm &amp; stable", "Nodule < 5 mm & stable"),
        ("Nodule < 5 mm, EF > 50 %", "Nodule < 5 mm, EF > 50 %"),
        ('<td title="a > b">cell</td>', "cell"),
        ("seen<!-- never shown -->here", "seenhere"),
        ("<div><![CDATA[5 < 6]]></div>", "5 < 6"),
        ("<!DOCTYPE html><?xml version='1.0'?><p>word</p>", "word"),
        ("<SCRIPT>if (a<b) {}</SCRIPT >after", "after"),
    ],
)
def test_the_visible_text(source: str, text: str) -> None:
    assert html_text(source) == text


@pytest.mark.parametrize("opened", ["<!--", "<script>", "<title>", "<![CDATA[", "<!", "<?", "<a href='", "<"])
def test_what_is_left_open_hides_nothing_that_follows(opened: str) -> None:
    assert "Large effusion." in html_text(f"Clear lungs. {opened} Large effusion.")
