"""The templates of comments that people have edited; those that nobody edited are the service's own."""

from __future__ import annotations

from app.domain.errors import NotFound
from app.domain.tags import tag_of
from app.domain.ticket_words import DEFAULT_TEMPLATES, checked_template
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.exposures import Condition, accept_any
from app.usecases.keep import audit

TEMPLATES = Records("ticket_template", str)


def template_of(documents: Documents, kind: str) -> str:
    if kind not in DEFAULT_TEMPLATES:
        raise NotFound(f"no template for {kind[:40]!r}; there is one for {' and '.join(DEFAULT_TEMPLATES)}")
    return TEMPLATES.find(documents, kind) or DEFAULT_TEMPLATES[kind]


def template_tag(documents: Documents, kind: str) -> str:
    """Returns a tag of the template of a kind of ticket."""
    return tag_of(template_of(documents, kind))


def put_template(documents: Documents, kind: str, template: str, caller: str, condition: Condition = accept_any) -> str:
    """Keeps the template of a kind of ticket; an empty one brings back the service's own. InvalidInput says what is wrong, Stale
    is raised where the `condition` does not hold of what is there."""
    wanted = checked_template(kind, template or DEFAULT_TEMPLATES.get(kind, ""))
    with documents.together():
        condition(template_tag(documents, kind))
        if template:
            TEMPLATES.put(documents, kind, wanted)
        else:
            TEMPLATES.delete(documents, kind)
        audit.record(documents, caller, "ticket template changed", kind, {"own": bool(template)})
    return wanted
