"""What an assistant is offered: operations of the API that change nothing, in its words, and legible answers."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.mcp_server import _legible, marked, tools_of


def document(**operations: tuple[str, str]) -> dict[str, Any]:
    """A document of operations by name: method and path."""
    told = {"summary": "What it is.", "description": "Needs permission `read`; a key with a scope may ask."}
    paths: dict[str, Any] = {}
    for name, (method, path) in operations.items():
        paths.setdefault(path, {})[method] = {**told, "operationId": name}
    return {"paths": paths, "components": {"schemas": {}}}


def test_an_operation_that_the_api_lacks_stops_the_server() -> None:
    with pytest.raises(KeyError):
        tools_of(document(areas_list=("get", "/api/v1/areas")), "")


def test_signs_that_nobody_sees_are_written_out_and_letters_stay() -> None:
    text = _legible(b'{"name": "M\\u00fcnchen\\u202e \\u200bx \\ud83d\\ude00"}')
    assert text == '{"name":"M\u00fcnchen<U+202E> <U+200B>x \U0001f600"}'


def test_no_text_can_know_the_mark() -> None:
    first, second = marked("{}"), marked("{}")
    assert first != second and first.splitlines()[1] == first.splitlines()[3]


def test_without_the_library_the_command_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("mcp"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    result = CliRunner().invoke(main, ["--data", str(tmp_path / "data"), "mcp"])
    assert result.exit_code == 1 and "install forestay[mcp]" in result.output
