"""A field of the list is shown somewhere, or columns.py says that it is not: no place of it is forgotten."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from services.store import review_list
from services.store.review_list import ListedReport
from services.web.api import models
from services.web.views import columns

FIELDS = {each.name for each in fields(ListedReport)}
TEMPLATES = Path("services/web/templates")


def test_the_query_brings_every_field_and_nothing_else() -> None:
    assert {column.name for column in review_list.COLUMNS} == FIELDS


def test_the_api_and_the_csv_have_every_field_that_is_not_for_the_screen_alone() -> None:
    answered = {{"review_id": "id"}.get(name, name) for name in models.ListedReport.model_fields}
    assert answered == FIELDS - columns.ON_SCREEN_ONLY
    assert set(columns.EXPORTED) == FIELDS - columns.NOT_IN_CSV
    assert columns.NOT_IN_CSV < FIELDS


def test_what_is_for_the_screen_alone_is_on_the_screen() -> None:
    cells = (TEMPLATES / "_cells.html").read_text() + (TEMPLATES / "_list.html").read_text()
    shown = set(re.findall(r"\brow\.(\w+)", cells))
    assert columns.ON_SCREEN_ONLY - {"report_status"} <= shown
    assert shown <= FIELDS


def test_every_column_has_its_cell_and_every_cell_its_column() -> None:
    [named] = re.findall(r"macro cell\(name, row\) %}{{ {(.*?)}\[name\]", (TEMPLATES / "_cells.html").read_text())
    assert set(re.findall(r"'(\w+)':", named)) == {column.cell for column in columns.COLUMNS}
