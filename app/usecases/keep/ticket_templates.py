"""The templates of comments that people have edited; those that nobody edited are the service's own."""

from __future__ import annotations

from app.domain.ticket_words import DEFAULT_TEMPLATES, checked_template
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.keep import audit

TEMPLATES = Records("ticket_template", str)


def template_of(documents: Documents, kind: str) -> str:
    return TEMPLATES.find(documents, kind) or DEFAULT_TEMPLATES[kind]


def put_template(documents: Documents, kind: str, template: str, caller: str) -> str:
    """Keeps the template of a kind of ticket; an empty one brings back the service's own. InvalidInput says what is wrong."""
    wanted = checked_template(kind, template or DEFAULT_TEMPLATES.get(kind, ""))
    with documents.together():
        if template:
            TEMPLATES.put(documents, kind, wanted)
        else:
            TEMPLATES.delete(documents, kind)
        audit.record(documents, caller, "ticket template changed", kind, {"own": bool(template)})
    return wanted
