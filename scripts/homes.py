"""Where the servers of tests are installed: once a machine, outside of the checkout, in the user's cache folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path


def servers() -> Path:
    """The folder of all of them; FORESTAY_SERVERS names another."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("FORESTAY_SERVERS") or Path(cache) / "forestay" / "servers").resolve()


def home(name: str, says: Iterable[bytes | str], install: Callable[[Path], None]) -> Path:
    """The folder of a server: `<name>-<digest of what its script and versions say>`, filled by `install(folder)` where there is
    none.

    It is installed into a folder beside it and gets its name at the end, so a half one is never met; a second process that wants
    the same waits. What is installed must bear to be renamed. Older versions stay until they are deleted by hand."""
    digest = hashlib.blake2b(
        b"\0".join(part if isinstance(part, bytes) else part.encode() for part in says), digest_size=6
    ).hexdigest()
    found = servers() / f"{name}-{digest}"
    found.parent.mkdir(parents=True, exist_ok=True)
    with found.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            fresh = Path(tempfile.mkdtemp(prefix=f".{found.name}-", dir=found.parent))
            try:
                install(fresh)
                fresh.chmod(0o755)
                fresh.rename(found)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise
    return found
