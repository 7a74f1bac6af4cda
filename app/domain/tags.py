"""Tags of what is kept, by which a caller and the service tell whether they speak of the same thing."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def tag_of(value: Any) -> str:
    """A short tag of what a thing says, the same wherever and whenever it is made.

    >>> tag_of({"b": 1, "a": 2}) == tag_of({"a": 2, "b": 1}), tag_of([1]) == tag_of([2])
    (True, False)
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
