"""Finds and removes files that a process began under a temporary name and did not finish, because it died. Nobody reads them."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from app.domain.errors import Conflict
from app.storage.staging import OneAtATime

UNTOUCHED_SECONDS = 600.0  # a file that is still being written was touched more recently
_JOURNAL = r"(-journal|-wal|-shm)?"
BEGUN = re.compile(rf"(\..+\.\d+\.[0-9a-f]{{8}}|.+\.part){_JOURNAL}|\.part-\w+")  # databases and secrets; copies; cache
SPOOLED = re.compile(r".+\.new")
STAGED = re.compile(rf".+\.staging{_JOURNAL}")


def leftovers(data_folder: Path, staging_folder: Path, database: Path | None = None) -> list[Path]:
    """Returns unfinished files and folders that nobody touched for ten minutes, and what a sync laid aside while no sync runs.
    `database`: the service's own, where it lies outside of the data folder."""
    paths = [path for place, names in _where(data_folder) for path in place if names.fullmatch(path.name) and _is_old(path)]
    if database is not None:
        beside = f".{database.name}."
        paths += [
            path
            for path in database.parent.glob(".*")
            if path.name.startswith(beside) and BEGUN.fullmatch(path.name) and _is_old(path)
        ]
    return sorted({*paths, *_staged(staging_folder)})


def _where(folder: Path) -> Iterator[tuple[Iterator[Path], re.Pattern[str]]]:
    """Yields the paths to look at, with the pattern of unfinished names: not those in `input`, where people lay files of their
    own."""
    yield folder.glob("*"), BEGUN
    for name, names in (("cache", BEGUN), ("spool", SPOOLED)):
        yield _below(folder / name), names


def _below(folder: Path) -> Iterator[Path]:
    """Yields the files and folders below a folder; what is finished meanwhile is left out."""
    yield from (Path(place) / name for place, folders, files in os.walk(folder) for name in (*folders, *files))


def _is_old(path: Path) -> bool:
    try:
        return path.lstat().st_mtime < time.time() - UNTOUCHED_SECONDS
    except FileNotFoundError:  # the file was finished meanwhile
        return False


def take_away(path: Path) -> None:
    """Removes a file or a folder, where it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _staged(folder: Path) -> list[Path]:
    paths = [path for path in folder.glob("*") if STAGED.fullmatch(path.name)]
    if not paths:
        return []
    try:
        with OneAtATime(folder):
            return paths
    except Conflict:
        return []  # a sync is running
