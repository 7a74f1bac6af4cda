"""Two processes that edit one exposure at once: each adds one to what it read, and no addition is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.bootstrap import assemble_service
from app.domain.records import ServiceRecord
from app.settings import load_settings
from app.usecases.exposures import lay_exposure
from tests import acts

ROUNDS = 1_000

EDITOR = """
import sys
from pathlib import Path
from app.bootstrap import assemble_service
from app.domain.columns import Batch
from app.domain.errors import Conflict
from app.settings import load_settings
from app.usecases.keep.seal import Seal
from app.usecases.write_revision import turn
from tests.disk import without_waiting

data, rounds, name = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
with without_waiting():
    service = assemble_service(load_settings(data_folder=data))
    store, stale = service.store, 0
    while rounds:
        seen = store.current()
        rows = store.load_columns(seen.revision, "exposure")
        (at,) = [n for n, customers in enumerate(rows["customers"]) if customers >= 1_000_000]
        row = {column: [rows[column][at]] for column in rows}
        row["customers"] = [float(row["customers"][0]) + 1]
        try:
            with turn(store, store, f"edit:{name}:{rounds}", name, patience=60) as mine:
                mine.open(seen)  # the store compares: it is refused where another was quicker since it was read
                mine.write(Batch("exposure", row, {"ci_id": row["ci_id"], "source_id": row["source_id"]}))
                mine.publish(seen.counters, Seal(name, "exposure laid", "x"))
            rounds -= 1
        except Conflict:
            stale += 1
    print(stale)
    service.close()
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_editors_lose_no_update(tmp_path: Path) -> None:
    service = assemble_service(load_settings(data_folder=tmp_path / "data"))
    acts.set_up(service)
    lay_exposure(service, ServiceRecord("k2", customers=1_000_000), "first")
    before = service.store.current().revision
    command = [sys.executable, "-c", EDITOR, str(tmp_path / "data"), str(ROUNDS // 2)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    editors = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True, env=environment) for name in ("anna", "bert")
    ]
    told = [editor.communicate(timeout=500)[0] for editor in editors]
    assert [editor.returncode for editor in editors] == [0, 0]
    stale = sum(int(text) for text in told)
    rows = service.store.load_columns(service.store.current().revision, "exposure")
    assert max(rows["customers"]) == 1_000_000 + ROUNDS
    assert service.store.current().revision == before + ROUNDS
    assert stale > 0, "they never met"
    assert acts.disagreements(service) == []
    print(f"{ROUNDS} edits, {stale} refused and done again")
    service.close()
