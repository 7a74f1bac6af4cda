"""The acts as verbs of `tests.kill_points`: one of them, there or back, or one after the other until the process is killed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from tests import doors
from tests.acts import ACTS

doors.application()  # made before the fork


def _act(service: Any, asked: Mapping[str, Any]) -> None:
    ACTS[asked["act"]].do(service, asked["back"])


def _wander(service: Any, asked: Mapping[str, Any]) -> None:
    """Acts by chance, there and back, until the process is killed."""
    chance = random.Random(asked["seed"])
    while True:
        act = ACTS[chance.choice(list(ACTS))]
        for back in (False, True):
            act.prepare(service, back)
            act.do(service, back)


VERBS = {"act": _act, "wander": _wander}
