"""The short text form of a scenario, and the document that it stands for.

    scenario  = step (";" step)*
    step      = "t=" hours act selector+ option*
    act       = "fail" | "degrade" | "restore" | "block" | "add" | "remove"
    selector  = kind ":" name         name in double quotes where it has a blank or one of ; : "
    option    = "for" hours           how long (fail, degrade)
              | "until" "restored"    until a step restores it (fail; degrade without "for" means the same)
              | "to" share            what is left, 50% or 0.5 (degrade)
              | "to" | "from" name    the redundancy group (add, remove)
    hours     = number ["h" | "m" | "min" | "d"]

A CI that fails without an option is back as the recovery model says.
"""

from __future__ import annotations

import re
from typing import Any

from app.domain.errors import InvalidInput

ACTS = ("fail", "degrade", "restore", "block", "add", "remove")
SELECTORS = ("ci", "alias", "class", "site", "rack", "team", "supplier", "tag", "environment", "hangs_on")
UNITS = {"": 1.0, "h": 1.0, "m": 1 / 60, "min": 1 / 60, "d": 24.0}

_WORD = re.compile(r'\s*(;|(?:[^\s;"]|"(?:[^"\\]|\\.)*")+)')
_HOURS = re.compile(r"(\d+(?:\.\d+)?)(h|min|m|d)?")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)(%?)")


class _Words:
    """The words of a text, each with its place in it."""

    def __init__(self, text: str) -> None:
        self.words: list[tuple[str, int]] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            found = _WORD.match(text, at)
            if not found:
                raise InvalidInput(f"scenario, character {at + 1}: a quote that is not closed", field="text")
            self.words.append((found[1], found.start(1)))
            at = found.end()
        self.next = 0
        self.length = len(text)

    def peek(self) -> str:
        return self.words[self.next][0] if self.next < len(self.words) else ""

    def take(self, wanted: str) -> str:
        if self.peek() in ("", ";"):
            raise self.wrong(f"{wanted} is missing")
        self.next += 1
        return self.words[self.next - 1][0]

    def wrong(self, reason: str, back: int = 0) -> InvalidInput:
        """The error about the next word, or the one `back` before it."""
        at = self.next - back
        place = self.words[at][1] if at < len(self.words) else self.length
        word = f" {self.words[at][0]!r}" if at < len(self.words) else ""
        return InvalidInput(f"scenario, character {place + 1}{word}: {reason}", field="text")


def parse_scenario(text: str) -> dict[str, Any]:
    """The document that a text stands for; InvalidInput names the character and what was expected there.

    >>> parse_scenario('t=0 fail site:zurich for 4h; t=90m restore ci:"db 1"')["steps"][1]
    {'at_hours': 1.5, 'do': 'restore', 'select': [{'ci': 'db 1'}]}
    """
    words, steps = _Words(text), []
    while True:
        steps.append(_step(words))
        if not words.peek():
            return {"steps": steps}
        words.next += 1  # the semicolon
        if not words.peek():
            return {"steps": steps}


def _step(words: _Words) -> dict[str, Any]:
    start = words.take("a step such as `t=0 fail site:zurich`")
    if not start.startswith("t="):
        raise words.wrong("a step begins with its time: t=0, t=90m, t=2h or t=1d", back=1)
    step: dict[str, Any] = {"at_hours": _hours(words, start[2:]), "do": words.take(f"what happens: {', '.join(ACTS)}")}
    if step["do"] not in ACTS:
        raise words.wrong(f"what happens is one of {', '.join(ACTS)}", back=1)
    step["select"] = []
    while ":" in _unquoted(words.peek()):
        step["select"].append(_selector(words, words.take("a selector")))
    if not step["select"]:
        raise words.wrong("a selector such as site:zurich is missing here")
    while words.peek() not in ("", ";"):
        _option(words, step)
    if step["do"] in ("add", "remove") and "group" not in step:
        raise words.wrong(f"`{step['do']}` needs {'to' if step['do'] == 'add' else 'from'} and the key of a redundancy group")
    if step["do"] == "degrade" and "share" not in step:
        raise words.wrong("`degrade` needs what is left: to 50%")
    return step


def _option(words: _Words, step: dict[str, Any]) -> None:
    word, do = words.take("an option"), step["do"]
    if word == "for" and do in ("fail", "degrade"):
        step["hours"] = _hours(words, words.take("how long: 4h"))
    elif word == "until" and do == "fail":
        if words.take("`restored`") != "restored":
            raise words.wrong("`until restored`", back=1)
        step["back"] = "restored"
    elif word == "to" and do == "degrade":
        found = _SHARE.fullmatch(words.take("a share: 50% or 0.5"))
        if not found:
            raise words.wrong("a share: 50% or 0.5", back=1)
        step["share"] = float(found[1]) / (100.0 if found[2] else 1.0)
    elif (word, do) in (("to", "add"), ("from", "remove")):
        step["group"] = _name(words.take("the key of a redundancy group"))
    else:
        raise words.wrong(f"no option of `{do}`, and no selector (kind:name)", back=1)


def _unquoted(word: str) -> str:
    return word.partition('"')[0]


def _selector(words: _Words, word: str) -> dict[str, str]:
    kind, _, name = word.partition(":")
    kind = kind.replace("-", "_")
    if kind not in SELECTORS:
        raise words.wrong(f"a selector is one of {', '.join(SELECTORS)}, then a colon and a name", back=1)
    if not _name(name):
        raise words.wrong("a name is missing behind the colon", back=1)
    return {kind: _name(name)}


def _name(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if len(word) > 1 and word[0] == word[-1] == '"' else word


def _hours(words: _Words, text: str) -> float:
    found = _HOURS.fullmatch(text)
    if not found:
        raise words.wrong("hours such as 2, 2h, 90m or 1d", back=1)
    return float(found[1]) * UNITS[found[2] or ""]
