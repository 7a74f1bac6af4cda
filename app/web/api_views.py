"""The page of the API: its OpenAPI document to read and to try, and without script a list of its operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template

from app.api.auth import permission, scoped
from app.api.problems import problem_api

blueprint = Blueprint("api_web", __name__)


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    method: str
    path: str
    summary: str


@blueprint.get("/api")
@scoped
@permission("read")
def api() -> str:
    """The API to read and to try."""
    return render_template("api.html", groups=operations(problem_api(current_app).document()))


def operations(document: Mapping[str, Any]) -> dict[str, Sequence[Operation]]:
    """Returns the operations of an OpenAPI document under what they are about, in the document's order."""
    about = {tag["name"]: tag.get("description") or tag["name"] for tag in document["tags"]}
    found: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method, told in item.items():
            if method != "parameters":
                operation = Operation(told["operationId"], method.upper(), path, told["summary"])
                found.setdefault(about[told["tags"][0]], []).append(operation)
    return dict(sorted(found.items()))
