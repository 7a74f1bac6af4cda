"""An answer as some lines of plain text for a chat or a ticket: its sentence, its totals, its first rows, its warnings, what it
rests on, and a link that shows just this again.

One renderer for all answers: it goes by the names of fields, so an answer with a stamp is told without any line of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast
from unicodedata import category
from urllib.parse import urlencode

from app.domain.results import (
    AreaDetail,
    AreaPage,
    BlastRadius,
    CiDetail,
    Impact,
    SearchPage,
    ServiceDetail,
    ServicePage,
    Simulation,
)
from app.domain.sentences import minute, number

ROWS, LISTS, WARNINGS, LINE, LINK = 5, 2, 2, 300, 6000  # of a text: rows a list, lists, warnings; signs of a line and of a link
MARKUP = re.compile(r"[<>`\[\]\\]|(?<!\w)@|(?<=:)/(?=/)")  # what chats and tickets read as tags, code, links or a call of people
HEADS = ("sentence", "reason", "title")
TOTALS = {  # fields that are told where they are not nothing, in this order
    "services_down": "services down",
    "services_degraded": "degraded",
    "services_interrupted": "interrupted",
    "cis_down": "CIs down",
    "customers": "customers",
    "customers_most": "customers at most",
    "customer_hours": "customer-hours",
    "money": "money",
    "money_per_hour": "money an hour",
    "first_mtpd_hours": "first MTPD after h",
    "first_mtpd_service": "first MTPD of",
    "rto_breaches": "RTO breaches",
    "mtpd_breaches": "MTPD breaches",
    "priority": "priority",
    "infeasible": "beyond their RTO",
    "undecided": "undecided",
    "changes_total": "changes",
    "collisions_total": "collisions",
    "total_rows": "rows in all",
    "total": "in all",
    "site": "site",
    "team": "team",
    "supplier": "supplier",
    "needs_total": "needs",
    "needed_by_total": "needed by",
}
UNKNOWN_TOLD = ("customers", "money", "money_per_hour")  # unknown is said, as it is not nothing
NAMES = ("name", "label", "service_name", "key", "team", "title")
FACTS = {  # of a row, where its own sentence is not there
    "state": "{}",
    "verdict": "{}",
    "band": "{}",
    "kind": "{}",
    "ci_class": "{}",
    "minutes_left": "{} min left",
    "gap_hours": "gap {} h",
    "wants_hours": "wants {} h",
    "takes_hours": "takes {} h",
    "after_one_hours": "back after {} h",
    "rto_hours": "RTO {} h",
    "mtpd_hours": "MTPD {} h",
    "services_hit": "services {}",
    "customers": "customers {}",
    "customer_hours_per_year": "customer-hours a year {}",
    "money_per_year": "money a year {}",
    "money": "money {}",
}
FACTS_TOLD = 4
TITLES = {
    "ServicePage": "Services, those that suffer most first",
    "RecoveryPage": "Recovery of services against their RTO, the largest gap first",
    "RecoveryGapPage": "Gaps between required and achievable recovery, the largest first",
}


def as_text(answer: Any, base_url: str = "", link: str = "") -> str:
    """Returns the lines of an answer, 15 or so. `link`: the view of an answer that no page shows."""
    stamp = getattr(answer, "stamp", None)
    lines = [_head(answer), _totals(answer)]
    for name, rows in list(_lists(answer))[:LISTS]:
        lines += _rows(answer, name, rows)
    lines += [f"! {warning}" for warning in [*getattr(answer, "notes", ()), *getattr(stamp, "warnings", ())][:WARNINGS]]
    if stamp is not None:
        read = ", ".join(f"{source.name} {minute(source.synced_at) or 'never'}" for source in stamp.sources[:4])
        lines.append(f"Revision {stamp.revision} of {minute(stamp.revision_at)} UTC" + (f"; read: {read}" if read else ""))
    told = [_cut(pasted(line)) for line in lines if line]
    place = _place(answer)
    address = base_url.rstrip("/") + place if place else link
    if len(address) > LINK:
        address = "(too long for a link: store the scenario, and name it)"
    return "\n".join([*told, *([address] if address else [])]) + "\n"


def pasted(text: str) -> str:
    r"""Returns a text that does nothing where it is pasted: controls, turns of direction and markup are written out.

    >>> pasted("srv\u202e1 <b>`x`</b> @here a@b.example http://x\n")
    'srv\\u202e1 \\u003cb\\u003e\\u0060x\\u0060\\u003c/b\\u003e \\u0040here a@b.example http:\\u002f/x\\u000a'
    """
    return "".join(f"\\u{ord(sign):04x}" if category(sign) in ("Cc", "Cf", "Zl", "Zp") else sign for sign in _written_out(text))


def _written_out(text: str) -> str:
    return MARKUP.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _cut(line: str) -> str:
    return line if len(line) <= LINE else line[: LINE - 3] + "..."


def _head(answer: Any) -> str:
    if isinstance(answer, CiDetail):
        return f"{answer.name} ({answer.ci_class}, {answer.lifecycle}, {answer.environment}): {answer.key}"
    if isinstance(answer, AreaPage):
        return f"Problem areas ({answer.kind}) by {answer.measure.replace('_', ' ')}, {number(answer.total)} in all"
    if isinstance(answer, SearchPage):
        return f"CIs found by {answer.query!r}" + (" with a typing error forgiven" if answer.corrected else "")
    inner = (getattr(answer, name, None) for name in ("area", "service"))
    for part in (answer, *(one for one in inner if is_dataclass(one))):
        for name in HEADS:
            if text := getattr(part, name, ""):
                return str(text)
    for name in ("service", "ci", "area"):
        if named := _name(getattr(answer, name, None)):
            return f"{_words(type(answer).__name__)}: {named}"
    kind = type(answer).__name__
    return TITLES.get(kind, _words(kind))


def _totals(answer: Any) -> str:
    told = []
    for name, label in TOTALS.items():
        if not hasattr(answer, name):
            continue
        value = getattr(answer, name)
        if value is None and name in UNKNOWN_TOLD:
            told.append(f"{label}: unknown")
        elif name == "total" and isinstance(answer, AreaPage):
            continue  # it is in the first line
        elif isinstance(value, int | float | str) and not isinstance(value, bool) and (value or name == "services_down"):
            told.append(f"{label}: {_value(value)}")
    return "; ".join(told)


def _lists(answer: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yields the lists of an answer that have rows: what it is about (services, items) first."""
    found = [
        (entry.name, getattr(answer, entry.name)) for entry in fields(answer) if entry.name not in ("stamp", "cis", "values")
    ]
    lists = [
        (name, rows)
        for name, rows in found
        if isinstance(rows, list | tuple) and rows and is_dataclass(rows[0]) and _row(rows[0])
    ]
    yield from sorted(lists, key=lambda one: one[0] not in ("services", "items"))


def _rows(answer: Any, name: str, rows: Sequence[Any]) -> list[str]:
    total = (
        getattr(answer, f"{name}_total", None) or (getattr(answer, "total_rows", None) if name == "items" else None) or len(rows)
    )
    lines = [f"{_words(name)}:" if name != "items" else "", *(f"- {_row(row)}" for row in rows[:ROWS])]
    more = total - min(len(rows), ROWS)
    return lines + ([f"- and {more:,} more"] if more > 0 else [])


def _row(row: Any) -> str:
    ci = getattr(row, "ci", None)
    name = _name(row) or _name(ci) or (ci if isinstance(ci, str) else "")
    if text := str(getattr(row, "sentence", "") or getattr(row, "reason", "")):
        return text if name in text else f"{name}: {text}"
    facts = [
        form.format(_value(value))
        for field, form in FACTS.items()
        if (value := getattr(row, field, None)) not in (None, "", (), [])
    ]
    return ": ".join(part for part in (name, ", ".join(facts[:FACTS_TOLD])) if part) if name else ""


def _name(part: Any) -> str:
    return next((str(text) for name in NAMES if (text := getattr(part, name, ""))), "") if part is not None else ""


def _value(value: Any) -> str:
    return number(value) if isinstance(value, int | float) else str(value)


def _words(name: str) -> str:
    """Returns the name of a class or field as words.

    >>> _words("RecoveryGapPage"), _words("redundancy_used_up")
    ('Recovery gap', 'Redundancy used up')
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").removesuffix(" Page").lower()
    return words[:1].upper() + words[1:]


def _place(answer: Any) -> str:
    """Returns the address below the base under which a page shows just this answer at its revision; "" where none does."""
    path, question = _view(answer)
    stamp = getattr(answer, "stamp", None)
    if path and path != "/now" and stamp is not None:
        question = {**question, "revision": stamp.revision}
    return path + (f"?{urlencode(question)}" if question else "") if path else ""


def _view(answer: Any) -> tuple[str, Mapping[str, Any]]:
    """Returns the page of an answer and what it is asked."""
    if isinstance(answer, BlastRadius):
        keys = [row.key for row in answer.cis]
        return (
            ("/ci", {"key": keys[0]}) if len(keys) == 1 else ("/what-if", {"scenario": _failing([{"ci": key} for key in keys])})
        )
    if isinstance(answer, CiDetail | Impact):
        return "/ci", {"key": answer.key if isinstance(answer, CiDetail) else answer.ci.key}
    if isinstance(answer, Simulation):
        told = cast(Mapping[str, Any], answer.scenario)
        select = [{"ci": ci} for ci in told["cis"]]
        select += [{kind: told[kind]} for kind in ("site", "team", "supplier") if told[kind]]
        return "/what-if", {"scenario": _failing(select, answer.duration_hours)}
    if isinstance(answer, AreaPage):
        return "/", {"kind": answer.kind}
    if isinstance(answer, AreaDetail):
        return "/area", {"kind": answer.area.kind, "name": answer.area.name}
    if isinstance(answer, SearchPage):
        return "/search", {"q": answer.query}
    if isinstance(answer, ServicePage):
        return "/services", {}
    if isinstance(answer, ServiceDetail):
        return "/service", {"key": answer.service.key}
    return _view_by_name(answer)


def _view_by_name(answer: Any) -> tuple[str, Mapping[str, Any]]:
    """Returns the page of an answer whose class is of a room that this one need not load."""
    kind = type(answer).__name__
    if kind == "TimelineAnswer":
        return "/what-if", {"scenario": _json(answer.scenario)}
    if kind == "ServiceRecovery":
        return "/recovery-of", {"key": answer.service.key}
    return {"RecoveryPage": "/recovery", "RecoveryGapPage": "/recovery"}.get(kind, "/now" if kind.startswith("Now") else ""), {}


def _failing(select: Sequence[Mapping[str, str]], hours: float | None = None) -> str:
    """Returns a scenario in which CIs fail at once."""
    step: dict[str, Any] = {"at_hours": 0, "do": "fail", "select": list(select)}
    return _json({"steps": [{**step, "hours": hours} if hours else step]})


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
