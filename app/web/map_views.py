"""The map of what is near some CIs, on a page and as a file. Its address is the view: focus, hops, direction, what fails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request

from app.api.auth import permission, scoped
from app.api.common import forestay
from app.api.heavy import heavy
from app.domain.errors import InvalidInput, NotFound
from app.domain.map import DIRECTIONS, MOST_HOPS, MapAnswer, MapNode, MapRedundancy
from app.reports.map_layout import Layout, laid_out
from app.reports.map_png import png_of
from app.usecases.answers.map import MapQuestion, map_of
from app.usecases.find import identify
from app.web.addresses import here
from app.web.views import read, viewed_revision

blueprint = Blueprint("map_web", __name__)
COLOUR = re.compile(r"var\(--(\w+)\)")
LIGHT = re.compile(r"--(\w+): (#\w+);")
LABEL, WHAT = 19, 25  # signs of a name, and of what is said of it, that fit into a node
FILE_WIDTH, BELOW = 760, 146  # of a file: its least width, and the room for what is written below the drawing
SIGNS = {"out": "✕", "down": "✕", "degraded": "◐", "interrupted": "⇄", "up": ""}


def _asked() -> MapQuestion:
    args = request.args
    hops = args.get("hops", "2")
    if not (hops.isascii() and hops.isdigit() and len(hops) < 4):
        raise InvalidInput(f"hops: from 1 to {MOST_HOPS}", field="hops")
    return MapQuestion(
        [text for text in args.getlist("ci") if text.strip()],
        [text for text in args.getlist("also") if text.strip()],
        int(hops),
        args.get("direction", "both"),
        args.get("fails", "yes") != "no",
        args.getlist("open"),
        args.get("select", "").strip(),
        viewed_revision(),
    )


def _drawn() -> tuple[MapAnswer, Layout]:
    answer = map_of(forestay(), _asked())
    bands = {node.id: node.band for node in answer.nodes}
    return answer, laid_out(bands, [(edge.dependent, edge.provider) for edge in answer.edges])


@blueprint.get("/map")
@scoped
@permission("read")
def map_page() -> str | Response | tuple[str, int]:
    """The map around a CI, with its list."""
    asked, added = _asked(), request.args.get("add", "").strip()
    shown: dict[str, Any] = {"asked": asked, "hops": range(1, MOST_HOPS + 1), "directions": DIRECTIONS, "fault": ""}
    if added:
        try:
            key = identify(forestay().store, viewed_revision(), added).key
        except NotFound as error:
            return render_template("map.html", map=None, **{**shown, "fault": error.message}), 404
        name = "also" if asked.cis else "ci"
        return Response("", 302, {"Location": here(add=None, **{name: [*request.args.getlist(name), key]})})
    if not asked.cis:
        return render_template("map.html", map=None, **shown)
    answer, layout = _drawn()
    read(f"map {' '.join(asked.cis)}")
    return render_template("map.html", map=answer, layout=layout, nodes={node.id: node for node in answer.nodes}, **shown)


@blueprint.get("/map.svg")
@scoped
@permission("read")
def map_file() -> Response:
    """The map as a file, with its revision and the age of its data."""
    text, _, name = _file()
    return Response(text, mimetype="image/svg+xml", headers={"Content-Disposition": f'attachment; filename="{name}.svg"'})


@blueprint.get("/map.png")
@heavy
@scoped
@permission("read")
def map_picture() -> Response:
    """The same file as a picture."""
    text, (width, height), name = _file()
    picture = png_of(text, width, height)
    return Response(picture, mimetype="image/png", headers={"Content-Disposition": f'attachment; filename="{name}.png"'})


def _file() -> tuple[str, tuple[float, float], str]:
    """Returns the drawing, its width and height, and how a file of it is called."""
    answer, layout = _drawn()
    read("map as a file")
    size = max(layout.width, FILE_WIDTH), layout.height + BELOW
    text = render_template(
        "map_file.svg", map=answer, layout=layout, nodes={node.id: node for node in answer.nodes}, style=_style(), size=size
    )
    return text, size, f"forestay-map-revision-{answer.stamp.revision}"


def _style() -> str:
    """Returns the style of the drawing with the colours written out, for programs that know no variables."""
    static = Path(str(current_app.static_folder))
    colours = dict(reversed(LIGHT.findall((static / "forestay.css").read_text())))  # the light ones stand first
    return COLOUR.sub(lambda found: colours[found.group(1)], (static / "map.css").read_text())


@blueprint.app_template_filter("node_label")
def node_label(text: str) -> str:
    """Returns a name cut to what fits into a node.

    >>> node_label("db-orders"), node_label("a very long name of a server")
    ('db-orders', 'a very long name o…')
    """
    return text if len(text) <= LABEL else text[: LABEL - 1].rstrip() + "…"


@blueprint.app_template_filter("node_what")
def node_what(node: MapNode) -> str:
    """Returns the second line of a node: its state, and its class where there is room."""
    state = f"{SIGNS.get(node.state, '')} {state_said(node)}".strip()
    ci_class = "service" if node.service else node.ci_class.replace("_", " ")
    return f"{state} · {ci_class}" if len(state) + 3 + len(ci_class) <= WHAT else state


@blueprint.app_template_filter("state_said")
def state_said(node: MapNode) -> str:
    """Returns the state of a node in words, with the share that is left of a degraded one."""
    return f"degraded to {node.left_share:.0%}" if node.state == "degraded" else "fails" if node.state == "out" else node.state


@blueprint.app_template_filter("redundancy_said")
def redundancy_said(groups: Sequence[MapRedundancy], short: bool = False) -> str:
    """Returns how many members the groups of a CI need and have left; the worst alone where there are several.

    >>> pair = MapRedundancy("pair", 1, 2, 1, "used up")
    >>> redundancy_said([pair]), redundancy_said([pair], short=True)
    ('needs 1 of 2, 1 left: used up, never tested', '1 of 2, 1 left, used up')
    """
    if not groups:
        return ""
    worst = min(groups, key=lambda group: (group.left - group.needed, group.key))
    if short:
        return f"{worst.needed} of {worst.members}, {worst.left} left{'' if worst.state == 'whole' else f', {worst.state}'}"
    end = worst.evidence if worst.state == "whole" else f"{worst.state}, {worst.evidence}"
    return f"needs {worst.needed} of {worst.members}, {worst.left} left: {end}"
