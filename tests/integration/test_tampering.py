"""Eighteen ways to tamper with the audit trail by one who can write the database and does not have the key: each is found, and
the entry named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.domain.errors import Conflict, NotFound
from app.domain.signing import Signer
from app.storage.sqlite_store import SqliteStore
from app.usecases.backup import backup, restore
from app.usecases.keep import audit
from app.usecases.keep.audit_anchor import anchor_lines, write_anchor
from app.usecases.keep.audit_verify import verify, verify_anchor

COUNT = 9
KEY = Signer(("the key of the service",))


class Trail:
    """A trail of nine entries, its anchor written at the fourth and the last, and the head as it was at the fourth."""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder / "forestay.db")
        self.store.signer = KEY
        self.anchor = folder / "anchor.jsonl"
        for number in range(1, COUNT + 1):
            audit.record(self.store, "anna", "exposure laid", f"service {number}", {"revision": number})
            if number == 4:
                write_anchor(self.store, self.anchor)
                self.early_head = self.head()
        write_anchor(self.store, self.anchor)

    def head(self) -> str:
        found = self.store.get("audit_head", "head")
        assert found is not None
        return found.body

    def body(self, number: int) -> dict[str, object]:
        found = self.store.get("audit", key(number))
        assert found is not None
        return json.loads(found.body)

    def put(self, number: int, body: dict[str, object] | str) -> None:
        self.store.put("audit", key(number), body if isinstance(body, str) else json.dumps(body, sort_keys=True))

    def delete(self, *numbers: int) -> None:
        for number in numbers:
            assert self.store.delete("audit", key(number))

    def change(self, number: int, **values: object) -> None:
        self.put(number, {**self.body(number), **values})

    def write_anew(self, signer: Signer, first: int = 1) -> None:
        """The whole trail from an entry on, chained and signed as the service would, with a key of the tamperer's or none."""
        self.store.signer = signer
        found = self.store.get("audit", key(first - 1))
        previous = audit.digest_of(found.body) if found else audit.START
        for number in range(first, COUNT + 1):
            body = {name: value for name, value in self.body(number).items() if name not in ("key", "signature")}
            body |= {"previous": previous, "caller": "nobody" if number == 5 else body["caller"]}
            text = audit.signed(signer, body)
            self.put(number, text)
            previous = audit.digest_of(text)
        self.store.put("audit_head", "head", audit.signed(signer, {"number": COUNT, "digest": previous}))
        self.store.signer = KEY


def key(number: int) -> str:
    return f"{number:020d}"


def swap(trail: Trail) -> None:
    four, five = trail.body(4), trail.body(5)
    trail.put(4, five)
    trail.put(5, four)


def cut_head_and_renumber(trail: Trail) -> None:
    """The first two go, and the others move up."""
    for number in range(3, COUNT + 1):
        trail.put(number - 2, trail.body(number))
    trail.delete(COUNT - 1, COUNT)


def insert(trail: Trail) -> None:
    for number in range(COUNT, 4, -1):
        trail.put(number + 1, trail.body(number))
    trail.change(5, subject="something else", previous=audit.digest_of(json.dumps(trail.body(4), sort_keys=True)))


def cut_tail_and_put_the_head_back(trail: Trail) -> None:
    """A genuine earlier state of the trail, counter included: only the second place knows better."""
    trail.delete(*range(5, COUNT + 1))
    trail.store.put("audit_head", "head", trail.early_head)
    trail.store.connection.execute("UPDATE document_counter SET last = 4 WHERE kind = 'audit'")


def erase(trail: Trail) -> None:
    trail.delete(*range(1, COUNT + 1))
    trail.store.delete("audit_head", "head")


WAYS: dict[str, tuple[Callable[[Trail], None], str]] = {
    "the subject of an entry edited": (lambda trail: trail.change(5, subject="x"), "entry 5 was changed"),
    "its time edited": (lambda trail: trail.change(5, at="2020-01-01T00:00:00+00:00"), "entry 5 was changed"),
    "its actor edited": (lambda trail: trail.change(5, caller="bert"), "entry 5 was changed"),
    "its details edited": (lambda trail: trail.change(5, details={}), "entry 5 was changed"),
    "an entry in the middle taken away": (lambda trail: trail.delete(5), "entry 5 is missing"),
    "several taken away": (lambda trail: trail.delete(5, 6, 7), "entries 5 to 7 are missing"),
    "the beginning cut": (lambda trail: trail.delete(1, 2), "entries 1 to 2 are missing"),
    "the beginning cut and the rest renumbered": (cut_head_and_renumber, "entry 1 says that it is entry 3"),
    "the end cut": (lambda trail: trail.delete(8, 9), "entries 8 to 9 are missing"),
    "two entries swapped": (swap, "entry 4 says that it is entry 5"),
    "an entry copied to the end": (lambda trail: trail.put(10, trail.body(5)), "entry 10 says that it is entry 5"),
    "an entry inserted": (insert, "entry 5 was changed"),
    "the hash column edited": (lambda trail: trail.change(5, previous="0" * 64), "entry 5 does not follow entry 4"),
    "an entry edited and the chain mended without a key": (lambda trail: trail.write_anew(Signer(), 5), "entry 5 is not signed"),
    "the whole trail written anew with another key": (
        lambda trail: trail.write_anew(Signer(("mine",))),
        "entries 1 to 9 are signed with the key",
    ),
    "the whole trail written anew without a key": (
        lambda trail: trail.write_anew(Signer()),
        "entries 1 to 9: the trail, or its head, was written anew",
    ),
    "an entry that is no JSON": (lambda trail: trail.put(5, "{"), "entry 5 can't be read"),
    "an entry that is another kind of JSON": (lambda trail: trail.put(5, "[5]"), "entry 5 can't be read"),
    "an entry emptied": (lambda trail: trail.put(5, "{}"), "entry 5 is not signed"),
    "a number that is none": (lambda trail: trail.store.put("audit", "x", "{}") and None, "an entry has no number but 'x'"),
    "all of it taken away": (erase, "entries 1 to 9 are missing"),
    "the head edited": (
        lambda trail: trail.store.put("audit_head", "head", trail.early_head) and None,
        "entries 5 to 9 are behind the head",
    ),
    "the head taken away": (
        lambda trail: trail.store.delete("audit_head", "head") and None,
        "the head is missing, after entry 9",
    ),
}


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    made = Trail(tmp_path)
    yield made
    made.store.close()


def test_there_are_more_than_eighteen_ways() -> None:
    assert len(WAYS) >= 23


def test_a_whole_trail_is_whole(trail: Trail) -> None:
    assert verify(trail.store) == []
    assert verify_anchor(trail.store, anchor_lines(trail.anchor)) == []
    assert len(list(anchor_lines(trail.anchor))) == 2
    assert not write_anchor(trail.store, trail.anchor)  # it names the head already


@pytest.mark.parametrize("way", WAYS)
def test_tampering_is_found_and_the_entry_named(trail: Trail, way: str) -> None:
    tamper, said = WAYS[way]
    tamper(trail)
    faults = verify(trail.store)
    assert any(said in fault for fault in faults), faults


def test_an_earlier_state_that_is_put_back_is_found_by_the_anchor(trail: Trail) -> None:
    cut_tail_and_put_the_head_back(trail)
    assert verify(trail.store) == []  # nothing in the database tells
    assert verify_anchor(trail.store, anchor_lines(trail.anchor))[0].startswith("entry 9, which the anchor names at ")


def test_a_trail_written_anew_with_the_key_is_found_by_the_anchor(trail: Trail) -> None:
    trail.write_anew(KEY)
    assert verify(trail.store) == []
    assert [fault.partition(" at ")[0] for fault in verify_anchor(trail.store, anchor_lines(trail.anchor))] == [
        "entry 9 is not the one that the anchor names"
    ]


def test_an_anchor_that_was_changed_is_found(trail: Trail) -> None:
    lines = list(anchor_lines(trail.anchor))
    forged = json.dumps({**json.loads(lines[0]), "digest": "0" * 64}, sort_keys=True)
    assert verify_anchor(trail.store, [forged, "{", lines[1]]) == [
        "line 1 of the anchor, for entry 4, was changed: its signature does not fit",
        "line 2 of the anchor can't be read: it was changed",
    ]
    with pytest.raises(NotFound, match="forestay audit anchor"):
        list(anchor_lines(trail.anchor.with_name("none")))


def test_a_replaced_key_still_proves_what_it_signed(trail: Trail) -> None:
    trail.store.signer = Signer(("new", *KEY.keys))
    audit.record(trail.store, "anna", "exposure laid", "service 10")
    assert verify(trail.store) == []
    trail.store.signer = Signer(("new",))
    assert verify(trail.store)[0].startswith("9 of entries 1 to 9 are signed with the key ")


def test_a_trail_of_an_earlier_version_is_signed_from_now_on(tmp_path: Path) -> None:
    store, previous = SqliteStore(tmp_path / "forestay.db"), audit.START
    for number in range(3):
        body = json.dumps(
            {"at": "x", "caller": "anna", "action": "a", "subject": str(number), "details": {}, "previous": previous}
        )
        store.append("audit", body)
        previous = audit.digest_of(body)
    store.put("audit_head", "head", previous)
    store.signer = KEY
    audit.begin_signing(store)
    audit.begin_signing(store)
    assert verify(store) == []
    assert len(audit.entries(store)) == 4
    store.put("audit", key(2), json.dumps({**json.loads(store.get("audit", key(2)).body), "caller": "bert"}))
    assert verify(store)[0].startswith("entry 3 does not follow entry 2")
    store.close()


def test_a_backup_with_an_edited_entry_does_not_restore_as_equal(trail: Trail, tmp_path: Path) -> None:
    def opened(path: Path) -> SqliteStore:
        store = SqliteStore(path)
        store.signer = KEY
        return store

    backup(trail.store, tmp_path / "backup.db", opened)
    copy = opened(tmp_path / "backup.db")
    found = copy.get("audit", key(5))
    copy.put("audit", key(5), json.dumps({**json.loads(found.body), "caller": "bert"}, sort_keys=True))
    copy.close()
    target, said = opened(tmp_path / "target.db"), []
    with pytest.raises(Conflict, match="entry 5 was changed"):
        restore(tmp_path / "backup.db", target, opened)
    assert target.kinds() == {}
    restore(tmp_path / "backup.db", target, opened, said.append, despite_audit=True)
    assert any("restored although entry 5 was changed" in line for line in said)
    target.close()
