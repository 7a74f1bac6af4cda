"""The fault table: what a source may do at any page of a run, and what must hold whatever it does.

An importer gives a `Subject`: its stub, how a source is opened on it, and what a page, an empty page and a changed total look
like in its format. `run_faults` then plays every fault at the first, the last and every third page of a full run, and of one
over what changed (at every page where FORESTAY_THOROUGH=all), and checks each time that

* nothing went from the ledger that is still at the source (the live revision is as it was, or a class keeps what was known),
* the run says what happened: an error that names the place, a run that is held, or the list that is incomplete and why,
* and the next honest run brings the ledger to what the source says.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from werkzeug import Request, Response

from app.domain.errors import ForestayError
from app.ports.ci_source import CiSource
from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from importers.http.client import Patience
from tests.seeds import some_of
from tests.servers.running import TLS, Running, lasting_port

EVERYWHERE = ("refused", "tls", "401", "429", "500", "stall")  # from that page on, whatever is asked
IN_ONE_LIST = (
    "403",
    "cut json",
    "empty list",
    "sign-in page",
    "missing last page",
    "total changed",
)  # from that page on, in its list
FAULTS = (*EVERYWHERE, *IN_ONE_LIST)
PAGES = 20
SHARE = 5  # of a run's pages, one in so many meets the fault; each in a thorough run (tests/seeds.py)
QUICK = ("empty list",)  # what would take most away if it were believed; the others are marked slow
CASES = [  # fault, full: of the quick ones only full runs, as so many sources take their time
    pytest.param(
        fault, full, id=f"{fault}-{'full' if full else 'changes'}", marks=() if fault in QUICK and full else pytest.mark.slow
    )
    for fault in FAULTS
    for full in (True, False)
]


def patience_for(fault: str) -> Patience:
    """A source that waits hardly at all; it gives up a silent server soon only where that is the fault, as an honest one may be
    slow on a busy machine (where one is, the fault is met some pages earlier)."""
    silence, answer = (0.05, 0.1) if fault == "stall" else (10.0, 20.0)
    return Patience(tries=2, pause=0.0, silence=silence, answer=answer)


@dataclass
class Subject:
    """`answer`: the honest stub. `open(url, ca_file, patience)`: a source on it. `list_of`: the
    list whose rows (or keys) a request asks for a page of; "": it asks for no rows. `counts`: whether a request asks how many
    rows a list has, and which list. `empty(request)`: the answer of a list without rows. `ended(request, honest)`: the answer
    after the last row, though the total says there are more. `recounted(honest)`: the same answer with another total. `change`:
    alters the source; some CIs go."""

    answer: Callable[[Request], Response]
    open: Callable[[str, str, Patience], CiSource]
    list_of: Callable[[Request], str]
    counts: Callable[[Request], str]
    empty: Callable[[Request], Response]
    ended: Callable[[Request, Response], Response]
    recounted: Callable[[Response], Response]
    change: Callable[[], None]
    stalls: float = 0.4  # seconds, longer than the source waits
    unauthorized: Callable[[], Response] = field(default=lambda: Response('{"error": "who are you?"}', 401))
    tls: bool = False
    port: int = field(default_factory=lasting_port)  # a source at another address is read whole


class Faulty:
    """The stub with one fault from page `at` on (from 1; 0: none)."""

    def __init__(self, subject: Subject, fault: str, at: int) -> None:
        self.subject, self.fault, self.at = subject, fault, at
        self.pages, self.struck, self.felt = 0, "", False
        self.server: Running | None = None

    def __call__(self, request: Request) -> Response:
        name = self.subject.list_of(request)
        if name:
            self.pages += 1
            if self.pages == self.at:
                self.struck = name
        if not self.struck or (self.fault in IN_ONE_LIST and self.struck not in (name, self.subject.counts(request))):
            return self.subject.answer(request)
        answer = self._strike(request, bool(name))
        if self.fault in ("empty list", "missing last page"):  # of a list that is at its end already, the same answer
            honest = self.subject.answer(request)
            self.felt |= answer.get_data() != honest.get_data() or self._others(answer) != self._others(honest)
        else:
            self.felt = True
        return answer

    def _others(self, answer: Response) -> list[tuple[str, str]]:
        return sorted((name, text) for name, text in answer.headers if name.lower().startswith(("x-", "content-range")))

    def _strike(self, request: Request, rows: bool) -> Response:
        fault, honest = self.fault, self.subject.answer(request)
        assert self.server is not None
        if fault == "refused":
            self.server.stop_listening()
        elif fault == "tls":
            self.server.show_other_certificate()
        elif fault == "stall":
            return stalled(honest, self.subject.stalls)
        elif fault == "total changed":
            return self.subject.recounted(honest)
        elif fault == "empty list":
            return self.subject.empty(request)
        elif rows and fault == "missing last page":
            return self.subject.ended(request, honest)
        elif rows and fault == "cut json":
            return Response(honest.get_data()[: len(honest.get_data()) // 2], honest.status_code, content_type="application/json")
        elif rows and fault == "sign-in page":
            return Response("<!DOCTYPE html><html><title>Log in</title><form>...</form></html>", 200, content_type="text/html")
        elif fault == "401":
            return self.subject.unauthorized()
        elif fault in ("403", "429", "500"):
            return Response(
                f'{{"error": {{"message": "fault {fault}"}}}}', int(fault), {"Retry-After": "0"}, content_type="application/json"
            )
        return honest


def stalled(honest: Response, seconds: float) -> Response:
    """Half of the answer, and then nothing for a while."""
    import time

    text = honest.get_data()

    def slowly() -> object:
        yield text[: len(text) // 2]
        time.sleep(seconds)
        yield text[len(text) // 2 :]

    length = {"Content-Length": str(len(text))}
    return Response(slowly(), honest.status_code, length, content_type="application/json")  # type: ignore[arg-type]


def sync(home: Path, subject: Subject, faulty: Faulty, full: bool, number: int, complete: bool = False):
    """One run; the report or the error. `complete`: a person says that it was all there is."""
    tls = subject.tls or faulty.fault == "tls"
    faulty.server = Running(faulty, tls, subject.port)
    store = SqliteStore(home / "store.db")
    try:
        source = subject.open(faulty.server.url, str(TLS / "ca.pem") if tls else "", patience_for(faulty.fault))
        bench = Bench(store, LocalWorkbench(), home / "staging", home / "spool")
        return sync_source(bench, source, SyncSettings("cmdb", 1, str(number)), Terms(full=full, complete=complete))
    except ForestayError as error:
        return error
    finally:
        store.close()
        faulty.server.close()


def said(home: Path) -> tuple[int, set[str], set[tuple[str, str, str]]]:
    """Revision, keys of CIs with their names, and dependencies of the ledger as it stands."""
    store = SqliteStore(home / "store.db")
    try:
        revision = store.current().revision
        cis = store.load_columns(revision, "ci", ["ci_id", "key", "name"])
        keys = {int(cis["ci_id"][row]): cis["key"][row] for row in range(len(cis["ci_id"]))}
        rows = store.load_columns(revision, "dependency")
        needs = {
            (keys[int(rows["dependent_id"][row])], keys[int(rows["provider_id"][row])], rows["kind"][row])
            for row in range(len(rows["dependent_id"]))
        }
        names = {f"{cis['key'][row]} {cis['name'][row]}" for row in range(len(cis["ci_id"]))}
        return revision, names, needs
    finally:
        store.close()


def run_faults(tmp_path: Path, subject: Subject, fault: str, full: bool) -> list[str]:
    """Plays one fault at the pages of a run; returns what each run said."""
    start, truth_home = tmp_path / "start", tmp_path / "truth"
    start.mkdir()
    subject.tls = fault == "tls"
    first = sync(start, subject, Faulty(subject, "", 0), True, 1)
    assert getattr(first, "complete", False), first
    subject.change()
    shutil.copytree(start, truth_home)
    honest = Faulty(subject, "", 0)
    after = sync(truth_home, subject, honest, full, 2)
    assert getattr(after, "state", "") == "done", after
    assert after.path == ("full" if full else "difference"), after
    pages, before, truth = honest.pages, said(start), said(truth_home)
    assert before[1] - truth[1] and before[2] - truth[2], "the change must take CIs and dependencies away"
    heard = []
    played = [*range(1, pages + 1, 1 if full else max(1, pages // PAGES)), pages]  # of changes read in many small steps, not each
    tried = some_of(list(dict.fromkeys(played)), SHARE)
    for at in tried:
        home = tmp_path / f"page {at}"
        shutil.copytree(start, home)
        faulty = Faulty(subject, fault, at)
        heard.append(check(home, faulty, sync(home, subject, faulty, full, 2), before, truth))
        if at in (1, tried[len(tried) // 2], pages):
            healed = sync(home, subject, Faulty(subject, "", 0), False, 3)
            assert getattr(healed, "complete", False) and not healed.incomplete, (fault, at, healed)
            assert said(home)[1:] == truth[1:], (fault, at)
        shutil.rmtree(home)
    assert pages >= PAGES or not full, f"a run of {pages} pages"
    return heard


def check(home: Path, faulty: Faulty, result: object, before: tuple, truth: tuple) -> str:
    """What must hold after one run; the words it left."""
    about = (faulty.fault, faulty.at, result)
    now = said(home)
    if isinstance(result, ForestayError):
        assert now == before, about
        assert "localhost" in result.message, about
        return result.message
    assert now[1] >= before[1] & truth[1], (*about, "CIs went that are still at the source")
    assert now[2] >= before[2] & truth[2], (*about, "dependencies went that are still at the source")
    if result.state == "held":
        assert now == before, about
        assert result.held_because, about
        return "; ".join(result.held_because)
    assert result.state in ("done", "unchanged", "partial") and (result.state == "partial") == bool(result.incomplete), about
    words = "; ".join(
        [*result.incomplete.values(), *(text for text in result.warnings if faulty.struck and faulty.struck in text)]
    )
    if faulty.felt and not words:  # what was lost was not needed: rows read again, a record of deletes, a last connection
        assert now[1:] == truth[1:], (*about, "the run does not say what happened")
    return words
