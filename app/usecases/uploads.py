"""Files that are handed over as the input of a source.

Each lies under a name of its own; the one that counts is the one that the source's location names, which moves in one unit of
work with the entry in the audit trail. So a file is never there without word of it, and of two that come at once one is refused.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from app.domain.errors import LimitExceeded
from app.ports.documents import Documents
from app.usecases.keep import audit
from app.usecases.keep.sources import RegisteredSource, update_source_if

UPLOADED = re.compile(r"upload(-[0-9a-f]{12})?(\.[a-z]+)")  # the bare name is that of an earlier version
LEFT_SECONDS = 3600.0  # a file that nobody wrote to for so long, and that does not count, was left by a process that died


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in: for which source, how its name ends, its bytes, and how many there may be at most."""

    source: RegisteredSource
    ending: str
    blocks: Iterable[bytes]
    largest: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    source: str
    location: str
    bytes: int


def upload_folder(data_folder: Path, source: str) -> Path:
    """Where the files that were handed over for a source lie."""
    return data_folder / "input" / source


def is_upload(data_folder: Path, source: RegisteredSource, ending: str) -> bool:
    """Whether the source reads a file of this ending that was handed over for it."""
    place = Path(source.location)
    match = UPLOADED.fullmatch(place.name)
    return match is not None and match.group(2) == ending and place.parent == upload_folder(data_folder, source.name)


def take_upload(
    documents: Documents, data_folder: Path, upload: Upload, caller: str, met: Callable[[RegisteredSource], None]
) -> Uploaded:
    """Writes the file, then lets the source read it.

    `met` is called with the source as it is by then, in the unit of work that changes it, and raises where it was changed
    meanwhile. LimitExceeded beyond the largest size. What is refused leaves nothing.
    """
    source = upload.source
    folder = upload_folder(data_folder, source.name)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"upload-{uuid4().hex[:12]}{upload.ending}"
    try:
        size = _written(target, upload.blocks, upload.largest)
        with documents.together():
            update_source_if(documents, source.name, met, location=str(target))
            details = {"bytes": size, "location_before": source.location}
            audit.record(documents, caller, "file uploaded", source.name, details)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    _tidy(folder, {target, Path(source.location)})
    return Uploaded(source.name, str(target), size)


def remove_uploads(source: RegisteredSource) -> None:
    """Takes away every file that was handed over for a source, where it reads one."""
    folder = Path(source.location).parent
    if source.location and folder.name == source.name and folder.parent.name == "input":
        _tidy(folder, set(), older_than=0.0)


def left_uploads(data_folder: Path, sources: Iterable[RegisteredSource]) -> list[Path]:
    """Files that no source reads and that nobody wrote to for an hour."""
    read, late = {Path(source.location) for source in sources}, time.time() - LEFT_SECONDS
    files = (file for file in (data_folder / "input").glob("*/upload*") if UPLOADED.fullmatch(file.name))
    return sorted(file for file in files if file not in read and file.stat().st_mtime < late)


def _written(target: Path, blocks: Iterable[bytes], largest: int) -> int:
    """Writes the bytes and returns how many there were; they are on the disk when it returns."""
    size = 0
    with target.open("xb") as file:
        for block in blocks:
            size += len(block)
            if size > largest:
                raise LimitExceeded(f"the file is larger than {largest:,} bytes")
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return size


def _tidy(folder: Path, kept: set[Path], older_than: float = LEFT_SECONDS) -> None:
    """Removes earlier files. The one before this stays until the next upload, for a run that reads it right now."""
    now = time.time()
    for file in folder.glob("upload*"):
        with suppress(OSError):
            if UPLOADED.fullmatch(file.name) and file not in kept and now - file.stat().st_mtime >= older_than:
                file.unlink()
