from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from app.domain.columns import Categorical
from app.storage.compiled_files import CompiledFiles
from app.storage.tables import texts_of

ENTRY = {
    "ci.ci_id": np.arange(5),
    "empty": np.zeros(0),
    "scalar": np.float64(2.5),
    "class": Categorical(np.array([1, -1, 0], np.int32), ("a", "ü")),
    "name": texts_of(["x", "", "东京"]),
    "report": '{"rows":1}',
}


def test_an_entry_comes_back_mapped(tmp_path):
    cache = CompiledFiles(tmp_path / "cache")
    assert cache.load(1, "arrays") is None
    cache.save(1, "arrays", ENTRY)
    entry = cache.load(1, "arrays")
    assert list(entry) == list(ENTRY)
    assert isinstance(entry["ci.ci_id"].base, np.memmap)
    entry["ci.ci_id"][0] = 9  # stays in this process
    assert cache.load(1, "arrays")["ci.ci_id"].tolist() == [0, 1, 2, 3, 4]
    assert float(entry["scalar"]) == 2.5
    assert [entry["class"][row] for row in range(3)] == ["ü", None, "a"]
    assert list(entry["name"]) == ["x", "", "东京"]
    assert entry["report"] == '{"rows":1}'
    assert cache.load(2, "arrays") is None
    assert cache.load(1, "Arrays") is None


def test_the_newest_stay(tmp_path):
    cache = CompiledFiles(tmp_path, keep=2)
    for revision in (1, 5, 3):
        cache.save(revision, "a-1", ENTRY)
        cache.save(revision, "a", ENTRY)
    assert cache.revisions("a") == [5, 3]
    assert cache.revisions("a-1") == [5, 3]
    assert cache.revisions("none") == []
    assert not list(tmp_path.glob(".part-*"))


@pytest.mark.parametrize("harm", ["cut", "gone", "manifest", "garbage"])
def test_a_damaged_entry_is_dropped(tmp_path, harm):
    cache = CompiledFiles(tmp_path)
    cache.save(1, "a", ENTRY)
    place = next(tmp_path.iterdir())
    victim = place / "000.npy"
    if harm == "cut":
        victim.write_bytes(victim.read_bytes()[:-8])
    elif harm == "gone":
        victim.unlink()
    elif harm == "manifest":
        (place / "manifest.json").write_text("{")
    else:
        victim.write_bytes(b"x" * victim.stat().st_size)
    assert cache.load(1, "a") is None
    assert not place.exists()
    cache.save(1, "a", ENTRY)
    assert cache.load(1, "a") is not None


def test_an_entry_removed_while_mapped_can_still_be_read(tmp_path):
    cache = CompiledFiles(tmp_path, keep=1)
    cache.save(1, "a", ENTRY)
    held = cache.load(1, "a")
    cache.save(2, "a", ENTRY)
    assert cache.load(1, "a") is None
    assert held["ci.ci_id"].sum() == 10


def test_writers_of_one_entry_at_once(tmp_path):
    def work(n):
        cache = CompiledFiles(tmp_path)
        cache.save(n % 3, "a", ENTRY)
        return cache.load(n % 3, "a")

    with ThreadPoolExecutor(6) as pool:
        entries = list(pool.map(work, range(60)))
    assert all(entry is not None and entry["ci.ci_id"].sum() == 10 for entry in entries)
    assert not list(tmp_path.glob(".part-*"))


def test_objects_are_not_kept(tmp_path):
    with pytest.raises(TypeError):
        CompiledFiles(tmp_path).save(1, "a", {"x": np.array([object()])})
    assert not list(tmp_path.iterdir())
