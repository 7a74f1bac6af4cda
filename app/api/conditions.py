"""Conditions of a request that replaces something: what the caller believes is there (RFC 9110, 13.1 and RFC 6585, 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import marshmallow as ma
from flask import request
from werkzeug.datastructures import ETags

from app.domain.errors import Stale, Unconditional
from app.usecases.exposures import Condition

View = TypeVar("View", bound=Callable[..., Any])


def condition(needed: bool) -> Condition:
    """Returns the check that the request's If-Match and If-None-Match demand. Of an ETag what stands behind its last dot counts:
    the tag of what a person can change, without what only follows from the rest of the estate. The check raises Unconditional
    where there is neither header and one is `needed`."""
    wanted, unwanted = request.if_match, request.if_none_match
    known = _own(wanted)

    def met(tag: str) -> None:
        if needed and not wanted and not unwanted:
            raise Unconditional(
                "say what is replaced: If-Match with the ETag of the last GET, If-None-Match: * for something new, "
                "or If-Match: * for whatever is there"
            )
        if wanted and not (tag and (wanted.star_tag or tag in known)):
            raise Stale("it was changed since, or is not there: read it again and repeat the change")
        if unwanted and tag and (unwanted.star_tag or tag in _own(unwanted)):
            raise Stale("it is there already: read it, and say with If-Match what is replaced")

    return met


def _own(etags: ETags) -> set[str]:
    return {etag.rpartition(".")[2] for etag in etags.as_set() if etag}  # `""` is read as none


class Conditions(ma.Schema):
    """The headers of a request that replaces or changes something."""

    if_match = ma.fields.String(data_key="If-Match", metadata={"description": "The ETag of the last GET, or *"})
    if_none_match = ma.fields.String(data_key="If-None-Match", metadata={"description": "*: only where nothing is there yet"})


def conditional(view: View) -> View:
    """Documents that a view looks at these headers."""
    described = dict(getattr(view, "_apidoc", {}))
    arguments = described.get("arguments", {"parameters": [], "responses": {}})
    headers = {"in": "header", "schema": Conditions()}
    view._apidoc = {**described, "arguments": {**arguments, "parameters": [*arguments["parameters"], headers]}}  # type: ignore[attr-defined]
    return view
