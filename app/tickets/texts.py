"""Texts on their way into tickets: clean, short enough, marked as ours, and as HTML where a system wants it."""

from __future__ import annotations

import html
import re
from urllib.parse import quote, unquote

_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_BREAKS = re.compile(r"<\s*(br|/p|/div|/li|/tr|/h[1-6])\b[^>]*>", re.IGNORECASE)
_TAGS = re.compile(r"<[^>]*>")


def clean(text: str) -> str:
    """Returns a text without signs that no text field holds (controls, half characters), its lines ended by \\n.

    >>> clean("a\\r\\nb\\x00\\tc")
    'a\\nb\\tc'
    """
    return _NEVER.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, longest: int) -> str:
    """Returns a text as a title: one line of single blanks, at most `longest` characters, the cut shown.

    >>> one_line("a  b\\n c", 80), one_line("abcdefgh", 5)
    ('a b c', 'abcd…')
    """
    line = " ".join(clean(text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def clipped(text: str, longest: int) -> str:
    """Returns a clean text of at most `longest` characters; what is cut off is said.

    >>> clipped("x" * 100, 60)
    'xxxxxxxxxxxxxxxxx\\n[cut here: 17 of 100 characters are shown]'
    """
    text = clean(text).strip()
    if len(text) <= longest:
        return text
    kept = longest - len(_cut(longest, len(text)))
    return text[:kept] + _cut(kept, len(text))


def _cut(kept: int, of: int) -> str:
    return f"\n[cut here: {kept} of {of} characters are shown]"


def marker(key: str) -> str:
    """Returns the line by which a text is known as the one of a key. It holds no sign that HTML or a search spells otherwise.

    >>> marker("bc-1"), marker("it's")
    ('[forestay:bc-1]', '[forestay:it%27s]')
    """
    return f"[forestay:{quote(key, safe='-_.:~')}]"


def marked(text: str, key: str, longest: int) -> str:
    """Returns a text with the marker of a key as its last line."""
    return f"{clipped(text, longest - len(marker(key)) - 2)}\n\n{marker(key)}"


def keys_in(text: str) -> list[str]:
    """Returns the keys whose markers stand on lines of their own.

    >>> keys_in("Down\\n\\n[forestay:bc-1]\\nsee [forestay:bc-2] there")
    ['bc-1']
    """
    return [unquote(one) for one in re.findall(r"^\[forestay:([^\]\s]+)\]$", text.replace("\r\n", "\n"), re.MULTILINE)]


def is_of(text: str, key: str) -> bool:
    """Returns whether a text is the comment of a key: its marker is the last line.

    >>> is_of("a\\n\\n[forestay:bc-1]", "bc-1"), is_of("a\\n\\n[forestay:bc-12]", "bc-1")
    (True, False)
    """
    return clean(text).rstrip().endswith("\n" + marker(key))


def alike(one: str, other: str) -> bool:
    """Returns whether two texts say the same, whatever a system does to blanks and ends of lines."""
    return " ".join(clean(one).split()) == " ".join(clean(other).split())


def as_html(text: str) -> str:
    """Returns a plain text as HTML that shows the same.

    >>> as_html("a < b\\n<b>")
    'a &lt; b<br>&lt;b&gt;'
    """
    return html.escape(clean(text)).replace("\n", "<br>")


def from_html(text: str) -> str:
    """Returns the plain text that HTML shows.

    >>> from_html("<p>a &lt; b<br />\\n<b>c</b></p>")
    'a < b\\nc'
    """
    lines = _BREAKS.sub("\n", re.sub(r"\s*\n\s*", " ", text))
    shown = html.unescape(_TAGS.sub("", lines)).replace("\xa0", " ")
    return "\n".join(line.strip(" ") for line in shown.split("\n")).strip()
