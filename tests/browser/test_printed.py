"""Printed pages hold every column of their tables: the PDF that the browser prints is read back."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tests.browser.conftest import Site
from tests.browser.test_pages import PAGES

pytestmark = pytest.mark.browser
HEADS = """() => [...document.querySelectorAll('main thead th')]
  .filter(head => head.checkVisibility()).map(head => head.textContent)"""
AT_LEAST = 12  # pages that have a table


def letters(text: str) -> str:
    """Returns letters and digits, without ligatures, the breaks of lines, and the arrow of what is sorted."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign.isalnum())


def not_in(pdf: bytes, heads: set[str]) -> list[str]:
    """Returns those of the column heads that no sheet holds; sheets are read until all are found."""
    text = ""
    for sheet in PdfReader(io.BytesIO(pdf)).pages:
        text += letters(sheet.extract_text())
        if all(head in text for head in heads):
            return []
    return [head for head in sorted(heads) if head not in text]


@pytest.fixture(scope="module")
def printed(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_every_column_head_is_in_the_pdf(printed: Page, site: Site) -> None:
    missing, pages = {}, 0
    for path in PAGES:
        if path == "/api":  # a reader of operations, no page of tables
            continue
        printed.goto(site.url + path)
        printed.emulate_media(media="print")
        heads = {letters(head) for head in printed.evaluate(HEADS)} - {""}
        if not heads:
            continue
        pages += 1
        if gone := not_in(printed.pdf(), heads):
            missing[path] = gone
    assert missing == {} and pages >= AT_LEAST
