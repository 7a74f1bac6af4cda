"""One page ahead: while a page is worked on, the next one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()


def ahead(pages: Iterator[T]) -> Iterator[T]:
    """The same pages, made in a thread of their own, never more than one that nobody took yet; what making them raises is raised here.

    >>> list(ahead(iter([1, 2, 3])))
    [1, 2, 3]
    """
    with ThreadPoolExecutor(1, "ahead") as pool:
        coming = pool.submit(next, pages, _END)
        while (page := coming.result()) is not _END:
            coming = pool.submit(next, pages, _END)
            yield page
