"""Several sources in one ledger: merging, splitting, keys, precedence, retiring, the guard, crashes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.domain.changes import rows_of
from app.domain.nouns import CI, DEPENDENCY
from app.domain.precedence import SourceRank
from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from importers.csv.source import CsvSource

RANKS = {1: SourceRank(1, "a", 10), 2: SourceRank(2, "b", 20)}


class Estate:
    def __init__(self, home: Path) -> None:
        self.home, self.store, self.runs = home, SqliteStore(home / "store.db"), 0

    def sync(self, source_id: int, cis: str, dependencies: str = "", **options):
        folder = self.home / f"input{source_id}"
        folder.mkdir(exist_ok=True)
        (folder / "cis.csv").write_text(cis, "utf-8")
        (folder / "dependencies.csv").write_text("dependent,provider\n" + dependencies, "utf-8")
        self.runs += 1
        name = RANKS[source_id].name
        settings = SyncSettings(name, source_id, str(self.runs), RANKS)
        options = {"complete": True, "approve": True} | options
        bench = Bench(self.store, LocalWorkbench(), self.home / "staging", self.home / f"spool-{name}")
        return sync_source(bench, CsvSource(folder), settings, Terms(**options))

    def rows(self, noun):
        return rows_of(noun, self.store.load_columns(self.store.current().revision, noun.name))

    def cis(self) -> dict[str, dict]:
        return {row[1]: dict(zip(CI.names(), row, strict=True)) for row in self.rows(CI)}


@pytest.fixture
def estate(tmp_path):
    found = Estate(tmp_path)
    yield found
    found.store.close()


A = "key,name,class,fqdn,failures_per_year,failures_origin,team\nweb,Web,server,web.example,,,\n"
B = "key,name,class,fqdn,failures_per_year,failures_origin,team\nw1,web one,server,WEB.example.,2,measured,ops\n"


def test_records_that_share_an_identifier_are_one_ci(estate):
    estate.sync(1, A)
    estate.sync(2, B)
    assert list(estate.cis()) == ["a:ci:web"]
    ci = estate.cis()["a:ci:web"]
    assert (ci["name"], ci["failures_per_year"], ci["failures_origin"], ci["team"]) == ("Web", 2.0, "measured", "ops")
    assert ["name", "web one"] in json.loads(ci["aliases"])


def test_order_of_imports_changes_keys_only(estate, tmp_path):
    other = Estate(tmp_path / "other") if (tmp_path / "other").mkdir() is None else None
    estate.sync(1, A)
    estate.sync(2, B)
    other.sync(2, B)
    other.sync(1, A)
    plain = [{k: v for k, v in next(iter(e.cis().values())).items() if k not in ("ci_id", "key")} for e in (estate, other)]
    assert plain[0] == plain[1]
    assert list(other.cis()) == ["b:ci:w1"]
    other.store.close()


def test_a_later_merge_keeps_the_older_key_and_moves_dependencies(estate):
    estate.sync(1, A)
    estate.sync(2, "key,fqdn\nw1,other.example\ndb,db.example\n", "w1,db\n")
    assert sorted(estate.cis()) == ["a:ci:web", "b:ci:db", "b:ci:w1"]
    estate.sync(2, "key,fqdn\nw1,web.example\ndb,db.example\n", "w1,db\n")
    cis = estate.cis()
    assert sorted(cis) == ["a:ci:web", "b:ci:db"]
    assert ["key", "b:ci:w1"] in json.loads(cis["a:ci:web"]["aliases"])
    assert [row[:2] for row in estate.rows(DEPENDENCY)] == [(cis["a:ci:web"]["ci_id"], cis["b:ci:db"]["ci_id"])]


def test_a_merge_by_the_other_source_moves_untouched_dependencies(estate):
    estate.sync(1, A)
    estate.sync(2, "key,fqdn\nw1,other.example\ndb,db.example\n", "w1,db\n")
    estate.sync(1, A.replace("web.example", "other.example"))
    cis = estate.cis()
    assert [row[:2] for row in estate.rows(DEPENDENCY)] == [(cis["a:ci:web"]["ci_id"], cis["b:ci:db"]["ci_id"])]


def test_a_split_gives_the_new_half_its_own_key(estate):
    estate.sync(1, A)
    estate.sync(2, "key,fqdn\nw1,web.example\ndb,db.example\n", "w1,db\n")
    estate.sync(2, "key,fqdn\nw1,new.example\ndb,db.example\n", "w1,db\n")
    cis = estate.cis()
    assert sorted(cis) == ["a:ci:web", "b:ci:db", "b:ci:w1"]
    assert estate.rows(DEPENDENCY)[0][0] == cis["b:ci:w1"]["ci_id"]


def test_an_identifier_held_twice_by_one_source_merges_nothing(estate):
    estate.sync(1, A)
    report = estate.sync(2, "key,fqdn\nw1,web.example\nw2,web.example\n")
    assert len(estate.cis()) == 3
    assert any("web.example" in conflict for conflict in report.identity_conflicts)


def test_a_source_never_retires_what_another_claims(estate):
    estate.sync(1, A)
    estate.sync(2, B)
    estate.sync(1, "key,name,class,fqdn\nother,Other,server,o.example\n")
    assert sorted(estate.cis()) == ["a:ci:other", "a:ci:web"]
    assert estate.cis()["a:ci:web"]["name"] == "web one"


def test_what_comes_back_gets_its_key_and_id_again(estate):
    estate.sync(1, A + "db,DB,database,db.example,,,\n")
    before = estate.cis()["a:ci:db"]["ci_id"]
    estate.sync(1, A)
    assert "a:ci:db" not in estate.cis()
    estate.sync(1, A + "db,DB,database,db.example,,,\n")
    assert estate.cis()["a:ci:db"]["ci_id"] == before


def test_not_proven_complete_adds_and_updates_only(estate):
    estate.sync(1, A + "db,DB,database,db.example,,,\n")
    report = estate.sync(1, A.replace("Web", "Web 2"), complete=False)
    assert (report.complete, report.retired, report.changed) == (False, 0, 1)
    assert len(estate.cis()) == 2
    assert estate.sync(1, A).retired == 1


def test_the_guard_holds_and_approval_lets_pass(estate):
    rows = "".join(f"s{n},S{n},server,s{n}.example,,,\n" for n in range(6))
    estate.sync(1, A + rows)
    held = estate.sync(1, A, approve=False)
    assert (held.state, held.retired, held.rows_written) == ("held", 6, 0)
    assert held.held_because == ["class server: 6 of the 7 records this source has would be retired, half or more"]
    assert len(estate.cis()) == 7
    assert estate.sync(1, A).state == "done"
    assert len(estate.cis()) == 1


def test_a_dry_run_writes_nothing_and_counts_the_same(estate):
    dry = estate.sync(1, A, dry_run=True)
    assert (dry.state, estate.store.current().revision) == ("dry_run", 0)
    done = estate.sync(1, A)
    assert (dry.counts, dry.created) == (done.counts, done.created)


@pytest.mark.parametrize("left", ["sync:a:99", "exposure:1", "decision:1", "of an earlier version"])
def test_what_a_dead_writer_left_is_taken_back(estate, left):
    estate.sync(1, A)
    estate.store.open_revision(left, estate.store.current().revision)
    assert estate.sync(1, A.replace("Web", "Web 2")).state == "done"
    assert estate.store.pending() is None


def test_dependencies_on_a_ci_that_vanished_end_and_are_counted(estate):
    estate.sync(1, A + "db,DB,database,db.example,,,\n", "web,db\n")
    report = estate.sync(1, A, "web,db\n")
    assert (report.path, report.dependencies_retired, report.counts["dependency"].rejected) == ("difference", 1, 1)
    assert report.rejected[0].where == "dependencies.csv line 2"


def test_aliases_of_another_source_answer_references(estate):
    estate.sync(1, A)
    report = estate.sync(2, "key,class\napp,application\n", "app,web.example\napp,nothing\napp,app\n")
    counts = report.counts["dependency"]
    assert (counts.stored, counts.rejected, counts.ignored) == (1, 1, {"self": 1})
    assert "nothing" in report.rejected[0].reason


def test_a_refused_row_does_not_retire_what_was_known(estate):
    estate.sync(1, A)
    report = estate.sync(1, "key,failures_per_year\nweb\n")
    assert (report.retired, report.counts["ci"].rejected) == (0, 1)
    assert "a:ci:web" in estate.cis()
