"""The index of searches against rapidfuzz over every text of random estates."""

from __future__ import annotations

import json
import os
import random
from unicodedata import normalize

import numpy as np
import pytest
from rapidfuzz.distance import OSA

from app.domain.columns import Categorical, Texts
from app.usecases.search.build import build_index, carried_index

ESTATES = int(os.environ.get("FORESTAY_TEST_SEARCH_ESTATES", "40"))
QUERIES = 25
PARTS = (
    "web",
    "db",
    "srv",
    "core",
    "Straße",
    "MÜNCHEN",
    "ｗｅｂ",
    "東京",
    "fra1",
    "example",
    "checkout",
    "Σίγμα",
    "00",
    "17",
    "10.0.0.1",
    "e\u0301dge",
    "ﬁre",
    "x_y",
    "order-intake-01.frankfurt.brightwater.example",
    "a\u00a0b",
)
JOINS = ("-", ".", " ", "_", ":", "/", "")


def texts(values):
    raw = [value.encode() for value in values]
    return Texts(np.frombuffer(b"".join(raw), np.uint8), np.concatenate([[0], np.cumsum([len(text) for text in raw])]))


def plain(text):
    return " ".join(normalize("NFC", normalize("NFKC", normalize("NFKC", text).casefold())).split())


def words(text):
    """All stretches of a text that begin with a word, or after a blank, and end at a blank; by hand, sign by sign."""
    found = []
    for chunk in plain(text).split(" "):
        for place, sign in enumerate(chunk):
            if place == 0 or (sign.isalnum() and not chunk[place - 1].isalnum()):
                found.append(chunk[place:])
    return found


def begins(word, terms, errors):
    if not errors:
        return any(term.startswith(word) for term in terms)
    lengths = (len(word) - 1, len(word), len(word) + 1)
    return any(OSA.distance(word, term[:length]) <= 1 for term in terms for length in lengths if length <= len(term))


def made(rng):
    def name():
        return "".join(rng.choice(PARTS) + rng.choice(JOINS) for _ in range(rng.randrange(1, 4))).strip() or "x"

    return [[f"cmdb:ci:{n}", name(), *(name() for _ in range(rng.randrange(3)))] for n in range(rng.randrange(1, 60))]


def asked(rng, estate):
    text = rng.choice([word for own in estate for value in own for word in words(value)])
    text = text[: rng.randrange(1, len(text) + 1)]
    if rng.random() < 0.5:  # a slip of the hand
        place = rng.randrange(len(text))
        text = rng.choice([
            text[:place] + text[place + 1 :], text[:place] + rng.choice("abz01-é") + text[place:],
            text[:place] + rng.choice("abz01-é") + text[place + 1 :], text[:place] + text[place:][:2][::-1] + text[place + 2 :],
        ])  # fmt: skip
    if rng.random() < 0.4:
        other = rng.choice(words(rng.choice(rng.choice(estate))))
        text = " ".join(rng.sample([text, other[: rng.randrange(1, len(other) + 1)]], 2))
    return rng.choice([text, text.upper(), normalize("NFD", text)])


@pytest.mark.parametrize("seed", range(ESTATES))
def test_every_search_is_that_of_brute_force(seed):
    rng = random.Random(seed)
    estate = made(rng)
    weight = np.asarray([float(rng.randrange(5)) for _ in estate])
    order = np.lexsort((np.arange(len(estate)), -weight))
    columns = {
        "ci_id": np.arange(len(estate)),
        "key": texts(own[0] for own in estate),
        "name": texts(own[1] for own in estate),
        "ci_class": Categorical(np.zeros(len(estate), np.int32), ("server",)),
        "aliases": texts(json.dumps([["alias", value] for value in own[2:]]) for own in estate),
    }
    index = build_index(columns, {"services_hit": weight}, order)
    terms = [[word for value in estate[row] for word in words(value)] for row in order]
    for _ in range(QUERIES):
        query = asked(rng, estate)
        given = plain(query).split(" ") if plain(query) else []
        for errors in (False, True):
            hits = [
                rank
                for rank, own in enumerate(terms)
                if given and all(begins(word, own, errors and len(word) >= 4) for word in given)
            ]
            if hits or not any(len(word) >= 4 for word in given):
                break
        exact = [rank for rank in hits if not errors and any(plain(value) == plain(query) for value in estate[order[rank]])]
        found = index.find(query)
        assert found.ranks.tolist() == exact + [rank for rank in hits if rank not in exact], (query, estate)
        assert not hits or found.corrected == errors


def test_the_index_is_the_same_after_it_was_kept():
    columns = {
        "ci_id": np.arange(2),
        "key": texts(["k:1", "k:2"]),
        "name": texts(["web", "Web shop"]),
        "ci_class": Categorical(np.zeros(2, np.int32), ("server",)),
        "aliases": texts(["", ""]),
    }
    index = build_index(columns, {"services_hit": np.asarray([0.0, 9.0])}, np.asarray([1, 0]))
    again = type(index).from_arrays(index.to_arrays())
    assert [again.name[again.row[rank]] for rank in again.find("WEB").ranks] == ["web", "Web shop"], (
        "just this name, then the weightiest"
    )
    assert [again.name[again.row[rank]] for rank in again.find("shop web").ranks] == ["Web shop"]


def ledger(estate):
    """The columns of an estate: for each id its texts, key and name first."""
    ids = sorted(estate)
    return {
        "ci_id": np.asarray(ids, np.int64),
        "key": texts(estate[ci][0] for ci in ids),
        "name": texts(estate[ci][1] for ci in ids),
        "ci_class": Categorical(np.zeros(len(ids), np.int32), ("server",)),
        "aliases": texts(json.dumps([["alias", value] for value in estate[ci][2:]], ensure_ascii=False) for ci in ids),
    }


def same(one, other):
    """Whether two indexes are the same, array by array."""
    left, right = one.to_arrays(), other.to_arrays()
    return left.keys() == right.keys() and all(
        list(left[name]) == list(right[name]) if isinstance(left[name], Texts | Categorical)
        else np.array_equal(left[name], right[name])
        for name in left
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(ESTATES))
def test_an_index_brought_forward_is_that_made_anew(seed):
    rng = random.Random(seed + 10_000)
    before = {number: own for number, own in enumerate(made(rng)) if rng.random() < 0.9}
    now = {number: own for number, own in before.items() if rng.random() < 0.8}
    now |= {number: own for number, own in enumerate(made(rng)) if rng.random() < 0.3}
    changed = [number for number in {*before, *now} if before.get(number) != now.get(number) or rng.random() < 0.1]
    order = np.asarray(rng.sample(range(len(now)), len(now)), np.int64)
    weight = {"services_hit": np.arange(len(now), dtype=np.float64)}
    columns = ledger(now)
    old = build_index(ledger(before), {"services_hit": np.zeros(len(before))}, np.arange(len(before)))
    carried = carried_index(old, columns, np.asarray(changed, np.int64), weight, order)
    assert same(carried, build_index(columns, weight, order))
