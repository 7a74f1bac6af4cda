"""The command line starts lightly: help imports no command, and an answer imports nothing of the web."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.commands import GROUPS, PLACES, load
from app.cli.context import console, table

ROOM = Path(__file__).parents[2] / "app" / "cli"
WEB = {
    "flask",
    "limits",
    "flask_smorest",
    "gunicorn",
    "jinja2",
    "marshmallow",
    "prometheus_client",
    "waitress",
    "werkzeug",
}
HEAVY = WEB | {"app.bootstrap", "app.risk", "apscheduler", "importers", "ldap3", "llvmlite", "msgspec", "neo4j", "numba", "numpy"}
HEAVY |= {"rapidfuzz", "requests", "rich", "scipy", "sqlite3", "structlog", "yaml"}
BESIDE_AN_ANSWER = WEB | {
    "apscheduler",
    "ldap3",
    "neo4j",
    "rapidfuzz",
    "requests",
    "scipy.special",
    "scipy.sparse",
    "scipy.stats",
    "structlog",
}


def imported_by(*arguments: str) -> set[str]:
    """The modules in memory at the end of a `forestay` process, which has to succeed; kernels run as Python, for what numba
    imports is its own."""
    told = (
        "import atexit, json, sys; atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr)); "
        "from app.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", told, *arguments],
        env={**os.environ, "FORESTAY_KERNELS": "interpreted"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_imports_nothing_heavy() -> None:
    found = imported_by("--help")
    assert "click" in found  # the list is that of the process
    assert found & HEAVY == set()
    assert not {place.module for place in PLACES.values()} & found


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_answer_imports_no_web_code_nor_what_other_commands_need(form: list[str], tmp_path: Path) -> None:
    row = {"key": "web-17", "name": "web-17", "class": "server"}
    (tmp_path / "estate.json").write_text(json.dumps({"cis": [row]}))
    data = ["--data", str(tmp_path / "data")]
    assert CliRunner().invoke(main, [*data, "import", "json", str(tmp_path / "estate.json"), "--no-assess"]).exit_code == 0
    found = imported_by(*data, "blast", "web-17", *form)
    assert "app.risk.outage.propagation" in found
    assert found & BESIDE_AN_ANSWER == set()


def test_the_table_says_what_the_commands_say() -> None:
    listed = main.commands
    assert list(listed) == list(PLACES)
    for name in PLACES:
        assert load(name).name == name
        assert load(name).get_short_help_str(1000) == listed[name].get_short_help_str(1000) == PLACES[name].help
        assert not load(name).hidden and not load(name).deprecated


def test_every_command_of_every_module_is_in_the_table() -> None:
    from importlib import import_module

    modules = [import_module(f"app.cli.{path.stem}") for path in sorted(ROOM.glob("*.py")) if path.stem != "__init__"]
    found = {command.name: module for module in modules for command in getattr(module, "COMMANDS", ())}
    assert {name: place.module for name, place in PLACES.items()} == {n: m.__name__ for n, m in found.items()}


def test_the_help_lists_each_command_once_under_what_people_come_for() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(set(PLACES) - {"answer"})  # which a web process starts
    for width in (60, 80, 120):
        shown = CliRunner().invoke(main, ["--help"], terminal_width=width).output
        listed = [line.split()[0] for line in shown.splitlines() if line.startswith("  ") and line[2] not in "- "]
        assert [name for name in listed if name in PLACES] == grouped
        assert all(f"{title}:" in shown for title in GROUPS) and max(map(len, shown.splitlines())) <= width


def test_a_table_that_does_not_fit_is_printed_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def printed(width: int | None) -> str:
        monkeypatch.delenv("COLUMNS", raising=False) if width is None else monkeypatch.setenv("COLUMNS", str(width))
        with redirect_stdout(io.StringIO()) as out:
            table(console(), "two", ["name", "why [so]", "hours"], [["web", "x" * 40, 3], ["[db]", None, 4]])
        return out.getvalue()

    assert printed(None).splitlines()[2].split() == ["web", "x" * 40, "3"]  # no terminal: nothing is folded
    assert "  why [so]: " + "x" * 40 in printed(30).splitlines() and "  hours: 3" in printed(30)
    assert "[db] (name)" in printed(30)


def test_a_shell_gets_its_completion() -> None:
    for shell in ("bash", "zsh", "fish"):
        done = CliRunner().invoke(main, ["completion", shell])
        assert done.exit_code == 0 and "_FORESTAY_COMPLETE" in done.output
    assert CliRunner().invoke(main, ["--version"]).output.startswith("forestay, version ")


def test_a_misspelt_command_is_named() -> None:
    wrong = CliRunner().invoke(main, ["blasst", "x"])
    assert wrong.exit_code == 2
    assert "No such command 'blasst'" in wrong.output
