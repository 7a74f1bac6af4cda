"""Writers of the ledger: one at a time, under a lease; what a dead one left is carried through or taken back, and a paused one
writes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import Forestay, assemble_service
from app.domain.errors import Conflict, Fenced
from app.domain.records import ServiceRecord
from app.settings import load_settings
from app.usecases import write_revision
from app.usecases.exposures import lay_exposure, remove_exposure
from app.usecases.keep import audit, sync_runs
from app.usecases.keep.lease import take_or_renew
from app.usecases.keep.process import is_gone, this_process
from app.usecases.keep.seal import Seal
from app.usecases.keep.sources import add_source, get_source
from app.usecases.run_sync import SyncRequest, run_sync
from app.usecases.write_revision import settle, turn, writer

REQUEST = SyncRequest("cmdb", apply=True, approve=True, complete=True)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Forestay]:
    found = assemble_service(load_settings(data_folder=tmp_path / "data"))
    (tmp_path / "input").mkdir()
    write_input(found, "a,A,server\nb,B,server\n")
    add_source(found.documents, "cmdb", "csv", str(tmp_path / "input"))
    run_sync(found, REQUEST)
    yield found
    found.close()


def write_input(service: Forestay, rows: str) -> None:
    (service.settings.data_folder.parent / "input" / "cis.csv").write_text("key,name,class\n" + rows, "utf-8")


def lay(service: Forestay, customers: float) -> int:
    record = ServiceRecord("B", customers=customers)
    return lay_exposure(service, record, "anna").revision


def customers(service: Forestay) -> list[float]:
    return [float(number) for number in service.store.load_columns(service.store.current().revision, "exposure")["customers"]]


def entries(service: Forestay) -> list[tuple[str, int]]:
    """Action and revision of each entry, the oldest first."""
    rows = [json.loads(row.body) for row in reversed(audit.entries(service.documents, "", 100))]
    return [(row["action"], row["details"].get("revision", 0)) for row in rows]


def hold(service: Forestay, operation: str, process: str = "") -> None:
    """Another process has the lease."""
    assert take_or_renew(service.documents, "ledger", f"{process or 'elsewhere/1/2'} {operation}") is not None


def dead_process() -> str:
    """The name of a process that lived on this machine and is gone."""
    code = "from app.usecases.keep.process import this_process; print(this_process())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_a_process_knows_who_is_gone() -> None:
    assert not is_gone(this_process())
    assert is_gone(dead_process())
    machine, _, started = this_process().split("/")
    assert is_gone(f"{machine}/{os.getpid()}/{int(started) + 1}")  # an earlier one of this number
    assert not is_gone("elsewhere/1/2")
    assert not is_gone("")


def test_a_write_leaves_word_with_it_and_gives_the_lease_up(service: Forestay) -> None:
    assert lay(service, 5) == 2
    assert entries(service) == [("sync done", 1), ("exposure laid", 2)]
    assert writer(service.documents) is None
    assert service.documents.page("unsealed") == []


def test_a_writer_that_lives_is_waited_for_and_then_named(service: Forestay) -> None:
    service.store.open_revision("exposure:x", 1, "exposure of a, by bert")
    hold(service, "exposure:x")
    with (
        pytest.raises(Conflict, match=r"revision 2 is being written by exposure of a, by bert; its lease .* try again"),
        turn(service.store, service.documents, "mine", "mine", 0.05),
    ):
        pass
    assert not settle(service.store, service.documents)
    assert service.store.pending() is not None


@pytest.mark.parametrize("how", ["its lease ran out", "its process is gone"])
def test_what_a_dead_writer_left_half_is_taken_back_and_said(service: Forestay, how: str) -> None:
    service.store.open_revision("exposure:x", 1, "exposure of a, by bert")
    if how == "its lease ran out":
        assert take_or_renew(service.documents, "ledger", "elsewhere/1/2 exposure:x", seconds=-1) is not None
    else:
        hold(service, "exposure:x", dead_process())
    assert lay(service, 5) == 2
    assert customers(service) == [5]
    assert entries(service)[1:] == [("write abandoned", 2), ("exposure laid", 2)]


def test_a_run_whose_process_died_is_said_to_have_failed(service: Forestay) -> None:
    run_id = sync_runs.new_run(service.documents, "cmdb", "anna")
    service.store.open_revision(f"sync:cmdb:{run_id}", 1)
    assert settle(service.store, service.documents)
    run = sync_runs.get_run(service.documents, run_id)
    assert (run.state, run.caller) == ("failed", "anna")
    assert "its process died while it wrote revision 2" in run.error
    assert get_source(service.documents, "cmdb").last_state == "failed"


def test_a_revision_that_is_whole_is_carried_through(service: Forestay, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies when all is written and only the pointer has to move."""
    write_input(service, "a,Az,server\nb,B,server\n")
    with monkeypatch.context() as patch:
        patch.setattr(write_revision.Turn, "_move_pointer", lambda *_: os._exit(9))
        child = os.fork()
        if child == 0:
            mine = assemble_service(service.settings)
            run_sync(mine, REQUEST)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert service.store.current().revision == 1
    assert lay(service, 5) == 3
    run = sync_runs.page_runs(service.documents)[0]
    assert (run.state, run.revision, run.changed) == ("done", 2, 1)
    assert "carried it through" in run.warnings[0]
    assert entries(service) == [("sync done", 1), ("sync done", 2), ("exposure laid", 3)]
    assert get_source(service.documents, "cmdb").last_revision == 2
    assert list(service.store.states(3, [1])["name"]) == ["Az"]


def test_a_paused_writer_writes_nothing_when_it_comes_back(service: Forestay) -> None:
    store, documents = service.store, service.documents
    with turn(store, documents, "mine", "mine") as mine:
        mine.open(store.current())
        assert (
            take_or_renew(documents, "ledger", "elsewhere/1/2 other", clock=1e12) is not None
        )  # its lease ran out, another took it
        store.take_lease(10**6)
        with pytest.raises(Fenced):
            mine.publish(store.current().counters, Seal("anna", "tried", "a"))
    assert entries(service) == [("sync done", 1)]
    assert store.current().revision == 1 and store.pending() is not None  # it takes nothing back either: that is for the other


def test_a_paused_writer_cannot_write_rows_into_the_revision_of_another(service: Forestay) -> None:
    store = service.store
    store.open_revision("old", 1, fence=10**6)
    store.abandon(2)
    store.take_lease(10**6 + 1)
    store.open_revision("new", 1, fence=10**6 + 1)
    from app.domain.columns import Batch

    batch = Batch("exposure", {}, {"ci_id": [1], "source_id": [1]})
    with pytest.raises(Fenced):
        store.write(2, 1, batch, fence=10**6)
    store.abandon(2)


def test_what_fails_in_a_turn_is_taken_back(service: Forestay) -> None:
    def fail() -> None:
        with turn(service.store, service.documents, "mine", "mine") as mine:
            mine.open(service.store.current())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert service.store.pending() is None
    assert writer(service.documents) is None


def test_a_refused_write_leaves_nothing(service: Forestay) -> None:
    with pytest.raises(Exception, match="nobody laid an exposure"):
        remove_exposure(service, "B", "anna")
    assert service.store.pending() is None and entries(service) == [("sync done", 1)]
