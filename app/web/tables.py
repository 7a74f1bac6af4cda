"""The heads of a table: each says its label once, for the column, the card of a narrow screen, and the link that sorts."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from app.domain.texts import shown
from app.web.addresses import here


@dataclass(frozen=True, slots=True)
class Head:
    """`n`: a column of numbers, to the right. `sort`: the name by which its rows can be sorted; "": they cannot."""

    label: str
    unit: str = ""
    n: bool = False
    sort: str = ""

    def href(self, sorted_by: str) -> str:
        """Returns the address of the page sorted by this column, the other way round where it is already."""
        return here(sort=f"-{self.sort}" if sorted_by == self.sort else self.sort)

    def order(self, sorted_by: str) -> str:
        """Returns how the rows stand by this column: numbers begin with the largest, texts with A; "": by another.

        >>> Head("Name", sort="name").order("name"), Head("Money", n=True, sort="money").order("money"), Head("X").order("name")
        ('ascending', 'descending', '')
        """
        if not self.sort or sorted_by.removeprefix("-") != self.sort:
            return ""
        return "descending" if self.n != sorted_by.startswith("-") else "ascending"


def cell(head: Head) -> Markup:
    """Returns the attributes of a cell: a narrow screen shows the label beside it.

    >>> cell(Head("Money", "EUR a year", n=True))
    Markup(' class="n" data-label="Money, EUR a year"')
    """
    label = f"{head.label}, {head.unit}" if head.unit else head.label
    return Markup("{}{}").format(Markup(' class="n"') if head.n else "", Markup(' data-label="{}"').format(shown(label)))
