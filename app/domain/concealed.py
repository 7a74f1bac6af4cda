"""Secrets that this process holds, so that no sentence it writes ever shows one: not a log line, not an error, not a job's row.

Whoever reads a secret passes it to `conceal`, and whatever is written goes through `concealed`. A server that repeats a password
in its error message, or a driver that names it in its own, then gives nothing away.
"""

from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

MASK = "********"
SHORTEST = 6  # characters; what is shorter stands in ordinary words too

_held: dict[str, tuple[str, ...]] = {}


def conceal(secret: str) -> str:
    """Remembers a secret, in every form in which it may be repeated, and returns it."""
    if len(secret) >= SHORTEST and secret not in _held:
        _held[secret] = tuple(sorted(forms(secret), key=len, reverse=True))
    return secret


def forms(secret: str) -> set[str]:
    """Returns a secret in the forms in which it may stand in a text: plain, in an address, in JSON or Python's own spelling, in
    base64 wherever it begins.

    >>> "cGFzc3dvcm" in forms("password"), "p%40ss" in forms("p@ss")
    (True, True)
    """
    raw = secret.encode()
    spelled = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        repr(secret)[1:-1],
        secret.replace('"', '\\"'),
        raw.hex(),
    }
    for before in range(3):
        text = base64.b64encode(b"\x00" * before + raw).decode()
        sure = text[-(-before * 4 // 3) : (before + len(raw)) * 4 // 3]  # signs that nothing before or behind changes
        spelled |= {sure, sure.replace("+", "-").replace("/", "_"), quote(sure, safe="")}
    return {form for form in spelled if len(form) >= SHORTEST}


def concealed(text: str) -> str:
    """Returns the text with every secret masked."""
    for every in _held.values():
        for form in every:
            if form in text:
                text = text.replace(form, MASK)
    return text
