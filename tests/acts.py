"""What people and syncs do to the store, each there and back again, so that it can be done, killed and done again for ever on one
estate.

`prepare` is done first and is never killed. `state` is what readers see of the estate and of what is kept beside it; an act that
is one unit of work has two states, before and after; one of several has a state between each.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from app.bootstrap import Forestay
from app.domain.alerts import AlertRules
from app.domain.change_list import ChangeList
from app.domain.errors import HeldForApproval, InvalidInput, NotFound
from app.domain.records import ServiceRecord
from app.domain.study import StudyOptions
from app.ports.documents import Documents
from app.usecases import decide
from app.usecases.approve import approve, held_runs
from app.usecases.assess import assess
from app.usecases.decisions_kept import decision_page
from app.usecases.exposures import lay_exposure, remove_exposure
from app.usecases.keep import access, audit, plan, runs, sync_runs
from app.usecases.keep.audit_verify import verify
from app.usecases.keep.connectors import Connector, list_connectors, put_connector
from app.usecases.keep.goals import GOALS
from app.usecases.keep.inbox import SENDERS, make_sender, receive
from app.usecases.keep.lease import give_up, take_or_renew
from app.usecases.keep.live import present
from app.usecases.keep.orders import DUE, ORDERS, orders_of_ci
from app.usecases.keep.planned import all_plans
from app.usecases.keep.sources import (
    MANUAL,
    RegisteredSource,
    add_source,
    find_source,
    get_source,
    list_sources,
    told_of,
    update_source,
)
from app.usecases.keep.ticket_rules import list_rules
from app.usecases.keep.views import VIEWS, NamedView
from app.usecases.remove_source import remove_source
from app.usecases.reports.make import ReportRequest, file_of, make_report, page_reports
from app.usecases.run_sync import SyncRequest, run_sync
from app.usecases.studies.make import make_study
from app.usecases.work_inbox import work_inbox
from tests import doors
from tests.changes_made import changes_made

WHO = "tester"
SAID_WHEN = re.compile(r'"content_hash":\[null,-?\d+\],')  # of a decision, whose payload says when
CIS = 24
ALERT_AT = "2026-11-20T10:00:00+00:00"
HANDED = "handed"  # the source whose input comes as an upload
WHATEVER_IS_THERE = {"If-Match": "*"}
NOTHING_IS_THERE = {"If-None-Match": "*"}
Entry = dict[str, Any]
STUDY = StudyOptions(nodes=10_000, seconds=1.0, worlds=1, draws=2, examined=10)


def input_folder(service: Forestay) -> Path:
    return service.settings.data_folder.parent / "input"


def write_input(service: Forestay, state: str = "whole") -> None:
    """`other`: names and sites differ; `small`: half of the CIs are gone, which the guard holds."""
    folder = input_folder(service)
    folder.mkdir(exist_ok=True)
    kept = range(CIS // 2 if state == "small" else CIS)
    site = "south" if state == "other" else "north"
    cis = [f"k{n},{'other' if state == 'other' and n % 3 == 0 else 'name'} {n},server,{site}" for n in kept]
    cis += ["m1,mate 1,router,east", "m2,mate 2,router,east"]
    edges = [f"k{n},k{n // 2}" for n in kept if n]
    sheets = {
        "cis": ["key,name,class,site", *cis],
        "dependencies": ["dependent,provider", *edges],
        "services": ["key,customers", "k1,100", "k4,50"],
    }
    for name, lines in sheets.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")


def write_second(service: Forestay) -> Path:
    folder = input_folder(service).with_name("second")
    folder.mkdir(exist_ok=True)
    (folder / "cis.csv").write_text("key,name,class\nt1,third 1,router\nt2,third 2,router\n", "utf-8")
    return folder


def set_up(service: Forestay) -> None:
    write_input(service)
    add_source(service.documents, "cmdb", "csv", str(input_folder(service)))
    add_source(service.documents, HANDED, "json", "")
    doors.make_keys(service)
    _hand_back(service)
    sync(service)


def sync(service: Forestay, name: str = "cmdb", approved: bool = True) -> None:
    run_sync(service, SyncRequest(name, apply=True, approve=approved, complete=True, caller=WHO))


# --- the acts
def _lay(service: Forestay) -> None:
    lay_exposure(service, ServiceRecord("k2", customers=500), WHO)


def _take_back(service: Forestay) -> None:
    _unless_done(lambda: remove_exposure(service, "k2", WHO))


def _edit(service: Forestay) -> None:
    said = {"customers": 7, "currency": "EUR", "money_per_hour": 5}
    doors.ask(service, "analyst", "PUT", "/services/k1", json=said, headers=WHATEVER_IS_THERE)


def _edit_back(service: Forestay) -> None:
    doors.ask(service, "analyst", "DELETE", "/services/k1", may_fail=404)


def _set_goal(service: Forestay) -> None:
    """The target goes to the ledger, its terms beside it: both or none."""
    said = {"target": 0.99, "window": "month", "zone": "Europe/Berlin", "reason": "agreed"}
    doors.ask(service, "analyst", "PUT", "/services/k4/goals/availability", json=said)


def _drop_goal(service: Forestay) -> None:
    doors.ask(service, "analyst", "DELETE", "/services/k4/goals/availability", may_fail=422)


def _goals(service: Forestay) -> str:
    """The state of the act on goals."""
    kept = [(row.key, sorted(row.value.goals)) for row in GOALS.every(service.documents) if row.value.goals]
    return json.dumps([graph(service), kept])


def _hand(service: Forestay) -> None:
    _upload(service, "new")


def _hand_back(service: Forestay) -> None:
    _upload(service, "old")


def _upload(service: Forestay, name: str) -> None:
    body = json.dumps({"cis": [{"id": "h1", "name": name, "class": "server"}]}).encode()
    path = f"/sources/{HANDED}/file?filename=estate.json"
    doors.ask(service, "integrator", "PUT", path, data=body, headers=WHATEVER_IS_THERE, content_type="application/octet-stream")


def _add_second(service: Forestay) -> None:
    """As `forestay import`: a source is registered and synced."""
    if find_source(service.documents, "second") is None:
        with service.documents.together():
            add_source(service.documents, "second", "csv", str(write_second(service)))
            audit.record(service.documents, WHO, "source added", "second")
    sync(service, "second")


def _remove_second(service: Forestay) -> None:
    _unless_done(lambda: remove_source(service, "second", apply=True, keep=False, caller=WHO))


def _hold(service: Forestay) -> None:
    write_input(service, "small")
    if not held_runs(service.documents):
        sync(service, approved=False)


def _approve(service: Forestay) -> None:
    """Where another act changed the estate since the run was held, a new run waits in its place: that one is approved."""
    for _ in range(2):
        for run in held_runs(service.documents):
            with suppress(HeldForApproval):
                approve(service, run.run_id, WHO)


def _make_key(service: Forestay) -> None:
    if not _live_keys(service, "probe"):
        doors.ask(service, "admin", "POST", "/keys", json={"name": "probe", "role": "viewer"})


def _revoke_key(service: Forestay) -> None:
    _revoke_keys(service, "probe")


def _make_second_key(service: Forestay) -> None:
    if not _live_keys(service, "turned"):
        doors.ask(service, "admin", "POST", "/keys", json={"name": "turned", "role": "viewer"})


def _rotate_key(service: Forestay) -> None:
    live = _live_keys(service, "turned")
    if len(live) == 1:
        doors.ask(service, "admin", "POST", f"/keys/{live[0].prefix}/rotate", json={"overlap_hours": 1})


def _revoke_second_key(service: Forestay) -> None:
    _revoke_keys(service, "turned")


def _revoke_keys(service: Forestay, name: str) -> None:
    for key in _live_keys(service, name):
        doors.ask(service, "admin", "DELETE", f"/keys/{key.prefix}")


def _live_keys(service: Forestay, name: str) -> list[access.AccessKey]:
    return [key for key in access.list_keys(service.documents) if key.name == name and not key.revoked_at]


def _reschedule(service: Forestay) -> None:
    doors.ask(service, "admin", "PATCH", f"/sources/{HANDED}", json={"schedule": "every 15m"})


def _reschedule_back(service: Forestay) -> None:
    doors.ask(service, "admin", "PATCH", f"/sources/{HANDED}", json={"schedule": ""})


def _ask_for_job(service: Forestay) -> None:
    """By the form of the page of sources."""
    if not _jobs_of(service, HANDED):
        doors.press(service, "integrator", "/sources/sync", {"source": HANDED, "look": "1"})


def _cancel_job(service: Forestay) -> None:
    for job in _jobs_of(service, HANDED):
        doors.ask(service, "integrator", "DELETE", f"/jobs/{job.job_id}")


def _jobs_of(service: Forestay, source: str) -> list[runs.Job]:
    return [job for job in runs.open_jobs(service.documents) if job.arguments.get("source") == source]


def _schedule(service: Forestay) -> None:
    """The scheduler asks for the run that is due."""
    lease = take_or_renew(service.documents, "scheduler", WHO)
    assert lease is not None
    source = update_source(service.documents, "cmdb", schedule="every 15m")
    plan.plan_of(service.documents, source, datetime.now(UTC) - timedelta(minutes=20))
    plan.fire(service.documents, lease, source, datetime.now(UTC))
    give_up(service.documents, lease)


def _unschedule(service: Forestay) -> None:
    for job in _jobs_of(service, "cmdb"):
        runs.cancel(service.documents, job.job_id)
    update_source(service.documents, "cmdb", schedule="")
    plan.forget_plan(service.documents, "cmdb")


def _assess(service: Forestay) -> None:
    assess(service)


def _lay_third(service: Forestay) -> None:
    lay_exposure(service, ServiceRecord("k3", customers=900), WHO)


def _take_third_back(service: Forestay) -> None:
    _unless_done(lambda: remove_exposure(service, "k3", WHO))


def _study(service: Forestay) -> None:
    if not service.documents.page("study", "", 1):
        make_study(service, STUDY)


def _forget_studies(service: Forestay) -> None:
    for row in service.documents.page("study", "", 100):
        service.documents.delete("study", row.key)


def _print(service: Forestay) -> None:
    if not _printed(service):
        make_report(service, ReportRequest("table", "services"), WHO)


def _printed(service: Forestay) -> list[str]:
    """The reports whose file is there."""
    return [row.kind for row in page_reports(service).items if file_of(service, row).stat().st_size == row.bytes]


def _forget_reports(service: Forestay) -> None:
    for row in page_reports(service).items:
        service.documents.delete("report", row.report)


def _report(service: Forestay) -> None:
    doors.ask(service, "integrator", "PUT", "/live/k4", json={"state": "down", "started_at": "2026-11-20T10:00:00Z"})


def _report_back(service: Forestay) -> None:
    doors.ask(service, "integrator", "DELETE", "/live/k4", may_fail=404)


def _alert(status: str) -> Callable[[Forestay], None]:
    """A delivery is kept and worked, or worked by the runner where its process died in between; Alertmanager sends it again."""

    def deliver(service: Forestay) -> None:
        documents = service.documents
        if SENDERS.find(documents, "monitor") is None:
            make_sender(documents, "monitor", "alertmanager", AlertRules(), WHO)
        times = {"startsAt": ALERT_AT, "endsAt": "2026-11-20T12:00:00Z"}
        told = {"status": status, "fingerprint": "f", "labels": {"host": "k6"}, **times}
        receive(documents, "monitor", json.dumps({"version": "4", "groupKey": "g", "alerts": [told]}).encode())
        work_inbox(service)

    return deliver


def _forget_alert(service: Forestay) -> None:
    """The same alert can fire again only if nobody remembers that it is over."""
    for row in service.documents.page("alert_over", "", 100):
        service.documents.delete("alert_over", row.key)


def _live(service: Forestay) -> str:
    """The state of the acts on the live state: an alert counts with its episode, whatever number its delivery has."""
    now = present(service.documents)
    alerts = [(kept.value.ci, kept.value.starts_at, kept.value.status) for kept in now.alerts]
    return json.dumps([sorted((one.ci, one.state, one.started_at) for one in now.reports), alerts])


def _plan(service: Forestay) -> None:
    change = {"cis": ["k7"], "start": "2099-01-01T20:00Z", "duration_hours": 2}
    doors.ask(service, "integrator", "PUT", "/changes/entries/patch", json=change, headers=NOTHING_IS_THERE, may_fail=412)


def _plan_back(service: Forestay) -> None:
    doors.ask(service, "integrator", "DELETE", "/changes/entries/patch", may_fail=404)


def _calendar(service: Forestay) -> None:
    rows = b"id,cis,start,end,zone\np,k7,2099-01-01,2099-01-02,UTC\nq,,2099-01-01,2099-01-02,UTC\n"
    kind = "application/octet-stream"
    path = "/calendars/ops?format=csv"
    doors.ask(service, "integrator", "PUT", path, data=rows, headers=NOTHING_IS_THERE, content_type=kind, may_fail=412)


def _calendar_back(service: Forestay) -> None:
    doors.ask(service, "integrator", "DELETE", "/calendars/ops", may_fail=404)


def _connect(service: Forestay) -> None:
    if not list_connectors(service.documents):
        put_connector(service.documents, Connector("ops", "rt"), WHO, new=True)


def _rule(service: Forestay) -> None:
    rule = {"watches": "outage", "connector": "ops"}
    doors.ask(service, "admin", "PUT", "/tickets/rules/outages", json=rule, headers=NOTHING_IS_THERE, may_fail=412)


def _rule_back(service: Forestay) -> None:
    doors.ask(service, "admin", "DELETE", "/tickets/rules/outages", may_fail=404)


def _ask_ticket(service: Forestay) -> None:
    doors.ask(
        service,
        "integrator",
        "POST",
        "/tickets/orders",
        json={"connector": "ops", "ci": "k8", "description": "-", "priority": "3"},
    )


def _end_ticket(service: Forestay) -> None:
    """Its end is a state of its own; asked for again, it is the next one of its cause."""
    for row in ORDERS.every(service.documents):
        if not row.value.over:
            doors.ask(service, "integrator", "POST", f"/tickets/orders/{row.key}/close", json={"reason": "it is over"})


def _tickets(service: Forestay) -> str:
    """The state of the acts on tickets: what is open, with what waits of it and which CIs lead to it, and the rules."""
    documents = service.documents
    orders = [kept.value for kept in ORDERS.every(documents)]
    of_ci = [order.key for order in orders_of_ci(documents, "cmdb:ci:k8")]
    wanted = [(one.wanted.cis, DUE.find(documents, one.key) is not None, one.key in of_ci) for one in orders if not one.over]
    return json.dumps([wanted, [rule.name for rule in list_rules(documents)]])


def _planned(service: Forestay) -> str:
    """The state of the acts on what is planned."""
    plans = all_plans(service.documents)
    return json.dumps([[(one.entry, one.cis) for one in plans.entries], [len(one.unread) for one in plans.calendars]])


def _keep_view(service: Forestay) -> None:
    """By the form of the page of views."""
    if not _views(service):
        doors.press(service, "analyst", "/views", {"name": "teams", "address": "/?kind=team", "shared": "yes"})


def _remove_view(service: Forestay) -> None:
    for view in _views(service):
        doors.press(service, "analyst", f"/views/{view.view}", {"name": "teams", "act": "remove"})


def _views(service: Forestay) -> list[NamedView]:
    return [kept.value for kept in VIEWS.every(service.documents)]


def _viewed(service: Forestay) -> str:
    return json.dumps([(view.name, view.address, view.by, view.shared) for view in _views(service)])


def _correct_by_hand(service: Forestay) -> None:
    """What the page takes back afterwards."""
    _unless_done(lambda: decide.correct(service, "k8", {"team": "night"}, WHO))


def _take_decision_back(service: Forestay) -> None:
    """By the button of the page of identity."""
    for kept in decision_page(service, 100).items:
        if dict(kept.values) == {"team": "night"}:
            doors.press(service, "analyst", "/identity/take-back", {"decision": kept.decision})


def _nothing(service: Forestay) -> None:
    return


@dataclass(frozen=True)
class Act:
    """`states`: how many there are, from the first to the last."""

    there: Callable[[Forestay], None]
    back: Callable[[Forestay], None]
    states: int = 2
    prepare_there: Callable[[Forestay], None] = _nothing
    prepare_back: Callable[[Forestay], None] = _nothing
    seen: Callable[[Forestay], str] | None = None  # None: `state`
    killed_back: bool = True  # whether the way back is an act of the product, that must bear a kill as well

    def state(self, service: Forestay) -> str:
        return (self.seen or state)(service)

    def prepare(self, service: Forestay, back: bool) -> None:
        (self.prepare_back if back else self.prepare_there)(service)

    def do(self, service: Forestay, back: bool) -> None:
        (self.back if back else self.there)(service)


ACTS = {
    "service add": Act(_lay, _take_back),
    "page edit": Act(_edit, _edit_back),
    "goal set and dropped": Act(_set_goal, _drop_goal, seen=lambda service: _goals(service)),
    "merge and split": Act(
        lambda service: _unless_done(lambda: decide.merge(service, "m1", "m2", WHO)),
        lambda service: _unless_done(lambda: decide.split(service, "m1", ["cmdb:ci:m2"], WHO)),
    ),
    "correct": Act(
        lambda service: _unless_done(lambda: decide.correct(service, "k5", {"team": "ops", "repair_hours": "2"}, WHO)),
        lambda service: _unless_done(lambda: decide.correct(service, "k5", {"team": "", "repair_hours": ""}, WHO)),
    ),
    "sync": Act(
        sync, sync, prepare_there=lambda service: write_input(service, "other"), prepare_back=lambda service: write_input(service)
    ),
    "approve": Act(
        _approve,
        sync,
        prepare_there=_hold,
        prepare_back=lambda service: write_input(service),
        killed_back=False,
    ),
    "import and remove": Act(_add_second, _remove_second, states=3),
    "key made and revoked": Act(_make_key, _revoke_key),
    "key rotated": Act(_rotate_key, _revoke_second_key, prepare_there=_make_second_key, killed_back=False),
    "schedule changed": Act(_reschedule, _reschedule_back),
    "schedule fired": Act(_schedule, _unschedule, states=5, killed_back=False),
    "job asked and cancelled": Act(_ask_for_job, _cancel_job),
    "upload": Act(_hand, _hand_back),
    "assess": Act(
        _assess, _assess, prepare_there=_lay_third, prepare_back=_take_third_back, seen=lambda service: scores(service)
    ),
    "live state set and cleared": Act(_report, _report_back, seen=lambda service: _live(service)),
    "alert": Act(_alert("firing"), _alert("resolved"), prepare_there=_forget_alert, seen=lambda service: _live(service)),
    "change planned and removed": Act(_plan, _plan_back, seen=lambda service: _planned(service)),
    "calendar read and removed": Act(_calendar, _calendar_back, seen=lambda service: _planned(service)),
    "view kept and removed": Act(_keep_view, _remove_view, seen=lambda service: _viewed(service)),
    "correction taken back": Act(_correct_by_hand, _take_decision_back),
    "rule made and removed": Act(_rule, _rule_back, prepare_there=_connect, seen=lambda service: _tickets(service)),
    "ticket asked for and ended": Act(_ask_ticket, _end_ticket, prepare_there=_connect, seen=lambda service: _tickets(service)),
    "study": Act(_study, _forget_studies, killed_back=False),
    "report made": Act(_print, _forget_reports, seen=lambda service: str(_printed(service)), killed_back=False),
}


def _unless_done(act: Callable[[], object]) -> None:
    """A decision that was carried through before its process died cannot be made again."""

    try:
        act()
    except (InvalidInput, NotFound):
        return


# --- what readers see, and whether the audit trail agrees with it
def graph(service: Forestay, revision: int | None = None) -> str:
    """What a revision holds, whatever numbers it has and when it was said."""
    found = ChangeList()
    at = service.store.current().revision if revision is None else revision
    changes_made(service.store, 0, at, {source.source_id: source.name for source in told_of(service.documents)}, found)
    lines = (SAID_WHEN.sub("", line.text()) if line.key.startswith(MANUAL) else line.text() for line in found.lines())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def state(service: Forestay) -> str:
    documents = service.documents
    seen = {
        "graph": graph(service),
        "sources": [_shown(source) for source in list_sources(documents) if source.name != MANUAL],
        "held": len(held_runs(documents)),
        "keys": sorted((key.name, key.role, bool(key.expires_at)) for key in access.list_keys(documents) if not key.revoked_at),
        "jobs": [(job.verb, job.arguments.get("source")) for job in runs.open_jobs(documents)],
        "studies": len(documents.page("study", "", 100)),
    }
    return json.dumps(seen, sort_keys=True)


def _shown(source: RegisteredSource) -> tuple[str, ...]:
    """A source, and the file that was handed over as its input."""
    file = Path(source.location)
    return source.name, source.schedule, file.suffix, file.read_text() if file.is_file() else ""


def scores(service: Forestay) -> str:
    """The state of the act that assesses."""
    found = service.store.load_scores()
    return json.dumps({name: np.nan_to_num(found[name], nan=-1.0).round(6).tolist() for name in sorted(found)})


WROTE = (
    "exposure laid",
    "exposure changed",
    "exposure removed",
    "goal set",
    "goal removed",
    "merged",
    "parted",
    "split",
    "corrected",
    "taken back",
    "sync done",
    "sync partial",
)


def entries(service: Forestay) -> list[Entry]:
    """The audit trail, the oldest first."""
    found: list[Entry] = []
    after = ""
    while page := service.documents.page(audit.KIND, after, 1000):
        found += [json.loads(row.body) for row in page]
        after = page[-1].key
    return found


def disagreements(service: Forestay) -> list[str]:
    """Where the audit trail does not tell just what happened; nothing: it does."""
    documents, told = service.documents, entries(service)
    faults = verify(documents)
    named = Counter(int(row["details"].get("revision", 0)) for row in told if row["action"] in WROTE)
    made = range(1, service.store.current().revision + 1)
    faults += [f"revision {number} is named {named[number]} times" for number in made if named[number] != 1]
    faults += [f"revision {number} is named and never was" for number in named if number not in made and number]
    faults += _about_keys(documents, told) + _about_jobs(documents, told) + _about_plans(documents, told)
    added, removed = (sum(row["action"] == f"source {verb}" for row in told) for verb in ("added", "removed"))
    if added - removed != (find_source(documents, "second") is not None):
        faults.append("sources were added and removed that the trail does not name")
    approved = {str(row["details"]["run"]) for row in told if row["action"] == "run approved"}
    every = _all_runs(service)
    if {run.run_id for run in every if run.state == "approved"} != approved:
        faults.append("the runs that are approved are not those of the trail")
    synced = {str(row["details"]["run"]) for row in told if str(row["action"]) in ("sync done", "sync partial")}
    if {run.run_id for run in every if run.wrote} != synced:
        faults.append("the runs that wrote are not those of the trail")
    return faults


def _about_keys(documents: Documents, told: Sequence[Entry]) -> list[str]:
    keys = access.list_keys(documents)
    made = [row["subject"] for row in told if row["action"] == "key created"]
    made += [row["details"]["successor"] for row in told if row["action"] == "key rotated"]
    revoked = [row["subject"] for row in told if row["action"] == "key revoked"]
    faults = []
    if sorted(made) != sorted(key.prefix for key in keys):
        faults.append("the keys that were made are not those of the trail")
    if sorted(revoked) != sorted(key.prefix for key in keys if key.revoked_at):
        faults.append("the keys that were revoked are not those of the trail")
    return faults


def _about_jobs(documents: Documents, told: Sequence[Entry]) -> list[str]:
    """Jobs on the source that files are handed to, and its schedule."""
    jobs = [job for job in _all_jobs(documents) if job.arguments.get("source") == HANDED]
    asked = [row for row in told if row["action"] == "sync asked"]
    cancelled = {row["subject"] for row in told if row["action"] == "job cancelled"}
    faults = []
    if len(asked) != len(jobs):
        faults.append("the jobs that were asked for are not those of the trail")
    if {job.job_id for job in jobs if job.state == runs.CANCELLED} != cancelled:
        faults.append("the jobs that were cancelled are not those of the trail")
    changed = [row["details"].get("schedule", "") for row in told if row["action"] == "source changed"]
    if changed and changed[-1] != get_source(documents, HANDED).schedule:
        faults.append("the schedule is not that of the trail")
    return faults


def _about_plans(documents: Documents, told: Sequence[Entry]) -> list[str]:
    faults = []
    for made, gone, kind in (
        ("change planned", "change removed", "planned_change"),
        ("calendar read", "calendar removed", "calendar"),
    ):
        last = {str(row["subject"]): row["action"] for row in told if row["action"] in (made, gone)}
        if {name for name, action in last.items() if action == made} != {row.key for row in documents.page(kind, "", 100)}:
            faults.append(f"of each {kind} the trail says otherwise")
    return faults


def _all_jobs(documents: Documents) -> list[runs.Job]:
    found: list[runs.Job] = []
    after = ""
    while page := runs.page_jobs(documents, after, 200):
        found += page
        after = page[-1].job_id
    return found


def _all_runs(service: Forestay) -> list[sync_runs.SyncReport]:
    found: list[sync_runs.SyncReport] = []
    after = ""
    while page := sync_runs.page_runs(service.documents, after, 200):
        found += page
        after = page[-1].run_id
    return found
