"""The page of problem areas: how the estate stands, and the ranking, filtered, sorted and compared."""

from __future__ import annotations

from flask import render_template, request

from app.api.auth import caller, permission, scoped
from app.api.common import forestay
from app.domain.areas import AREA_KINDS, ORIGINS
from app.domain.errors import InvalidInput, StoreUnavailable
from app.domain.results import Stamp
from app.usecases.answers.area_order import AreasAsked, values_of
from app.usecases.answers.ranking import area_page
from app.usecases.assess import assessed
from app.usecases.revisions import list_revisions
from app.web.views import ROWS, blueprint, read, viewed_revision

SUGGESTED = 300  # values that a field of the filter offers
REVISIONS_OFFERED = 30


@blueprint.get("/")
@scoped
@permission("read")
def ranking() -> str:
    """The ranked problem areas."""
    service, kind, revision = forestay(), request.args.get("kind", "ci"), viewed_revision()
    if kind not in AREA_KINDS:
        raise InvalidInput(f"kind: one of {', '.join(AREA_KINDS)}")
    asked = _asked()
    page = area_page(service, kind, ROWS, request.args.get("after"), revision, None, asked)
    read(f"areas {kind}")
    if kind == "ci" and page.of_rows == 0:
        return render_template("empty.html", page=page)
    oldest, oldest_source = _oldest(page.stamp)
    return render_template(
        "ranking.html",
        page=page,
        kind=kind,
        asked=asked,
        values=values_of(assessed(service.estates, service.cache, page.stamp.revision), SUGGESTED),
        origins=ORIGINS,
        revisions=_offered(page.stamp.revision, asked.since),
        oldest=oldest,
        oldest_source=oldest_source,
    )


def _asked() -> AreasAsked:
    """Returns the question of the address."""
    args = {name: request.args.get(name, "").strip() for name in ("name", "team", "site", "class", "origin", "sort", "since")}
    since = args["since"]
    if since and not (since.isascii() and since.isdigit() and len(since) < 19):
        raise InvalidInput("since is the number of a revision", field="since")
    return AreasAsked(
        args["name"],
        args["team"],
        args["site"],
        args["class"],
        args["origin"],
        args["sort"] or "rank",
        int(since) if since else None,
    )


def _offered(shown: int, chosen: int | None) -> list[tuple[str, str]]:
    """Returns the revisions before the one on show, the newest first, as values and labels; a scope sees no list of them."""
    if caller().scope:
        return []
    try:
        earlier = [row for row in list_revisions(forestay().store, shown, REVISIONS_OFFERED) if row.revision < shown]
        if chosen is not None and chosen not in [row.revision for row in earlier]:
            earlier.append(forestay().store.revision(chosen))
    except StoreUnavailable:  # the ranking itself is answered from what was kept
        return []
    real = [row for row in earlier if row.revision > 0]
    return [(str(row.revision), f"{row.revision}, {row.published_at or row.created_at:%Y-%m-%d}") for row in real]


def _oldest(stamp: Stamp) -> tuple[str | None, str]:
    """Returns when the source that was read longest ago was read (None: one never was), and its name."""
    if not stamp.sources:
        return None, ""
    oldest = min(stamp.sources, key=lambda source: source.synced_at)
    return oldest.synced_at or None, oldest.name
