"""The table of suites (suites.toml), and which files of a suite are to run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.suites.touched import ROOT, Tree

TABLE = Path(__file__).parent / "suites.toml"
LOCKS = ("requirements.lock", "requirements-dev.lock")
WORDS_IN_A_LINE = 2


@cache
def marked_files() -> frozenset[tuple[str, str]]:
    """Mark and file, of all tests that there are. Some test files calculate when they are loaded; nothing is compiled for
    that."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qqq", "-m", "", "-p", "tests.suites.marked"]
    environment = os.environ | {"FORESTAY_KERNELS": "interpreted"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{run.stdout[-3000:]}{run.stderr[-3000:]}")
    rows = (line.split("\t") for line in run.stdout.splitlines())
    return frozenset((row[0], row[1]) for row in rows if len(row) == WORDS_IN_A_LINE)


@dataclass(frozen=True)
class Suite:
    name: str
    mark: str
    tests: str = ""
    server: str = ""
    options: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    kernels: str = ""
    always: bool = False
    real: bool = False
    lane: str = ""

    @property
    def kept(self) -> Path:
        """Where its passes are kept: beside its test file, or in this folder."""
        return ROOT / self.tests.replace(".py", ".passed") if self.tests else TABLE.with_name(f"{self.name}.passed")

    def test_files(self) -> list[str]:
        """The files that have tests of its mark."""
        if self.tests:
            return [self.tests]
        return sorted(name for mark, name in marked_files() if mark == self.mark)

    def command(self, tests: Iterable[str], report: Path) -> list[str]:
        """What runs these files of it; counts and seconds go to `report`."""
        pytest = [
            sys.executable,
            "-m",
            "pytest",
            "-m",
            self.mark,
            *self.options,
            "--junit-xml",
            str(report),
            "-o",
            "junit_family=xunit1",
        ]
        return [*shlex.split(self.server), *pytest, *tests]

    def digests(self, tree: Tree, tests: Iterable[str]) -> dict[str, str]:
        """File of tests -> digest of all that it depends on, its locks and its row of the table too."""
        more, row = (*self.files, *LOCKS), repr((self.mark, self.server, self.options, self.kernels))
        return {name: tree.digest([tree.root / name], more, row) for name in tests}

    def passed(self) -> dict[str, str]:
        """File of tests -> the digest of its last pass."""
        if not self.kept.exists():
            return {}
        lines = [line.split() for line in self.kept.read_text("utf-8").splitlines()]
        return {line[1]: line[0] for line in lines if len(line) == WORDS_IN_A_LINE}

    def keep(self, digests: dict[str, str], tests: Iterable[str]) -> None:
        """Say that these files passed; a file that is no more goes."""
        found = {name: digest for name, digest in self.passed().items() if name in tests} | digests
        text = "".join(f"{digest}  {name}\n" for name, digest in sorted(found.items()))
        self.kept.write_text(text, "utf-8")


def suites() -> dict[str, Suite]:
    rows = tomllib.loads(TABLE.read_text("utf-8"))
    return {
        name: Suite(name, **{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()})
        for name, row in rows.items()
    }
