"""The glossary (docs/glossary.md) as a page of the service, and as what stands behind each abbreviation of the pages."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from flask import Blueprint, render_template, url_for
from markupsafe import Markup, escape

from app.api.auth import permission, scoped

blueprint = Blueprint("glossary", __name__)
GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"  # beside the code in a checkout, in the image and in a wheel
_WORD = re.compile(r"^\*\*(.+?)\.?\*\*", re.MULTILINE)


@blueprint.get("/glossary")
@scoped
@permission("read")
def glossary() -> str:
    """The words of the pages, of the API and of the model, each explained."""
    return render_template("glossary.html", text=glossary_html())


@cache
def glossary_html() -> Markup:
    return html_of(GLOSSARY.read_text("utf-8"))


@cache
def abbreviations() -> dict[str, tuple[str, str]]:
    """Returns what each abbreviation of the glossary means, and the place of its entry."""
    found = {}
    for word in _WORD.findall(GLOSSARY.read_text("utf-8")):
        short, _, long = word.partition(", ")
        if match := re.fullmatch(r"(.+) \(([A-Z]\w+)\)", word):
            long, short = match[1], match[2]
        if long and short.upper() == short:
            found[short] = (long, place_of(word))
    return found


def term(text: str) -> Markup:
    """Returns an abbreviation with its meaning, linked to its entry in the glossary; any other word as it is."""
    if text not in abbreviations():
        return escape(text)
    return Markup('<a class="term" href="{}#{}">{}</a>').format(
        url_for("glossary.glossary"), abbreviations()[text][1], abbreviated(text)
    )


def abbreviated(text: str) -> Markup:
    """Returns a text with the meaning of its abbreviations behind them, for places where no link can stand.

    >>> abbreviated("Beyond RTO, <h>")
    Markup('Beyond <abbr title="recovery time objective">RTO</abbr>, &lt;h&gt;')
    """
    known = abbreviations()
    parts = re.split(r"([A-Z]{2,})\b", text)
    return Markup("").join(
        Markup('<abbr title="{}">{}</abbr>').format(known[part][0], part) if part in known else escape(part) for part in parts
    )


def place_of(word: str) -> str:
    """Returns the name of an entry's place on the page.

    >>> place_of("RTO, recovery time objective."), place_of("Cut set (minimal).")
    ('rto', 'cut-set')
    """
    return re.sub(r"[^a-z0-9]+", "-", re.split(r",| \(", word, maxsplit=1)[0].lower()).strip("-")


def html_of(text: str) -> Markup:
    """Returns Markdown as HTML. Tables can be scrolled, HTML in the text is shown as it is written, links, which lead to
    other files beside it, are left out, and a paragraph that begins with a strong word has a place of that name.

    >>> html_of("A **CI**, <i>see</i> [model](model.md)")
    Markup('<p>A <strong>CI</strong>, &lt;i&gt;see&lt;/i&gt; model</p>\\n')
    >>> html_of("**Cut set (minimal).** A set.")
    Markup('<p id="cut-set"><strong>Cut set (minimal).</strong> A set.</p>\\n')
    """
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    for rule in ("link_open", "link_close"):
        markdown.add_render_rule(rule, _nothing)
    html = markdown.render(text).replace("<th>", '<th scope="col">')
    html = re.sub("<p><strong>(.*?)</strong>", lambda found: f'<p id="{place_of(found[1])}">{found[0][3:]}', html)
    return Markup(html.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>"))  # noqa: S704


def _nothing(*_: object) -> str:
    return ""
