"""Files that hold the estate or a secret: read and written by the user that the service runs as, and by nobody else."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.domain.concealed import conceal

FILE, FOLDER = 0o600, 0o700
JOURNALS = ("-journal", "-wal", "-shm")  # the files that SQLite keeps beside a database
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def kept_secret(path: Path) -> str:
    """Returns a secret that is made once and kept in a file; of two processes that make it at once, both get the same."""
    if not path.exists():
        make_folder(path.parent)
        new = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE), "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
            name_once(new, path)
        finally:
            new.unlink(missing_ok=True)
    text = path.read_text("ascii")
    for word in text.split():
        conceal(word)
    return text


def replace_file(path: Path, text: str) -> None:
    """Writes a file for this user alone; readers see the old text or the new one."""
    make_folder(path.parent)
    new = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE), "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Makes a folder for this user alone; a folder that is there is left as it is."""
    path.mkdir(mode=FOLDER, parents=True, exist_ok=True)


def make_file(path: Path) -> None:
    """Makes an empty file for this user alone, where there is none."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE))


def remove_database(path: Path) -> None:
    """Removes a database with its journals: a journal that stayed would be played into the next database of this name."""
    for left in ("", *JOURNALS):
        path.with_name(path.name + left).unlink(missing_ok=True)


def lone_journals(path: Path) -> list[Path]:
    """Returns journals that hold something although their database is not there."""
    journals = [path.with_name(path.name + left) for left in JOURNALS]
    journals = [
        journal for journal in journals if journal.exists() and journal.stat().st_size
    ]  # looked at first: a database that is being made has no journal yet
    return [] if path.exists() else journals


def name_once(new: Path, path: Path) -> None:
    """Gives a finished file its name, whole or not at all, and only where nothing has that name."""
    try:
        os.link(new, path)
    except FileExistsError:
        return
    except OSError:  # the file system has no links
        if not path.exists():
            new.rename(path)


def open_to_others(folder: Path) -> Iterator[Path]:
    """Returns files and folders, `folder` itself first, that others than their owner may read or write; links are not
    followed."""
    # what goes meanwhile is left out
    below = (Path(place) / name for place, folders, files in os.walk(folder) for name in (*folders, *files))
    for path in (folder, *sorted(below)):
        with suppress(FileNotFoundError):
            if not path.is_symlink() and path.stat().st_mode & OTHERS:
                yield path


def close_to_others(folder: Path) -> int:
    """Takes away what others may do with the files of a folder; returns how many files there were."""
    paths = list(open_to_others(folder))
    for path in paths:
        with suppress(FileNotFoundError):
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
    return len(paths)
