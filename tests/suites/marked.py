"""A pytest plugin: which file has tests of which mark, one `mark<tab>file` a line."""

from __future__ import annotations

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    found = {
        f"{mark.name}\t{item.path.relative_to(session.config.rootpath).as_posix()}"
        for item in session.items
        for mark in item.iter_markers()
    }
    print(*sorted(found), sep="\n")
