"""Random histories: a store answers as the plain Python ledger does, at every revision, abandoned revisions in between or not."""

from __future__ import annotations

import random

import pytest

from app.domain.nouns import NOUNS
from tests.contract.estate import batch, revise, table
from tests.contract.model import MAKERS, Ledger, full, random_changes
from tests.seeds import THOROUGH, some_of

ORDER = ("ci", *MAKERS)


def write(store, base, changes):
    """Ends of what hangs on CIs first, then CIs, then what begins."""
    n = 0
    for noun in MAKERS:
        n += 1
        store.write(base + 1, n, batch(noun, [], changes[noun][1]))
    for noun in ORDER:
        n += 1
        store.write(base + 1, n, batch(noun, changes[noun][0], changes[noun][1] if noun == "ci" else []))


@pytest.mark.bulk
@pytest.mark.parametrize("seed", range(6 if THOROUGH else 3))
def test_a_random_history(store, seed):
    rng = random.Random(seed)
    ledger, mint = Ledger(), [1]
    for base in range(8):
        if rng.random() < 0.4:
            store.open_revision(f"given up {base}", base)
            write(store, base, random_changes(rng, ledger, [mint[0]]))
            store.abandon(base + 1)
        changes = random_changes(rng, ledger, mint)
        store.open_revision(f"op {base}", base)
        write(store, base, changes)
        store.publish(base + 1, base, {})
        ledger.publish(changes)
    assert list(store.check()) == []
    compare(store, ledger, range(9))
    small_reads(store, ledger, rng)
    store.prune(4)
    compare(store, ledger, range(4, 9))


def compare(store, ledger, revisions):
    pairs = [(a, b) for a in revisions for b in revisions if a <= b]
    for noun in NOUNS:
        for r in revisions:
            assert table(store.load_columns(r, noun)) == ledger.rows(r, noun), (noun, r)
        for a, b in some_of(pairs, 2):
            change = store.changes(a, b, noun)
            begun, ended = ledger.changes(a, b, noun)
            assert (table(change.begun), table(change.ended)) == (begun, ended), (noun, a, b)


def small_reads(store, ledger, rng):
    for r in range(1, 9):
        cis = ledger.rows(r, "ci")
        some = [row["ci_id"] for row in cis if rng.random() < 0.5] + [99]
        assert table(store.states(r, some)) == [row for row in cis if row["ci_id"] in some]
        for end in ("dependent_id", "provider_id"):
            wanted = [row for row in ledger.rows(r, "dependency") if row[end] in some]
            assert table(store.rows(r, "dependency", end, some)) == wanted
        groups = [
            row for row in ledger.rows(r, "redundancy_group") if set(map(int, row["members"].strip("[]").split(","))) & set(some)
        ]
        assert table(store.groups_of_members(r, some)) == groups
        found = store.find(r, ["web", "A1", "äö", "cmdb:server:3"])
        for text in ("web", "A1", "äö", "cmdb:server:3"):
            wanted = [row["ci_id"] for row in cis if text.casefold() in answers_to(row)]
            assert [hit.ci_id for hit in found.get(text, [])] == wanted


def answers_to(row):
    aliases = [part for part in row.get("aliases", "").split('"') if part not in ("[[", ", ", "], [", "]]", "ip", "serial")]
    return {text.casefold() for text in (row["key"], row.get("name", ""), *aliases)}


def test_the_model_itself():
    ledger = Ledger()
    one = full("exposure", {"ci_id": 1})
    ledger.publish({"exposure": ([one], [])})
    ledger.publish({"exposure": ([], [one])})
    assert (ledger.rows(1, "exposure"), ledger.rows(2, "exposure")) == ([one], [])
    assert ledger.changes(1, 2, "exposure") == ([], [one])


def test_undo_of_a_random_change(store):
    rng = random.Random(5)
    ledger, mint = Ledger(), [1]
    for base in range(4):
        changes = random_changes(rng, ledger, mint)
        store.open_revision(f"op {base}", base)
        write(store, base, changes)
        store.publish(base + 1, base, {})
        ledger.publish(changes)
    inverse = {noun: (table(store.changes(3, 4, noun).ended), table(store.changes(3, 4, noun).begun)) for noun in ORDER}
    store.open_revision("undo", 4)
    write(store, 4, inverse)
    store.publish(5, 4, {})
    for noun in ORDER:
        assert table(store.load_columns(5, noun)) == ledger.rows(3, noun)
    assert revise(store, batch("ci")) == 6
