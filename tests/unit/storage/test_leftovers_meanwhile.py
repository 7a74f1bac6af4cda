"""The doctor looks at a cache that is being written: what is finished meanwhile is no fault."""

from __future__ import annotations

import threading
from pathlib import Path

from app.storage.leftovers import leftovers


def test_folders_that_come_and_go_meanwhile_are_left_out(tmp_path: Path) -> None:
    cache, done = tmp_path / "cache", threading.Event()
    cache.mkdir()

    def write() -> None:
        number = 0
        while not done.is_set():
            part = cache / f".part-{number % 40}"
            part.mkdir(exist_ok=True)
            (part / "x").write_text("x")
            (part / "x").unlink()
            part.rmdir()
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            assert leftovers(tmp_path, tmp_path / "staging") == []
    finally:
        done.set()
        writer.join()
