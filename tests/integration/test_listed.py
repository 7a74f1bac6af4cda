"""Sources that are lists of rows: the mirror gives what a full read gives, class by class, and never deletes on a partial
read."""

from __future__ import annotations

import random as randomness
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import NotAllowed, SourceFailed
from app.domain.records import CiRecord, DependencyRecord, GroupRecord, RejectedRecord
from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from importers.lists import reading
from importers.lists.listed import Listed
from importers.lists.raw_lists import Lists, RawList
from importers.mapping.mapped import Ignored
from tests.integration.test_import_difference import contents, told

LISTS = (
    RawList("server", ("ci",), ("server",)),
    RawList("rack", ("ci", "group"), ("rack",)),
    RawList("rest", ("ci",), ("rest",), besides=("server", "rack")),
    RawList("relation", ("dependency",)),
)


class Tables(Lists):
    """A source in memory: name -> key -> (stamp, body); `broken`: name -> the error its reading raises after some rows."""

    def __init__(self, stamps: bool = True) -> None:
        self.rows: dict[str, dict[str, tuple[int, str]]] = {raw.name: {} for raw in LISTS}
        self.broken: dict[str, tuple[int, Exception]] = {}
        self.clock, self.stamps, self.hidden = 1000, stamps, dict.fromkeys(self.rows, 0)
        self.read_rows = self.read_keys = 0

    def put(self, name: str, key: str, body: str) -> None:
        self.clock += 1
        self.rows[name][key] = (self.clock, body)

    def lists(self):
        return LISTS

    def fingerprint(self):
        return "one"

    def latest(self, name):
        return f"{max((stamp for stamp, _ in self.rows[name].values()), default=0):09}" if self.stamps and self.rows[name] else ""

    def earlier(self, stamp):
        return f"{max(0, int(stamp) - 5):09}"

    def read(self, name, since):
        page = []
        for number, (key, (stamp, body)) in enumerate(sorted(self.rows[name].items())):
            if name in self.broken and number >= self.broken[name][0]:
                yield page
                raise self.broken[name][1]
            if f"{stamp:09}" >= since:
                page.append((key, f"{stamp:09}", body))
                self.read_rows += 1
            if len(page) == 3:
                yield page
                page = []
        yield page

    def total(self, name, after, upto):
        keys = [key for key in self.rows[name] if after < key and (not upto or key <= upto)]
        return len(keys) + (self.hidden[name] if not after and not upto else 0)

    def keys(self, name, after, upto):
        found = [key for key in sorted(self.rows[name]) if after < key and (not upto or key <= upto)]
        self.read_keys += len(found)
        return iter(found)

    def records(self, name, key, body):
        """ "a b": a CI of that name / a dependency; "skip", "bad" and a group where it says so."""
        if name == "relation":
            a, _, b = body.partition(" ")
            if a == "skip":
                return [Ignored("dependency", "skipped")]
            return (
                [DependencyRecord(a, b), DependencyRecord(b, a, "soft", 0.5)] if body.endswith("+") else [DependencyRecord(a, b)]
            )
        if body == "skip":
            return [Ignored("ci", "skipped")]
        if body == "bad":
            return [RejectedRecord("ci", f"{name} {key}", f"{name}:{key}", "name", "is bad")]
        found = [CiRecord(name, key, body, "server" if name == "server" else "rack")]
        return (
            [*found, GroupRecord(f"g{key}", f"rack:{key}", ("server:k1", "server:k2"), 1)]
            if name == "rack" and "g" in body
            else found
        )


def sync(store, source: Listed, home: Path, number: int, **options):
    bench = Bench(store, LocalWorkbench(), home / "staging", home / "spool")
    return sync_source(bench, source, SyncSettings("cmdb", 1, str(number)), Terms(**{"approve": True, **options}))


KEYS = [f"k{n}" for n in range(1, 9)]
EDIT = st.tuples(
    st.sampled_from(["server", "rack", "rest", "relation", "relation"]),
    st.sampled_from(KEYS),
    st.one_of(
        st.none(),
        st.sampled_from(["a", "b", "bad", "skip", "g1", "server:k1 rack:k2", "k3 server:k4", "k5 k6+", "k1 k1", "skip x"]),
    ),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(EDIT, max_size=6), min_size=2, max_size=5), st.booleans())
def test_the_mirror_gives_what_a_full_read_gives(rounds, stamps):
    with TemporaryDirectory() as name:
        home, tables = Path(name), Tables(stamps)
        narrow, whole = SqliteStore(home / "narrow.db"), SqliteStore(home / "whole.db")
        edits = randomness.Random(1)
        for name in ("server", "rack", "rest"):
            for key in KEYS[:6]:
                tables.put(name, key, edits.choice(["a", "b", "g1"]))
        for number, key in enumerate(KEYS):
            tables.put("relation", key, f"server:{KEYS[number % 6]} rack:{KEYS[(number * 3 + 1) % 6]}")
        source = Listed(tables)
        for number, changes in enumerate(rounds):
            for where, key, body in changes:
                if body is None:
                    tables.rows[where].pop(key, None)
                else:
                    tables.put(where, key, body)
            a = sync(narrow, source, home / "a", number)
            b = sync(whole, Listed(tables), home / "b", number, full=True)
            assert told(a) == told(b)
            assert contents(narrow) == contents(whole)
        narrow.close()
        whole.close()


@pytest.fixture
def estate(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "RANGE", 7)
    tables = Tables()
    for n in range(40):
        tables.put("server", f"s{n:02}", f"server {n}")
        tables.put("rack", f"r{n:02}", f"rack {n}")
    for n in range(40):
        tables.put("relation", f"e{n:02}", f"server:s{n:02} rack:r{n:02}")
    store = SqliteStore(tmp_path / "store.db")
    source = Listed(tables)
    first = sync(store, source, tmp_path, 1)
    assert (first.state, first.complete, first.created) == ("done", True, 80)
    tables.read_rows = 0
    yield tables, store, source, tmp_path
    store.close()


def test_only_what_changed_is_read(estate):
    tables, store, source, home = estate
    tables.put("server", "s07", "renamed")
    tables.put("server", "s99", "new")
    del tables.rows["server"]["s20"], tables.rows["relation"]["e20"]
    report = sync(store, source, home, 2)
    assert (report.path, report.warnings, report.created, report.changed, report.retired) == ("difference", [], 1, 1, 1)
    assert (report.dependencies_retired, report.rows_reconciled) == (1, 3)
    assert tables.read_rows <= 2 + 3 * 6  # what changed, and the overlap
    assert tables.read_keys <= 2 * 7
    assert sync(store, source, home, 3).state == "unchanged"


def test_a_dry_run_leaves_the_mirror_as_it_was(estate):
    tables, store, source, home = estate
    tables.put("server", "s07", "renamed")
    before = (home / "spool" / "mirror.db").read_bytes()
    dry = sync(store, source, home, 2, dry_run=True)
    assert (dry.path, dry.changed) == ("difference", 1)
    assert (home / "spool" / "mirror.db").read_bytes() == before
    assert sync(store, source, home, 3).changed == 1


@pytest.mark.parametrize("full", [False, True])
def test_a_class_that_fails_keeps_what_is_known_and_the_rest_goes_on(estate, full):
    tables, store, source, home = estate
    del tables.rows["rack"]["r05"], tables.rows["server"]["s06"], tables.rows["relation"]["e06"]
    tables.put("server", "s07", "renamed")
    tables.broken["rack"] = (3, NotAllowed("rack refuses access (403)", answered=403))
    report = sync(store, source, home, 2, full=full)
    assert (report.state, report.complete, report.path) == ("partial", False, "full" if full else "difference")
    assert (report.changed, report.retired, report.dependencies_retired) == (1, 1, 1)
    assert report.incomplete["rack"] == "rack: rack refuses access (403)"
    assert "rest" in report.incomplete  # its rows could be those of the racks
    assert report.read_whole == ["dependency", "server"]
    tables.broken.clear()
    later = sync(store, source, home, 3)
    assert (later.complete, later.retired, later.incomplete) == (True, 1, {})


@pytest.mark.parametrize("full", [False, True])
def test_rows_that_cannot_be_seen_are_not_gone(estate, full):
    tables, store, source, home = estate
    gone = {key: tables.rows["server"].pop(key) for key in ("s01", "s02")}
    tables.hidden["server"] = 2
    report = sync(store, source, home, 2, full=full)
    assert report.retired == 0
    assert report.incomplete == ({"server": "server: 38 rows read, 40 expected"} if full else {})  # 40 are held, and 40 there are
    tables.rows["server"] |= gone
    tables.hidden["server"] = 0
    assert sync(store, source, home, 3).state == "unchanged"


def test_a_ci_that_goes_while_relations_fail_takes_its_dependencies_along(estate):
    tables, store, source, home = estate
    del tables.rows["server"]["s06"], tables.rows["relation"]["e06"], tables.rows["relation"]["e09"]
    tables.broken["relation"] = (5, SourceFailed("relation answered 500"))
    for full in (False, True):
        report = sync(store, source, home, 2 + full, full=full)
        assert report.retired == (0 if full else 1)
    rows = store.load_columns(store.current().revision, "dependency")
    live = set(map(int, store.load_columns(store.current().revision, "ci")["ci_id"]))
    assert len(rows["dependent_id"]) == 39
    assert {int(end) for end in (*rows["dependent_id"], *rows["provider_id"])} <= live


def test_when_everything_fails_the_run_fails(estate):
    tables, store, source, home = estate
    before = store.current().revision
    tables.broken = {raw.name: (0, NotAllowed("refused (403)", answered=403)) for raw in LISTS}
    for full in (False, True):
        with pytest.raises((NotAllowed, SourceFailed), match="refused"):
            sync(store, source, home, 2, full=full)
    assert store.current().revision == before


def test_a_source_that_ignores_the_question_is_noticed(estate, monkeypatch):
    _, store, source, home = estate
    honest = Tables.read
    monkeypatch.setattr(Tables, "read", lambda self, name, since: honest(self, name, ""))
    with pytest.raises(SourceFailed, match="ignores the question for rows changed since"):
        sync(store, source, home, 2)
