"""What every ticket system holds to, as checks that stubs and real servers run alike."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.tickets import CLOSED, OPEN, RESOLVED, TicketCi, TicketDraft
from app.ports.ticket_system import TicketRefused

NUMBERS = itertools.count(1)
HOSTILE = (
    "</p><script>alert(1)</script> <b>bold</b> & &lt;i&gt; \"quoted\" 'so'\n\u202eright to left\u202c אבג\n"
    "line {ticket} %s 🔥 \\ end"
)


@dataclass
class Desk:
    """A system under test. `known`: CIs that it knows; `unknown`: one that it does not, or None where it takes any name. `stick`:
    makes it keep its tickets out of the phase resolved. `comments_of`: the texts of a ticket, past the connector."""

    system: Any
    known: Sequence[TicketCi]
    unknown: TicketCi | None
    stick: Callable[[], Any] | None = None
    secrets: Sequence[str] = ()
    stub: Any = None
    comments_of: Callable[[str], list[str]] | None = None

    @property
    def in_field(self) -> bool:
        """Whether the comment stands in one field, whatever its key."""
        return bool(self.system.options.given.get("comment_field"))


def draft(key: str = "", **given: Any) -> TicketDraft:
    # a key's first part is the same for all, so that searches by words or beginnings find others too
    usual = {"kind": "incident", "summary": "Storage is down", "description": "Two disks\nare gone."}
    return TicketDraft(key or f"bc-{next(NUMBERS)}", **{**usual, **given})


def plain(text: str) -> str:
    return " ".join(text.split())


def is_made_and_read_back(desk: Desk) -> None:
    asked = draft(priority="2", cis=desk.known[:1])
    made = desk.system.create(asked)
    assert made.keys == [asked.key]
    assert (made.kind, made.summary, made.phase) == ("incident", "Storage is down", OPEN)
    assert made.priority == desk.system.as_kept("2")
    assert made.id and made.number and made.url.startswith("http") and made.created_at is not None
    assert desk.system.read(made.id) == made
    assert len(made.cis) == (1 if desk.system.abilities.links_cis else 0)


def is_found_by_exactly_its_key(desk: Desk) -> None:
    key = f"bc-{next(NUMBERS)}-storage"
    made = desk.system.create(draft(key))
    desk.system.create(draft(f"{key}-two"))
    assert [one.id for one in desk.system.find(key)] == [made.id]
    for other in (key[:-1], key.upper(), "storage", "bc", f"{key} ", "%", f"{key}-tw"):
        assert list(desk.system.find(other)) == [], other


def doubles_come_oldest_first(desk: Desk) -> None:
    asked = draft()
    first, second = desk.system.create(asked), desk.system.create(asked)
    assert [one.id for one in desk.system.find(asked.key)] == [first.id, second.id]


def odd_keys_are_found(desk: Desk) -> None:
    for key in (f"it's a {next(NUMBERS)}", f"a,b/{next(NUMBERS)}:c d", f"über-{next(NUMBERS)}_x%"):
        made = desk.system.create(draft(key))
        assert [(one.id, one.keys) for one in desk.system.find(key)] == [(made.id, [key])]


def a_comment_is_there_once(desk: Desk) -> None:
    assert desk.comments_of is not None
    made = desk.system.create(draft())
    key, before = made.keys[0], len(desk.comments_of(made.id))
    desk.system.comment(made.id, key, "Three services are hit.\n1. shop")
    first = desk.comments_of(made.id)
    desk.system.comment(made.id, key, "Three services are hit.\n1. shop")
    assert desk.comments_of(made.id) == first
    assert sum("Three services are hit." in one for one in first) == 1
    if not desk.in_field:
        assert len(first) == before + 1
        desk.system.comment(made.id, f"{key}0", "Of another key.")
    desk.system.comment(made.id, key, "Four services are hit.")
    texts = desk.comments_of(made.id)
    assert sum("Four services are hit." in one for one in texts) == 1
    if desk.in_field:
        assert len(texts) == 1
    else:
        assert len(texts) == before + (2 if desk.system.abilities.edits_comments else 3)
        assert sum("Of another key." in one for one in texts) == 1
    if desk.system.abilities.edits_comments:
        assert not any("Three services" in one for one in texts)


def it_goes_there_and_back(desk: Desk) -> None:
    made = desk.system.create(draft())
    done = desk.system.transition(made.id, RESOLVED, "All disks are back.")
    assert desk.system.read(made.id) == done
    assert desk.system.phases_of("incident").has(RESOLVED, done.status)
    again = desk.system.transition(made.id, RESOLVED, "All disks are back.")
    assert again.updated_at == done.updated_at
    back = desk.system.transition(made.id, OPEN, "One is gone again.")
    assert back.phase == OPEN
    desk.system.transition(made.id, RESOLVED, "Back.")
    closed = desk.system.transition(made.id, CLOSED, "Over.")
    assert desk.system.phases_of("incident").has(CLOSED, closed.status)


def a_refused_transition_is_noticed(desk: Desk) -> None:
    assert desk.stick is not None
    made = desk.system.create(draft())
    desk.stick()
    with pytest.raises(TicketRefused) as refused:
        desk.system.transition(made.id, RESOLVED, "")
    assert refused.value.message.startswith(f"{desk.system.name}: ")
    assert desk.system.read(made.id).phase == OPEN


def it_is_given_priorities(desk: Desk) -> None:
    made = desk.system.create(draft(priority="5"))
    assert made.priority == desk.system.as_kept("5")
    for wanted in ("1", "3", "5"):
        assert desk.system.prioritise(made.id, wanted).priority == desk.system.as_kept(wanted)
        assert desk.system.read(made.id).priority == desk.system.as_kept(wanted)


def cis_are_tied_to_it(desk: Desk) -> None:
    made = desk.system.create(draft(cis=desk.known[:1]))
    others = [*desk.known, *([desk.unknown] if desk.unknown else [])]
    missing = desk.system.link(made.id, others)
    after = desk.system.read(made.id)
    if not desk.system.abilities.links_cis:
        assert (list(missing), list(after.cis)) == (others, [])
        return
    assert list(missing) == ([desk.unknown] if desk.unknown else [])
    assert len(after.cis) == len(set(after.cis)) == len(desk.known)
    assert set(made.cis) < set(after.cis)
    desk.system.link(made.id, desk.known)
    assert desk.system.read(made.id).updated_at == after.updated_at


def changes_are_told(desk: Desk, pages: int = 3) -> None:
    first = [desk.system.create(draft(summary=f"Number {n}")) for n in range(2 * pages + 1)]
    since = max(one.updated_at for one in first)
    later = desk.system.create(draft(summary="Later"))
    desk.system.prioritise(first[0].id, "1")
    told = list(desk.system.changed_since(since))
    assert {one.id for one in told} >= {first[0].id, first[-1].id, later.id}
    times = [one.updated_at for one in told]
    assert times == sorted(times)
    everything = list(desk.system.changed_since(since - timedelta(days=1)))
    assert {one.id for one in everything} >= {one.id for one in [*first, later]}
    assert [one for one in everything if one.id == later.id][-1].keys == later.keys
    assert list(desk.system.changed_since(datetime.now(UTC) + timedelta(days=4000))) == []


def hostile_texts_stay_texts(desk: Desk) -> None:
    asked = draft(summary=f"{HOSTILE}", description=HOSTILE)
    made = desk.system.create(asked)
    assert plain(made.summary) == plain(desk.system.titled(asked))
    assert "<script>alert(1)</script> <b>bold</b>" in made.summary
    if made.description:
        assert plain(HOSTILE) in plain(made.description)
    desk.system.comment(made.id, asked.key, HOSTILE)
    assert desk.comments_of is not None
    assert any(plain(HOSTILE) in plain(one) for one in desk.comments_of(made.id))
    long = draft(description="<é>" * 34_000)
    made = desk.system.create(long)
    desk.system.comment(made.id, long.key, "<é>" * 34_000)
    text = next(one for one in desk.comments_of(made.id) if "<é><é>" in one)
    for cut in (made.description, text):
        assert not cut or re.search(r"\[cut here: \d+ of 102000 characters are shown\]", cut)


CHECKS = (
    is_made_and_read_back,
    is_found_by_exactly_its_key,
    doubles_come_oldest_first,
    odd_keys_are_found,
    a_comment_is_there_once,
    it_goes_there_and_back,
    a_refused_transition_is_noticed,
    it_is_given_priorities,
    cis_are_tied_to_it,
    changes_are_told,
    hostile_texts_stay_texts,
)
