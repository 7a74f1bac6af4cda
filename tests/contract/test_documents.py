"""Documents, over every store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.errors import Conflict, InvalidInput
from app.ports.documents import Document


def test_put_counts_versions(store):
    assert store.get("job", "a") is None
    assert store.put("job", "a", "{}") == Document("job", "a", 1, "{}")
    assert store.put("job", "a", '{"n":1}', expected=1).version == 2
    assert store.get("job", "a") == Document("job", "a", 2, '{"n":1}')
    assert store.get("other", "a") is None
    assert store.delete("job", "a") is True
    assert store.delete("job", "a") is False
    assert store.put("job", "a", "{}", expected=0).version == 1


def test_an_unexpected_version_is_a_conflict_and_changes_nothing(store):
    with pytest.raises(Conflict):
        store.put("job", "a", "{}", expected=1)
    assert store.get("job", "a") is None
    store.put("job", "a", "{}")
    with pytest.raises(Conflict):
        store.put("job", "a", "x", expected=0)
    assert store.get("job", "a").body == "{}"


def test_an_operation_is_done_once(store):
    first = store.put("job", "a", "one", operation_id="op")
    store.put("job", "a", "two")
    assert store.put("job", "a", "one", operation_id="op") == first
    assert store.get("job", "a").body == "two"
    row = store.append("audit", "x", operation_id="op 2")
    assert store.append("audit", "x", operation_id="op 2") == row
    assert store.append("audit", "y").key == "00000000000000000002"


def test_pages_in_order_of_code_points(store):
    keys = ["a", "B", "é", "￿", "😀", "b", "a b"]
    for key in keys:
        store.put("k", key, "{}")
    store.put("l", "z", "{}")
    ordered = sorted(keys)
    assert [row.key for row in store.page("k")] == ordered
    assert [row.key for row in store.page("k", limit=2)] == ordered[:2]
    assert [row.key for row in store.page("k", after=ordered[1], limit=2)] == ordered[2:4]
    assert [row.key for row in store.page("k", descending=True, limit=2)] == ordered[::-1][:2]
    assert [row.key for row in store.page("k", after=ordered[2], descending=True)] == ordered[1::-1]
    assert list(store.page("none")) == []


def test_appends_of_many_writers_have_no_gap(open_store):
    stores = [open_store() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        keys = [row.key for row in pool.map(lambda n: stores[n % 4].append("audit", str(n)), range(60))]
    assert sorted(keys) == [f"{n:020d}" for n in range(1, 61)]
    assert [row.key for row in stores[0].page("audit", limit=100)] == sorted(keys)
    assert {int(row.body) for row in stores[0].page("audit", limit=100)} == set(range(60))


def test_writers_of_one_document_do_not_lose_an_update(open_store):
    stores = [open_store() for _ in range(3)]
    stores[0].put("n", "n", "0")

    def add(store):
        done = 0
        while done < 10:
            now = store.get("n", "n")
            try:
                store.put("n", "n", str(int(now.body) + 1), expected=now.version)
                done += 1
            except Conflict:
                pass

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(add, stores))
    assert stores[0].get("n", "n") == Document("n", "n", 31, "30")


def test_together_is_all_or_nothing(open_store):
    store, other = open_store(), open_store()
    with store.together():
        store.put("a", "1", "x")
        store.append("audit", "y")
        assert store.get("a", "1").body == "x"
        assert other.get("a", "1") is None
    assert other.get("a", "1").body == "x"
    with pytest.raises(RuntimeError):
        fail_together(store)
    assert other.get("a", "2") is None
    assert store.append("audit", "z").key == "00000000000000000002"


def test_what_a_store_could_not_keep_is_refused(store):
    for kind, key, body in (("k", "a\0", "b"), ("k", "a", "\ud800"), ("k", "a" * 4001, "")):
        with pytest.raises(InvalidInput):
            store.put(kind, key, body)


def test_documents_of_another_store_are_restored(store):
    store.restore([Document("a", "k", 7, "x"), Document("audit", "00000000000000000003", 1, "y")], {"audit": 3, "a": 0})
    assert store.get("a", "k") == Document("a", "k", 7, "x")
    assert store.append("audit", "z").key == "00000000000000000004"
    assert store.kinds() == {"a": 0, "audit": 4}


def fail_together(store):
    with store.together():
        store.put("a", "2", "x")
        store.append("audit", "z")
        raise RuntimeError
