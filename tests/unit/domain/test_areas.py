from __future__ import annotations

from app.domain.areas import AREA_COLUMNS, AREA_KINDS
from app.domain.nouns import CI


def test_every_kind_but_single_things_is_a_column_of_the_cis() -> None:
    assert set(AREA_KINDS) == {"ci", "service", *AREA_COLUMNS}
    assert set(AREA_COLUMNS.values()) <= set(CI.names())
