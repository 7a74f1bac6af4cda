"""References: which CI a text in a source means.

A reference names a record of the same source by `class:id`, or by its id where only one class has it; else any CI of the
ledger by key or alias. What nobody or several answer to is not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unresolved:
    reason: str
    advice: str
    candidates: tuple[str, ...] = ()


def ambiguous_in_source(text: str, classes: Sequence[str]) -> Unresolved:
    names = tuple(f"{name}:{text}" for name in sorted(classes))
    return Unresolved(f"'{text}' is an id in {len(names)} classes", f"write one of {', '.join(names[:5])}", names)


def once_called(text: str, key: str, until: int) -> str:
    """Says that a text named a CI in an earlier revision.

    >>> once_called("db1", "cmdb:ci:7", 12)
    "'db1' is what cmdb:ci:7 was called until revision 12"
    """
    return f"'{text}' is what {key} was called until revision {until}"


def from_ledger(text: str, hits: Sequence[tuple[int, str]]) -> int | Unresolved:
    """Returns the CI among those that answer to a text as (ci_id, key), or why none was taken.

    >>> from_ledger("web", [(7, "cmdb:ci:web")])
    7
    >>> from_ledger("web", []).reason
    "no CI answers to 'web'"
    """
    by_id = dict(hits)
    if len(by_id) == 1:
        return next(iter(by_id))
    if not by_id:
        return Unresolved(f"no CI answers to '{text}'", "add the CI to this source, or give another source's CI this alias")
    keys = tuple(sorted(by_id.values()))
    return Unresolved(f"{len(keys)} CIs answer to '{text}'", f"write a key: {', '.join(keys[:5])}", keys)
