"""History: revisions and what changed between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.api.schemas.questions import ChangesQuestion, PageQuestion, WhyQuestion
from app.domain.errors import NotFound
from app.domain.explained import ExplainedChange
from app.ports.graph_store import Revision
from app.usecases import paging
from app.usecases.answers.change_explained import explain_change
from app.usecases.revisions import ChangedRow, changes_between, list_revisions

MOST = 2**62
blueprint = Blueprint("revisions", __name__, url_prefix="/api/v1", description="Revisions of the ledger")


@dataclass(frozen=True, slots=True)
class RevisionPage:
    items: Sequence[Revision]
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class ChangesPage:
    a: int
    b: int
    noun: str
    total: int
    items: Sequence[ChangedRow]
    limit: int
    truncated: bool
    next: str | None


@route(blueprint, "/revisions", "read", RevisionPage)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Newest first."""
    after = paging.decode(question["after"], "revision")["revision"] if question.get("after") else 0
    listed = list_revisions(forestay().store, after, question["limit"] + 1)
    more, rows = len(listed) > question["limit"], listed[: question["limit"]]
    return RevisionPage(rows, question["limit"], more, paging.encode(revision=rows[-1].revision) if more else None)


@route(blueprint, "/revisions/<int:revision>", "read", Revision)
def one(revision: int) -> Any:
    """A revision: when it was published and what wrote it."""
    return forestay().store.revision(_possible(revision))


@route(blueprint, "/revisions/<int:revision>/changes", "read", ChangesPage, long=True)
@blueprint.arguments(ChangesQuestion, location="query")
def changes(question: dict[str, Any], revision: int) -> Any:
    """Rows of a noun that differ from an earlier revision (`since`, default the one before)."""
    since = question.get("since", max(_possible(revision) - 1, 0))
    offset = paging.decode(question["after"], "offset")["offset"] if question.get("after") else 0
    answer = changes_between(forestay().store, since, revision, question["noun"], offset, question["limit"])
    following = None if answer.next_offset is None else paging.encode(offset=answer.next_offset)
    return ChangesPage(
        answer.a, answer.b, answer.noun, answer.total, answer.rows, question["limit"], following is not None, following
    )


@route(blueprint, "/revisions/<int:revision>/why", "read", ExplainedChange, long=True)
@blueprint.arguments(WhyQuestion, location="query")
def why(question: dict[str, Any], revision: int) -> Any:
    """Why the expected loss differs from an earlier revision (`since`, default the one before): parts that add up."""
    later = _possible(revision)
    return explain_change(
        forestay(), question.get("since", max(later - 1, 0)), later, question["kind"], question["by"], question["limit"],
        question.get("after"),
    )  # fmt: skip


def _possible(revision: int) -> int:
    """Returns the number; NotFound for one that no store can hold (an address can hold any number of digits)."""
    if revision > MOST:
        raise NotFound(f"no revision {revision}")
    return revision
