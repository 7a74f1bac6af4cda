"""The command line starts lightly: help imports no command, and an answer imports nothing of the web."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.commands import PLACES, load

ROOM = Path(__file__).parents[2] / "app" / "cli"
WEB = {
    "flask",
    "flask_limiter",
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


def test_the_listing_is_that_of_a_group_of_the_commands_themselves() -> None:
    whole = click.Group("forestay", commands={name: load(name) for name in PLACES})
    for width in (60, 80, 120):
        shown = CliRunner().invoke(main, ["--help"], terminal_width=width).output
        assert (
            shown.partition("Commands:")[2]
            == CliRunner().invoke(whole, ["--help"], terminal_width=width).output.partition("Commands:")[2]
        )
        assert "blast" in shown


def test_a_misspelt_command_is_named() -> None:
    wrong = CliRunner().invoke(main, ["blasst", "x"])
    assert wrong.exit_code == 2
    assert "No such command 'blasst'" in wrong.output
