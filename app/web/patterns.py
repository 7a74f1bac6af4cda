"""What every template has at hand, by name: docs/house.md, "How a page is made"."""

from __future__ import annotations

from jinja2 import Environment

from app.domain.sentences import gap_in_short, number
from app.web import addresses, charts, glossary, mending, navigation, past, tables, times
from app.web.directions import apart, plain
from app.web.nearest_names import nearest_names


def prepare(environment: Environment) -> None:
    environment.finalize = apart
    environment.filters |= {
        "plain": plain,
        "at": times.at,
        "ago": times.ago,
        "cell": tables.cell,
        "abbreviated": glossary.abbreviated,
        "axis": axis,
        "number": number,
    }
    environment.globals |= {
        "link": addresses.link,
        "here": addresses.here,
        "head": tables.Head,
        "term": glossary.term,
        "bar": charts.Bar,
        "mark": charts.Mark,
        "drawn_bars": charts.drawn_bars,
        "drawn_curve": charts.drawn_curve,
        "navigation": navigation.entries,
        "past_on_show": past.past_on_show,
        "nearest_names": nearest_names,
        "may_see": navigation.may_see,
        "gap_in_short": gap_in_short,
        "mended_at": mending.mended_at,
        "examples_of": mending.examples_of,
    }


def axis(value: float) -> str:
    """Returns a number for the axis of a chart.

    >>> axis(0.0), axis(2.5), axis(2_000_000.0)
    ('0', '2.5', '2.0 million')
    """
    return f"{value:g}" if value < 10_000 else number(value)
