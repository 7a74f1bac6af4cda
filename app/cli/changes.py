"""A change list as a person reads it."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from app.cli.context import table
from app.domain.change_list import Change
from app.usecases.changes.kept import Losses
from app.usecases.changes.read import ChangePage

SHOWN_VALUES, SHOWN_JOINS, SHOWN_LOSSES = 6, 10, 10
SIGNS = {"created": "+", "changed": "~", "retired": "-"}


def print_changes(console: Console, page: ChangePage) -> None:
    """Totals by kind and class, joins with other sources, what would go with whom, then the lines."""
    if not page.total:
        console.print("nothing would change")
        return
    rows = [(total.noun, total.of, total.word, f"{total.count:,}") for total in page.totals if total.noun != "record"]
    table(console, "would change", ["what", "class or kind", "change", "number"], rows, right=(3,))
    _print_joins(console, page)
    _print_losses(console, page.losses)
    for change in page.items:
        console.print(f"  {SIGNS[change.word]} {change.noun} {change.key}{_of(change)}{_values(change)}", markup=False)
    if page.truncated:
        rest = (
            f"the rest: forestay runs changes {page.run_id} --offset {page.next}"
            if page.next
            else "only the totals tell of the rest"
        )
        console.print(f"  {len(page.items):,} of {page.total:,} lines; {rest}")


def _print_joins(console: Console, page: ChangePage) -> None:
    if page.joins_total:
        console.print(f"{page.joins_total:,} records become part of CIs that other sources tell of:")
        for text in page.joins[:SHOWN_JOINS]:
            console.print(f"  {text}", markup=False)


def _print_losses(console: Console, losses: Losses) -> None:
    if not losses.total:
        return
    reached = (
        "not known"
        if losses.services is None
        else f"{losses.services} ({', '.join(losses.services_named)})"
        if losses.services
        else "none"
    )
    console.print(f"{losses.total:,} CIs would go; business services that lean on them in any way: {reached}", markup=False)
    for loss in losses.items[:SHOWN_LOSSES]:
        named = f" ({', '.join(loss.dependents_named)})" if loss.dependents else ""
        services = "not assessed" if loss.services is None else f"{loss.services} services"
        console.print(f"  - {loss.name} ({loss.key}): {loss.dependents} that stay lean on it{named}; {services}", markup=False)


def _of(change: Change) -> str:
    return f" [{change.of}]" if change.of and change.noun == "ci" else ""


def _values(change: Change) -> str:
    if change.word == "retired":
        return ""
    parts = [
        f"{name}: {_shown(new)}" if change.word == "created" else f"{name}: {_shown(old)} -> {_shown(new)}"
        for name, (old, new) in sorted(change.values.items())
    ]
    more = f", and {len(parts) - SHOWN_VALUES} more" if len(parts) > SHOWN_VALUES else ""
    return "; " + ", ".join(parts[:SHOWN_VALUES]) + more if parts else ""


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
