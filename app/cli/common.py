"""Options and words that several commands share."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from app.domain.errors import InvalidInput
from app.domain.results import Step
from app.domain.sentences import number

limit_option = click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
after_option = click.option("--after", help="the `next` of the page before")


def figure(value: float | None) -> str:
    return "unknown" if value is None else number(value)


def path_text(path: Sequence[Step]) -> str:
    steps = [step.name for step in path]
    return f"  ({' -> '.join(steps)})" if steps else ""


def settings_of(pairs: tuple[str, ...]) -> dict[str, object]:
    """Returns the settings that `--set NAME=VALUE` gives; a value is JSON, or else text."""
    settings: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InvalidInput(f"--set {pair}: NAME=VALUE")
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    return settings
