"""Kernels keep the rules that make them compile once: one exact signature each, and who calls them is known."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType

import pytest

from app.risk.jit import native
from app.risk.jit.catalogue import every_kernel
from app.risk.jit.kernels import Kernel

ROOT = Path(__file__).parents[2]
KERNELS = every_kernel()


def test_there_are_kernels_and_callees_come_first() -> None:
    assert len(KERNELS) > 250
    placed: set[str] = set()
    for kernel in KERNELS:
        assert {callee.name for callee in kernel.callees} <= placed, kernel.name
        placed.add(kernel.name)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_annotations_are_one_exact_signature(kernel: Kernel[..., object]) -> None:
    assert len(native.signature(kernel)) == kernel.function.__code__.co_argcount
    assert not kernel.function.__defaults__, "a default would be a second signature"


def test_python_calls_no_kernel_that_is_only_compiled_into_others() -> None:
    """Such a call would be interpreted for ever."""
    calls = [call for path in sorted((ROOT / "app").rglob("*.py")) for call in _calls_of_inner(path)]
    assert calls == []


def test_the_rule_sees_such_a_call() -> None:
    from app.risk.outage import failing

    outside = ast.parse("def f(flat, work):\n    return fail_more(flat, work, 0, 1)\n")
    assert _inner_names(outside, failing, "failing.py") == ["failing.py:2 fail_more"]
    through = ast.parse("def f(flat, work):\n    return failing.fail_more(flat, work, 0, 1)\n")
    assert _inner_names(through, risk_with_failing(), "risk.py") == ["risk.py:2 fail_more"]


def risk_with_failing() -> ModuleType:
    from app.risk import outage

    return outage


def _calls_of_inner(path: Path) -> list[str]:
    module = inspect.getmodulename(str(path))
    text = path.read_text()
    if module is None or "app.risk" not in text:
        return []
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    loaded = __import__("sys").modules.get(name)
    return _inner_names(ast.parse(text), loaded, str(path.relative_to(ROOT))) if loaded else []


def _inner_names(tree: ast.Module, module: ModuleType, where: str) -> list[str]:
    """Uses of kernels made with `inner` outside of kernels, as "file:line name"."""
    found: list[str] = []

    def walk(node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef) and any(_is_kernel_mark(mark) for mark in node.decorator_list):
            return
        value, name = _meant(node, module)
        if isinstance(value, Kernel) and not value.alone:
            found.append(f"{where}:{node.lineno} {name}")
        for child in ast.iter_child_nodes(node):
            walk(child)

    walk(tree)
    return found


def _meant(node: ast.AST, module: ModuleType) -> tuple[object, str]:
    """What a name, or an attribute of a module, stands for."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return getattr(module, node.id, None), node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        owner = getattr(module, node.value.id, None)
        return (getattr(owner, node.attr, None), node.attr) if isinstance(owner, ModuleType) else (None, "")
    return None, ""


def _is_kernel_mark(mark: ast.expr) -> bool:
    name = mark.func if isinstance(mark, ast.Call) else mark
    return isinstance(name, ast.Name) and name.id in ("kernel", "inner")
