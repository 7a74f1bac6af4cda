"""What werkzeug compiles of each route to build its addresses, compiled once a process and not again for each application.

It is made of the rule's text alone; to make it anew was three quarters of making an application, which most tests of the service
do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from werkzeug.routing.rules import Rule


@contextmanager
def compiled_once() -> Iterator[None]:
    """For the applications that this process makes meanwhile."""
    compile_builder = Rule._compile_builder
    known: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if rule.defaults:  # their converters would be part of it
            return compile_builder(rule, append_unknown)
        key = (rule.rule, tuple(rule._trace), append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    with patch.object(Rule, "_compile_builder", builder):
        yield
