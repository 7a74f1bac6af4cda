"""The frames that a web process and a process that answers for it exchange over two pipes: a header (JSON) and a body."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

_SIZES = struct.Struct("!IQ")


def write_frame(pipe: IO[bytes], header: Mapping[str, Any], body: bytes) -> None:
    """Writes one frame and sends it off."""
    head = json.dumps(header).encode()
    pipe.write(_SIZES.pack(len(head), len(body)) + head)
    pipe.write(body)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Returns the next frame; None where the other side has ended, even in the middle of one."""
    sizes = pipe.read(_SIZES.size)
    if len(sizes) < _SIZES.size:
        return None
    head_size, body_size = _SIZES.unpack(sizes)
    head, body = pipe.read(head_size), pipe.read(body_size)
    return (json.loads(head), body) if len(head) == head_size and len(body) == body_size else None
