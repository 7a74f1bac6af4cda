"""What the example's people tested of their redundancy: two databases switched, one failed to, one was tried long ago; a restore
that took longer than planned. The others were never tried."""

from __future__ import annotations

import csv
from pathlib import Path

HEAD = (
    "kind", "started_at", "title", "about", "outcome", "failover_minutes", "notes", "step", "planned_minutes", "actual_minutes",
)  # fmt: skip
ROWS = (
    ("failover", "2026-09-13T05:00:00+02:00", "Database orders switched", "db-orders", "passed", "3.5", "Quarterly test"),
    ("failover", "2026-10-11T05:00:00+02:00", "Database payments switched", "db-payment", "passed", "12", "Half by hand"),
    ("failover", "2026-10-18T05:00:00+02:00", "Database stock did not switch", "db-stock", "failed", "",
     "The standby was three hours behind and refused to start"),
    ("failover", "2024-04-14T05:00:00+02:00", "Load balancers of the edge", "edge", "passed", "0.5", "Before the move"),
    ("recovery_exercise", "2026-06-21T06:00:00+02:00", "Restore the orders from backup", "db-orders", "", "", "",
     "restore the volume", "60", "85"),
    ("recovery_exercise", "2026-06-21T06:00:00+02:00", "Restore the orders from backup", "db-orders", "", "", "",
     "roll the log forward", "30", "25"),
    ("recovery_exercise", "2026-06-21T06:00:00+02:00", "Restore the orders from backup", "db-orders", "", "", "",
     "open the shop", "15", "10"),
)  # fmt: skip


def write(folder: Path) -> Path:
    """Writes them in the form in which people hand in their own tests (docs/operating.md); returns the file."""
    path = folder / "tests.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(HEAD)
        table.writerows([*row, *[""] * (len(HEAD) - len(row))] for row in ROWS)
    return path
