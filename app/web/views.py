"""The pages: ranking, one area, services, search, one CI with its blast radius, sign-in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.api import away
from app.api.auth import caller, is_passed_on, permission, scoped
from app.api.common import base_url, forestay, whole
from app.api.heavy import heavy
from app.api.hosts import is_own_page
from app.domain.areas import AREA_LABELS
from app.domain.errors import Ambiguous, NotAllowed, NotFound, StoreUnavailable
from app.domain.results import MEASURES
from app.domain.sentences import figure, loss_unit, not_read, number, signed
from app.domain.service_risk import BudgetRow, Estimate
from app.usecases.answers.area_detail import area_detail
from app.usecases.answers.blast import blast_radius
from app.usecases.answers.ci_outage import ci_outage
from app.usecases.answers.cis import ci_detail
from app.usecases.answers.plain_text import as_text
from app.usecases.answers.quality.report import quality
from app.usecases.answers.recovery import recovery_in_short, recovery_page, service_recovery
from app.usecases.answers.recovery_gaps import gaps_page
from app.usecases.answers.service_risk.ask import RiskQuestion
from app.usecases.answers.service_risk.goal import service_goal
from app.usecases.answers.services import service_detail, service_page
from app.usecases.answers.tickets_about import TicketsAbout, tickets_of, tickets_of_area
from app.usecases.find import identify
from app.usecases.keep import access
from app.usecases.keep.access import LOCAL
from app.usecases.keep.connectors import has_connectors
from app.usecases.search.areas import areas_named
from app.usecases.search.ask import search_page
from app.web.past import revision_asked

blueprint = Blueprint("web", __name__)
ROWS = 50
PAGE_NODES, PAGE_SECONDS = 50_000, 0.5  # what a page may spend on the exact engine; the API and the command line may spend more
ROWS_OF_BUDGET = 10
AREAS_FOUND = 10  # of each kind, on the page of a search


blueprint.add_app_template_filter(figure)
blueprint.add_app_template_filter(loss_unit)
blueprint.add_app_template_filter(signed)


@blueprint.app_template_filter("estimate")
def estimate(value: Estimate, factor: float = 1.0, unit: str = "") -> str:
    """Returns a number with how it was computed: "99.95 % (exact)", "1.3, 1.2 to 1.4 (simulated)", "between 1.2 and 1.4
    (bounded)"."""

    def digits(part: float) -> str:
        return f"{part * factor:,.4f}".rstrip("0").rstrip(".") if abs(part * factor) < 1000 else number(part * factor)

    if value.value is not None:
        ends = f", {digits(value.low)} to {digits(value.high)}{unit}" if value.low is not None and value.high is not None else ""
        return f"{digits(value.value)}{unit}{ends} ({value.method})"
    if value.low is not None and value.high is not None:
        return f"between {digits(value.low)} and {digits(value.high)}{unit} ({value.method})"
    return "unknown"


@blueprint.app_template_filter("of_budget")
def of_budget(row: BudgetRow) -> str:
    """Returns the share of an error budget that a row uses up; "" where it is unknown, "infinite" where the goal allows none."""
    if row.share_of_budget_infinite:
        return "infinite: the goal allows none"
    return "" if row.share_of_budget is None else percent(row.share_of_budget)


@blueprint.app_template_filter("not_read")
def _not_read(needs: int) -> str:
    return not_read(needs)


@blueprint.app_template_filter("percent")
def percent(value: float) -> str:
    return f"{value:.1%}"


@blueprint.app_context_processor
def shared() -> dict[str, Any]:
    return {
        "away": away.warning(),
        "kinds": AREA_LABELS,
        "measures": MEASURES,
        "signed_in": g.get("caller") if g.get("caller") != LOCAL else None,
        "provider": whole().settings.sign_in.label if whole().settings.web.sign_in == "oidc" else "",
    }


def viewed_revision() -> int:
    """Returns the number of the revision that the page is about."""
    return revision_asked().revision


def read(subject: str) -> None:
    reads = whole().reads
    reads.note(caller().name, f"read page {request.endpoint}", subject)
    if is_passed_on():  # this process may be ended at any moment
        reads.flush()


def _known_tickets(ask: Callable[[], TicketsAbout | None]) -> TicketsAbout | None:
    """Returns the tickets of a page; None while the store is away, from which the rest of the page was kept."""
    try:
        return ask()
    except StoreUnavailable:
        return None


@blueprint.get("/area")
@scoped
@permission("read")
def area() -> str:
    """One area: reason, services, path, inputs with their origin."""
    service, kind, name = forestay(), request.args.get("kind", "ci"), request.args.get("name", "")
    detail = area_detail(service, kind, name, viewed_revision(), None, after=request.args.get("after"))
    read(f"area {kind} {name}")
    tickets = _known_tickets(
        lambda: tickets_of_area(service, kind, name, detail.stamp.revision) if has_connectors(service.documents) else None
    )
    return render_template("area.html", detail=detail, kind=kind, tickets=tickets)


@blueprint.get("/services")
@scoped
@permission("read")
def services() -> str:
    service = forestay()
    page = service_page(service, ROWS, request.args.get("after"), viewed_revision(), None)
    return render_template("services.html", page=page)


@blueprint.get("/service")
@partial(heavy, when=lambda: bool(request.args.get("goal")))
@scoped
@permission("read")
def one_service() -> str:
    service, key = forestay(), request.args.get("key", "")
    detail = service_detail(service, key, ROWS, request.args.get("after"), viewed_revision(), None)
    goal = None
    if request.args.get("goal"):  # asked for: it takes some seconds
        question = RiskQuestion(key, nodes=PAGE_NODES, seconds=PAGE_SECONDS, revision=detail.stamp.revision)
        goal = service_goal(service, question, limit=ROWS_OF_BUDGET)
    read(f"service {key}")
    recovery, path = recovery_in_short(service, detail.service.key, detail.stamp.revision)
    return render_template("service.html", detail=detail, goal=goal, recovery=recovery, path=path)


@blueprint.get("/recovery")
@scoped
@permission("read")
def recovery() -> str:
    page = recovery_page(forestay(), ROWS, request.args.get("after"), viewed_revision(), None)
    read("recovery")
    return render_template("recovery.html", page=page)


@blueprint.get("/recovery-gaps")
@scoped
@permission("read")
def recovery_gaps() -> str:
    page = gaps_page(forestay(), ROWS, request.args.get("after"), viewed_revision(), None)
    read("recovery gaps")
    return render_template("recovery_gaps.html", page=page)


@blueprint.get("/recovery-of")
@scoped
@permission("read")
def recovery_of_service() -> str:
    key = request.args.get("key", "")
    page = service_recovery(forestay(), key, ROWS, request.args.get("after"), viewed_revision(), None)
    read(f"recovery of {key}")
    return render_template("recovery_of_service.html", page=page)


@blueprint.get("/quality")
@heavy
@permission("read")
def data_quality() -> str:
    """What the data lacks, and what that weighs in the ranking."""
    service = forestay()
    page = quality(service, ROWS)
    read("data quality")
    return render_template("quality.html", page=page)


@blueprint.get("/search")
@scoped
@permission("read")
def search() -> str | Response:
    """Beginnings of words of any identity; one exact answer leads straight to its CI."""
    service, query = forestay(), request.args.get("q", "").strip()
    if not query:
        return render_template("search.html", page=None, query="")
    revision = viewed_revision()
    try:
        hit = identify(service.store, revision, query)
        kept: dict[str, Any] = {name: request.args[name] for name in ("revision", "as_of") if request.args.get(name)}
        return redirect(url_for("web.ci", key=hit.key, **kept))
    except (NotFound, Ambiguous):
        page = search_page(service, query, ROWS, request.args.get("after"), revision)
        areas = None if request.args.get("after") else areas_named(service, query, AREAS_FOUND, revision)
        return render_template("search.html", page=page, areas=areas, query=query)


@blueprint.get("/ci")
@scoped
@permission("read")
def ci() -> str:
    """One CI: its blast radius first, then what is known of it."""
    service, key, revision = forestay(), request.args.get("key", ""), viewed_revision()
    detail = ci_detail(service, key, revision, None)
    blast = near = None
    if detail.assessed:
        near = ci_outage(service, detail.key, revision, PAGE_SECONDS)
        blast = blast_radius(
            service,
            [detail.key],
            limit=100,
            after=request.args.get("after"),
            revision=revision,
        )
    read(f"ci {detail.key}")
    summary = as_text(blast or detail, base_url())
    tickets = _known_tickets(lambda: tickets_of(service, detail.key))
    return render_template("ci.html", detail=detail, blast=blast, near=near, summary=summary, tickets=tickets)


@blueprint.get("/sign-in")
def sign_in() -> str:
    return render_template("sign_in.html", then=local_place(request.args.get("then", "")), out=bool(request.args.get("out")))


@blueprint.post("/sign-in")
def enter() -> str | Response | tuple[str, int]:
    """Signs in with an API key; the page session carries a token, never the key."""
    service, then = whole(), local_place(request.form.get("then", ""))
    if not is_own_page(request.headers, service.settings.web):
        raise NotAllowed("a page of another site may not do this", status=403)
    try:
        token = access.open_session(service.documents, request.form.get("key", ""), service.settings.web.session_hours)
    except NotAllowed:
        return render_template("sign_in.html", then=then, why="That key is not valid."), 403
    session.clear()
    session["token"] = token
    return redirect(then)


@blueprint.post("/sign-out")
@permission("read")
def sign_out() -> Response:
    if token := session.pop("token", None):
        access.close_session(whole().documents, str(token))
    session.clear()
    return redirect(url_for("web.sign_in", out=1))


def local_place(target: str) -> str:
    """Returns a place on this site to go on to, never another host."""
    parts = urlsplit(target)
    if not target.startswith("/") or target.startswith("//") or parts.scheme or parts.netloc or "\\" in target:
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")
