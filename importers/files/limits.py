"""Reads whole files within a limit of bytes."""

from __future__ import annotations

from pathlib import Path

from app.domain.errors import LimitExceeded, SourceFailed

FILE_BYTES = 512 << 20


def read_bytes(path: Path, limit: int = FILE_BYTES) -> bytes:
    try:
        if path.stat().st_size > limit:
            raise LimitExceeded(f"{path.name} is larger than {limit >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise SourceFailed(f"{path.name} cannot be read: {error.strerror}") from error
