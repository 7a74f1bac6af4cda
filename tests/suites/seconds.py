"""Seconds and counts of a run, kept in var/ci: steps.tsv, what pytest reported of each suite, and of these times.tsv."""

from __future__ import annotations

import fcntl
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.suites.touched import ROOT

FOLDER = ROOT / "var" / "ci"
STEPS = FOLDER / "steps.tsv"  # step, seconds, what came of it; .ci/run begins it anew and adds its own steps
SLOWEST = 40


def report_of(suite: str) -> Path:
    """Where pytest writes its report of a suite; what stands there goes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = FOLDER / f"{suite}.xml"
    found.unlink(missing_ok=True)
    return found


@dataclass(frozen=True)
class Report:
    """What pytest told of one run: `counts` by outcome, `tests` with the seconds of each."""

    counts: Counter[str]
    tests: tuple[tuple[float, str], ...]


def read(path: Path) -> Report:
    """An empty one where pytest wrote none."""
    if not path.exists():
        return Report(Counter(), ())
    counts, tests = Counter[str](), []
    for case in ElementTree.parse(path).iter("testcase"):
        outcomes = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        counts.update(outcomes or ["passed"])
        tests.append((float(case.get("time", 0)), f"{case.get('file') or case.get('classname')}::{case.get('name')}"))
    return Report(counts, tuple(tests))


def note(step: str, seconds: float, said: str) -> None:
    """Keep a step; two lanes may do so at once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with STEPS.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        rows = [line for line in file.read().splitlines() if line.split("\t")[0] != step]
        file.truncate(0)
        file.write("\n".join([*rows, f"{step}\t{seconds:.0f}\t{said}"]) + "\n")


def table() -> str:
    """The steps with their seconds, then the slowest tests of all reports; kept in times.tsv."""
    steps = STEPS.read_text("utf-8").splitlines() if STEPS.exists() else []
    tests = [(seconds, f"{path.stem}: {name}") for path in FOLDER.glob("*.xml") for seconds, name in read(path).tests]
    lines = [f"step\t{line}" for line in steps]
    lines += [f"test\t{name}\t{seconds:.1f}" for seconds, name in sorted(tests, reverse=True)[:SLOWEST]]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "times.tsv").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return "\n".join(lines)
