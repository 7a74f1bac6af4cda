"""A scoped view of a store reads as a store reads that holds nothing but what is in the scope."""

from __future__ import annotations

import numpy as np
import pytest

from app.domain.nouns import NOUNS
from app.storage.scoped_store import SAID, ScopedStore
from app.storage.sqlite_store import SqliteStore
from tests.contract.estate import batch, ci, revise, table

SEEN, HIDDEN = (2, 3, 5, 8), (1, 4, 6, 7)
NAMES = {1: "web", 2: "old web", 3: "webshop", 4: "The WEB", 5: "weblog", 6: "webby", 7: "other", 8: "till"}
ROWS = {
    "ci": [ci(n, name, [("serial", f"SN-{n // 2}")], site="north" if n in SEEN else "south") for n, name in NAMES.items()],
    "dependency": [{"dependent_id": a, "provider_id": b} for a, b in ((2, 3), (2, 1), (4, 5), (3, 5), (6, 7), (5, 8))],
    "redundancy_group": [
        {"group_id": 1, "key": "s:1", "dependent_id": 2, "members": "[3,5]"},
        {"group_id": 2, "key": "s:2", "dependent_id": 2, "members": "[3,4,8]", "needed": 2, "shares": "[0.5,0.25,0.25]"},
        {"group_id": 3, "key": "s:3", "dependent_id": 8, "members": "[4]"},
        {"group_id": 4, "key": "s:4", "dependent_id": 1, "members": "[2,3]"},
    ],
    "exposure": [{"ci_id": n, "customers": float(n)} for n in (2, 4)],
    "incident": [{"incident_key": f"i{n}", "ci_id": n} for n in (1, 3, 6)],
    "observation": [
        {"scope": scope} for scope in ("*", "class:server", "ci:cmdb:server:3", "2 ci:cmdb:server:3", "ci:cmdb:server:4")
    ],
    "source_record": [{"source_key": f"server:{n}", "ci_id": n} for n in NAMES],
    "open_need": [
        {
            "need_key": "a",
            "dependent_id": 3,
            "text": "webshop -> The WEB",
            "reason": "The WEB is gone",
            "statement": '{"about":"x"}',
        },
        {"need_key": "b", "dependent_id": 4},
        {"need_key": "c"},
        {"need_key": "d", "dependent_id": 2, "statement": '{"of":[3,4]}'},
        {"need_key": "e", "dependent_id": 2, "statement": '{"of":[3,5]}'},
    ],
}
LEFT = {  # what a store holds that never knew the hidden CIs
    **ROWS,
    "ci": [row for row in ROWS["ci"] if row["ci_id"] in SEEN],
    "dependency": [{"dependent_id": a, "provider_id": b} for a, b in ((2, 3), (3, 5), (5, 8))],
    "redundancy_group": [
        ROWS["redundancy_group"][0],
        {"group_id": 2, "key": "s:2", "dependent_id": 2, "members": "[3,8]", "needed": 2, "shares": "[0.5,0.25]"},
    ],
    "exposure": ROWS["exposure"][:1],
    "incident": ROWS["incident"][1:2],
    "observation": ROWS["observation"][:4],
    "source_record": [row for row in ROWS["source_record"] if row["ci_id"] in SEEN],
    "open_need": [{"need_key": "a", "dependent_id": 3, **SAID}, {"need_key": "e", "dependent_id": 2, **SAID}],
}


@pytest.fixture
def both(store, tmp_path):
    revise(store, *(batch(noun, rows) for noun, rows in ROWS.items()))
    alone = SqliteStore(tmp_path / "alone.db")
    revise(alone, *(batch(noun, rows) for noun, rows in LEFT.items()))
    yield ScopedStore(store, lambda revision: np.array(SEEN, np.int64)), alone
    alone.close()


def test_columns_of_every_noun(both):
    scoped, alone = both
    for noun in NOUNS:
        assert table(scoped.load_columns(1, noun)) == table(alone.load_columns(1, noun)), noun
        names = NOUNS[noun].names()[-1:]
        assert table(scoped.load_columns(1, noun, names)) == table(alone.load_columns(1, noun, names)), noun


def test_rows_by_value(both):
    scoped, alone = both
    asked = [
        ("dependency", "dependent_id"),
        ("dependency", "provider_id"),
        ("redundancy_group", "dependent_id"),
        ("exposure", "ci_id"),
        ("incident", "ci_id"),
        ("source_record", "ci_id"),
    ]
    for noun, column in asked:
        assert table(scoped.rows(1, noun, column, list(NAMES))) == table(alone.rows(1, noun, column, list(NAMES))), noun
    assert table(scoped.states(1, list(NAMES))) == table(alone.states(1, list(NAMES)))
    assert table(scoped.groups_of_members(1, list(NAMES))) == table(alone.groups_of_members(1, list(NAMES)))
    keys = [f"cmdb:server:{n}" for n in NAMES]
    assert scoped.ids_of_keys(1, keys) == alone.ids_of_keys(1, keys)


def test_names(both):
    scoped, alone = both
    texts = [*NAMES.values(), "SN-2", "sn-1", "cmdb:server:4", "cmdb:server:5", "nobody"]
    assert scoped.find(1, texts) == alone.find(1, texts)
    assert scoped.find_former(1, texts) == alone.find_former(1, texts)
    for text in ("web", "WEB", "sn-", "e", "other", ""):
        for limit in (0, 1, 2, 50):
            assert scoped.search(1, text, limit) == alone.search(1, text, limit), (text, limit)


def test_nothing_is_written_through_a_scope(both):
    scoped, _ = both
    for act in (scoped.open_revision, scoped.write, scoped.publish, scoped.abandon, scoped.prune, scoped.changes):
        with pytest.raises(TypeError):
            act(1)
