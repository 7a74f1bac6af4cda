"""What the API's description says of a route beside its schemas: its name, its first sentence, who may ask, and the errors that
can really happen, which follow from the route's traits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.api.conditions import Conditions
from app.api.schemas.questions import When

ALWAYS = (401, 403, 421, 422, 429, 503)  # sign-in, role or scope, unknown host, unknown parameter, too many requests, no store
NAMES_CIS = frozenset(
    {"ci", "cis", "measures", "also", "down", "id", "with", "a", "b", "scenario"}
)  # fields with identities of CIs
NAMES = NAMES_CIS | {"change", "compare_with", "decision", "scope", "version"}  # fields of what may not be there
PARTS = {  # of addresses
    "acceptance": "Id of an accepted risk",
    "alert": "`alert_key` of an alert, from the answer of /now",
    "assessment": "Number of an assessment",
    "ci": "A CI by its key or any other identity, like its FQDN or serial number; `/` needs no escape",
    "day": "Id of a game day",
    "decision": "Name of a decision about a proposal",
    "delivery": "Number of a delivery",
    "entry": "Id of an entry: of a calendar, or kept by itself",
    "goal_kind": "Kind of a goal: availability, error_rate or time_to_repair",
    "improvement": "Id of an improvement",
    "job_id": "Number of a job",
    "kind": "Kind of a ticket system: servicenow, jira, itop, glpi, rt, redmine, zammad, pagerduty or webhook",
    "name": "Its name",
    "order": "Key of a ticket of the outbox, which the ticket carries too",
    "prefix": "First part of a key, which the list of keys shows",
    "proposal": "Name of a proposal",
    "report": "Number of a report",
    "revision": "Number of a revision",
    "run_id": "Number of a run",
    "scenario": "Name of a stored scenario",
    "sender": "Name of a sender",
    "simulation": "Number of a simulation",
    "study": "Number of a study",
    "suggestion": "Name of a suggestion",
    "template": "A template of the register of information: B_05.02 or B_07.01",
    "test": "Id of a test, from the list of tests",
    "ticket_kind": "Kind of a ticket: incident or change",
    "view": "Id of a view, from the list of views",
}
VERBS = {"page": "list", "one": "get", "make": "create"}
PART = re.compile(r"<(?:\w+:)?(\w+)>")
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")


def operation_id(room: str, view: str, called: str = "") -> str:
    """Returns the stable name of an operation, of which a client makes its function's name.

    >>> operation_id("areas", "page"), operation_id("impact", "impact"), operation_id("cis", "blast", "cis_blast_radius")
    ('areas_list', 'impact_get', 'cis_blast_radius')
    """
    return called or f"{room}_{'get' if view == room else VERBS.get(view, view)}"


def told_of(docstring: str, permission: str, in_scope: bool) -> dict[str, str]:
    """Returns the summary of an operation, which is the first sentence of its view's docstring, and its description.

    >>> told_of("Newest first. Older ones go.", "read", True)["summary"]
    'Newest first.'
    """
    text = " ".join(docstring.split())
    scope = "a key with a scope may ask" if in_scope else "not for keys with a scope"
    summary = SENTENCE.split(text, maxsplit=1)[0]
    whole = "" if text == summary else f"{text}\n\n"
    return {"summary": summary, "description": f"{whole}Needs permission `{permission}`; {scope}."}


def parts_of(path: str) -> list[dict[str, str]]:
    """Returns what the description says of the variable parts of an address.

    >>> parts_of("/runs/<run_id>/rejected")
    [{'in': 'path', 'name': 'run_id', 'description': 'Number of a run'}]
    """
    return [{"in": "path", "name": name, "description": PARTS[name]} for name in PART.findall(path)]


def errors_of(
    path: str, method: str, parameters: Sequence[Mapping[str, Any]], has_body: bool, long: bool, asks_source: bool
) -> list[int]:
    """Returns the statuses of the errors that a route can answer with.

    400, 415: it reads JSON. 404: its address or its question names something, or a state of the estate. 409: it names CIs, to
    which several may answer, or it writes. 412, 428: it looks at conditions, and what it replaces must be named. 413: it takes a
    body, or computes in the lane, where memory is limited. 502: it asks a source.
    """
    schemas = [parameter["schema"] for parameter in parameters if hasattr(parameter.get("schema"), "fields")]
    fields = {field.data_key or name for schema in schemas for name, field in schema.fields.items()}
    reads_json = any(parameter["in"] == "json" for parameter in parameters)
    past = any(isinstance(schema, When) for schema in schemas)
    conditional = any(isinstance(schema, Conditions) for schema in schemas)
    happening: Iterable[tuple[bool, Sequence[int]]] = (
        (reads_json, (400, 415)),
        ("<" in path or past or bool(fields & NAMES), (404,)),
        (method != "GET" or bool(fields & NAMES_CIS) or "<path:ci>" in path, (409,)),
        (conditional, (412,)),
        (conditional and method == "PUT", (428,)),
        (reads_json or has_body or past or long, (413,)),
        (asks_source, (502,)),
    )
    return sorted({*ALWAYS, *(code for happens, codes in happening if happens for code in codes)})
