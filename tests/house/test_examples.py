"""Every example in a docstring of app and importers runs and is true."""

from __future__ import annotations

import ast
import doctest
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path.relative_to(ROOT) for room in ("app", "importers") for path in (ROOT / room).rglob("*.py"))
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(inner: ast.AST, name: str) -> Iterator[tuple[str, int, str]]:
    """Name, line and text of each docstring, read from the source: a compiled kernel shows doctest none. Code that holds no
    statements, an expression, is not looked into."""
    if isinstance(inner, DOCUMENTED) and (text := ast.get_docstring(inner)):
        yield getattr(inner, "name", name), getattr(inner, "lineno", 1), text
    for held in ("body", "orelse", "finalbody", "handlers", "cases"):
        for statement in getattr(inner, held, ()) if not isinstance(inner, ast.expr) else ():
            yield from docstrings(statement, name)


def examples(file: Path) -> list[tuple[str, int, str]]:
    source = (ROOT / file).read_text("utf-8")
    if ">>>" not in source:
        return []
    return [(name, line, text) for name, line, text in docstrings(ast.parse(source), file.stem) if ">>>" in text]


WITH_EXAMPLES = [file for file in FILES if examples(file)]


@pytest.mark.parametrize("file", WITH_EXAMPLES, ids=str)
def test_the_examples_of_a_module_run(file: Path) -> None:
    module = import_module(".".join(file.with_suffix("").parts).removesuffix(".__init__"))
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    for name, line, text in examples(file):
        test = doctest.DocTestParser().get_doctest(text, dict(vars(module)), f"{file}: {name}", str(file), line)
        assert test.examples
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_no_example_is_passed_over() -> None:
    """As many as are written: one that stands where no docstring is would never run."""
    written = {file: (ROOT / file).read_text("utf-8").count(">>> ") for file in FILES}
    found = {file: sum(text.count(">>> ") for _, _, text in examples(file)) for file in FILES}
    assert found == written
    assert sum(written.values()) >= 134
