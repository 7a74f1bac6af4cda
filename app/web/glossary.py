"""The glossary (docs/glossary.md) as a page of the service."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flask import Blueprint, render_template
from markupsafe import Markup

from app.api.auth import permission, scoped

blueprint = Blueprint("glossary", __name__)
GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"  # beside the code in a checkout, in the image and in a wheel


@blueprint.get("/glossary")
@scoped
@permission("read")
def glossary() -> str:
    """The words of the pages, of the API and of the model, each explained."""
    return render_template("glossary.html", text=glossary_html())


@cache
def glossary_html() -> Markup:
    return html_of(GLOSSARY.read_text("utf-8"))


def html_of(text: str) -> Markup:
    """Returns Markdown as HTML. Tables can be scrolled, HTML in the text is shown as it is written, and links, which lead to
    other files beside it, are left out.

    >>> html_of("A **CI**, <i>see</i> [model](model.md)")
    Markup('<p>A <strong>CI</strong>, &lt;i&gt;see&lt;/i&gt; model</p>\\n')
    """
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    for rule in ("link_open", "link_close"):
        markdown.add_render_rule(rule, _nothing)
    html = markdown.render(text).replace("<th>", '<th scope="col">')
    return Markup(html.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>"))  # noqa: S704


def _nothing(*_: object) -> str:
    return ""
