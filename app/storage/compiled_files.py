"""A CompiledGraphCache in a folder: one folder an entry, plain .npy files in it, memory-mapped when loaded.

An entry is written to a folder of its own and renamed: readers see it whole or not at all. The manifest lists every file with
its size, so that a cut file is found; a process that holds a removed entry mapped keeps its pages.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts

MANIFEST = "manifest.json"
FORMAT = 1
STALE_SECONDS = 3600.0  # a writer that was killed left its folder


class CompiledFiles:
    """A CompiledGraphCache in a folder. `keep`: how many revisions of one purpose stay."""

    def __init__(self, folder: Path | str, keep: int = 3) -> None:
        self.folder = Path(folder)
        self.keep = keep

    def load(self, revision: int, purpose: str) -> Mapping[str, Any] | None:
        place = self._place(revision, purpose)
        try:
            manifest = json.loads((place / MANIFEST).read_text("utf-8"))
            if manifest["format"] != FORMAT or manifest["purpose"] != purpose:
                raise ValueError("another format or purpose")
            sizes = {name: (place / name).stat().st_size for name in manifest["files"]}
            if sizes != manifest["files"]:
                raise ValueError("a file was cut")
            return {name: _read(place, parts) for name, parts in manifest["entry"].items()}
        except FileNotFoundError:
            if (place / MANIFEST).exists():  # it is there but cannot be read, and no other process removed it meanwhile
                shutil.rmtree(place, ignore_errors=True)
            return None
        except (OSError, ValueError, KeyError, TypeError, EOFError):
            shutil.rmtree(place, ignore_errors=True)
            return None

    def save(self, revision: int, purpose: str, entry: Mapping[str, Any]) -> None:
        place = self._place(revision, purpose)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(prefix=".part-", dir=self.folder))
        except OSError:
            return
        try:
            described = {name: _write(part, f"{number:03d}", value) for number, (name, value) in enumerate(entry.items())}
            files = {path.name: path.stat().st_size for path in part.iterdir()}
            manifest = {"format": FORMAT, "revision": revision, "purpose": purpose, "files": files, "entry": described}
            (part / MANIFEST).write_text(json.dumps(manifest), "utf-8")
            part.rename(place)
        except OSError:
            pass  # another process was quicker, or the disk is full
        finally:
            shutil.rmtree(part, ignore_errors=True)
        self._tidy(purpose)

    def unreadable(self) -> list[Path]:
        """Returns the entries that cannot be used (cut, of another format, or not ours to read); each is made again when
        needed."""
        entries = []
        for place in sorted(self.folder.glob("[0-9]*-*")) if self.folder.is_dir() else []:
            try:
                manifest = json.loads((place / MANIFEST).read_text("utf-8"))
                sizes = {name: (place / name).stat().st_size for name in manifest["files"]}
                whole = manifest["format"] == FORMAT and sizes == manifest["files"]
                whole = whole and all(os.access(place / name, os.R_OK) for name in sizes)
            except (OSError, ValueError, KeyError, TypeError):
                whole = False
            if not whole:
                entries.append(place)
        return entries

    def drop(self, revision: int, purpose: str) -> None:
        shutil.rmtree(self._place(revision, purpose), ignore_errors=True)

    def revisions(self, purpose: str) -> Sequence[int]:
        return sorted((int(path.name.split("-", 1)[0]) for path in self._entries(purpose)), reverse=True)

    def settle(self) -> None:
        """Does nothing: what `save` kept lies on disk when it returns."""

    def _place(self, revision: int, purpose: str) -> Path:
        return self.folder / f"{revision:012d}-{_slug(purpose)}"

    def _entries(self, purpose: str) -> list[Path]:
        return [path for path in self.folder.glob(f"*-{_slug(purpose)}") if re.match(r"\d{12}-", path.name)]

    def _tidy(self, purpose: str) -> None:
        entries = sorted(self._entries(purpose), reverse=True)
        abandoned = [path for path in self.folder.glob(".part-*") if _age(path) > STALE_SECONDS]
        for path in entries[self.keep :] + abandoned:
            shutil.rmtree(path, ignore_errors=True)


def _slug(purpose: str) -> str:
    """Returns a readable name of letters that every file system takes; its hash keeps two purposes apart."""
    word = re.sub(r"[^a-z0-9]+", "_", purpose.lower())[:40]
    return f"{word}-{hashlib.blake2b(purpose.encode(), digest_size=6).hexdigest()}"


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _write(folder: Path, name: str, value: Any) -> list[Any]:
    """Writes a value's files and returns how to read it."""
    if isinstance(value, str):
        return ["text", value]
    if isinstance(value, Texts):
        np.save(folder / f"{name}-blob.npy", np.asarray(value.blob))
        np.save(folder / f"{name}-offsets.npy", np.asarray(value.offsets))
        return ["texts", f"{name}-blob.npy", f"{name}-offsets.npy"]
    if isinstance(value, Categorical):
        np.save(folder / f"{name}.npy", np.asarray(value.codes))
        return ["categorical", f"{name}.npy", list(value.values)]
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise TypeError(f"only plain arrays are kept, not {array.dtype}")
    np.save(folder / f"{name}.npy", array)
    return ["array", f"{name}.npy"]


def _read(folder: Path, parts: list[Any]) -> Any:
    kind, first, *rest = parts
    if kind == "text":
        return first
    if kind == "texts":
        return Texts(_map(folder / first), _map(folder / rest[0]))
    if kind == "categorical":
        return Categorical(_map(folder / first), tuple(rest[0]))
    return _map(folder / first)


def _map(path: Path) -> Any:
    # copy on write: pages are shared, and the type is that of an array in memory, so that kernels are compiled once
    array = np.load(path, mmap_mode="c", allow_pickle=False)
    return array.view(np.ndarray)
