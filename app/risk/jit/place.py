"""Where compiled code is kept."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

VARIABLE = "FORESTAY_KERNEL_CACHE"


def base_folder() -> Path:
    """FORESTAY_KERNEL_CACHE, else the user's cache folder."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "forestay" / "kernels"


@cache
def writable(folder: Path) -> bool:
    """Whether files can be kept there; the folder is made, for its owner alone, as code is run from it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
