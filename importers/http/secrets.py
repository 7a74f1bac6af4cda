"""Secrets of sources: named in the settings, held by an environment variable NAME or by the file that NAME_FILE names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.concealed import conceal
from app.domain.errors import InvalidInput


def secret(kind: str, settings: Mapping[str, Any], setting: str, default: str = "") -> str:
    """Returns the secret whose variable the setting (or `default`) names; InvalidInput names the variable, never what it
    holds."""
    name = str(settings.get(setting) or default)
    if not name:
        raise InvalidInput(f"{kind}: {setting} names no variable", field=setting)
    value = _held(kind, name, setting)
    if not value:
        raise InvalidInput(f"{kind}: the variable {name} (or {name}_FILE) holds no secret", field=setting)
    if not value.isprintable():
        raise InvalidInput(f"{kind}: the secret in {name} holds a line break or a control character", field=setting)
    return conceal(value)


def _held(kind: str, name: str, setting: str) -> str:
    if os.environ.get(name):
        return os.environ[name].strip()
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return ""
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(f"{kind}: the file that {name}_FILE names cannot be read", field=setting) from None
