"""The glossary as a page: every word of docs/glossary.md, reached from every page, with nothing that its policy forbids."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from tests.e2e.conftest import Service

WRITTEN = Path(__file__).parents[2] / "docs" / "glossary.md"


def test_the_page_explains_every_word_of_the_document(service: Service) -> None:
    words = re.findall(r"^\*\*(.+?)\.?\*\*", WRITTEN.read_text("utf-8"), re.MULTILINE)
    assert len(words) > 20
    answer = service.client.get("/glossary")
    assert answer.status_code == 200 and "script-src 'self'" in answer.headers["Content-Security-Policy"]
    shown = [unescape(word).rstrip(".") for word in re.findall(r"<strong>(.*?)</strong>", answer.get_data(as_text=True))]
    assert [word for word in words if word not in shown] == []
    assert "](" not in answer.get_data(as_text=True)  # no link of Markdown is left as it is written


def test_every_page_leads_to_it(service: Service) -> None:
    for page in ("/sources", "/glossary"):
        assert '<a href="/glossary">' in service.page(page)
