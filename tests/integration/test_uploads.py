"""Files that are handed over for a source, several at once: each is there with its entry in the audit trail or not at all."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.bootstrap import Forestay, assemble_service
from app.domain.errors import Conflict, LimitExceeded
from app.settings import load_settings
from app.usecases.keep import audit
from app.usecases.keep.sources import RegisteredSource, add_source, get_source
from app.usecases.uploads import LEFT_SECONDS, Upload, is_upload, take_upload, upload_folder
from tests import neo4j_server

AT_ONCE = 8


@pytest.fixture(params=["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Forestay]:
    if request.param == "neo4j":
        neo4j_server.empty_database()
        for name, value in neo4j_server.as_settings().items():
            monkeypatch.setenv(name, value)
    found = assemble_service(load_settings(data_folder=tmp_path / "data"))
    add_source(found.documents, "doc", "json", "")
    yield found
    found.close()


def hand_over(service: Forestay, blocks: Iterator[bytes], seen: RegisteredSource | None = None, limit: int = 1000) -> str:
    """As the API does: refused where the source reads another file by then than when the upload began."""
    source = seen or get_source(service.documents, "doc")

    def met(now: RegisteredSource) -> None:
        if now.location != source.location:
            raise Conflict("given another file meanwhile")

    data = service.settings.data_folder
    return take_upload(service.documents, data, Upload(source, ".json", blocks, limit), "anna", met).location


def told(service: Forestay) -> list[dict[str, object]]:
    found = [json.loads(row.body) for row in audit.all_entries(service.documents)]
    return [row["details"] for row in found if row["action"] == "file uploaded"]


def test_of_files_that_come_at_once_one_is_taken_and_told(service: Forestay) -> None:
    for _ in range(3):
        together = threading.Barrier(AT_ONCE)
        before, entries = get_source(service.documents, "doc"), len(told(service))

        def one(number: int, together: threading.Barrier = together, before: RegisteredSource = before) -> str | None:
            def blocks() -> Iterator[bytes]:
                yield b"x" * number
                together.wait(30)

            try:
                return hand_over(service, blocks(), before)
            except Conflict:
                return None

        with ThreadPoolExecutor(AT_ONCE) as pool:
            taken = [place for place in pool.map(one, range(1, AT_ONCE + 1)) if place]
        now = get_source(service.documents, "doc")
        assert taken == [now.location] and is_upload(service.settings.data_folder, now, ".json")
        assert len(told(service)) == entries + 1
        assert told(service)[-1] == {"bytes": Path(now.location).stat().st_size, "location_before": before.location}
        left = set(upload_folder(service.settings.data_folder, "doc").iterdir())
        assert left == {Path(place) for place in (now.location, before.location) if place}
        os.utime(now.location, (0, 0))  # an old file stays as long as it counts, and until the one after the next


def test_a_file_that_is_refused_leaves_nothing_and_one_that_a_dead_process_left_goes(service: Forestay) -> None:
    folder = upload_folder(service.settings.data_folder, "doc")
    first = Path(hand_over(service, iter([b"{}"])))
    with pytest.raises(LimitExceeded):
        hand_over(service, iter([b"x" * 600, b"x" * 600]))
    assert list(folder.iterdir()) == [first] and len(told(service)) == 1
    dead, busy, other = folder / "upload-0123456789ab.json", folder / "upload-ba9876543210.json", folder / "uploads.json"
    for file in (dead, busy, other):
        file.write_bytes(b"")
    for file in (dead, other):
        os.utime(file, (time.time() - LEFT_SECONDS - 1,) * 2)
    second = Path(hand_over(service, iter([b"{}"])))
    assert set(folder.iterdir()) == {first, second, busy, other}
    assert get_source(service.documents, "doc").location == str(second)
