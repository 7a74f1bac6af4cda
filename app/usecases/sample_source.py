"""A first look at a source: whether it can be read, and its first CIs as they would be imported. Nothing is written."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.ci_classes import OTHER
from app.domain.records import CiRecord, RejectedRecord
from app.usecases.keep.sources import RegisteredSource
from app.usecases.tools import Tools

FIRST = 10


@dataclass(frozen=True, slots=True)
class SourceSample:
    """`findings`: what the source says of itself; `cis`: its first CIs by the mapping; `refused` and `ignored`: rows before or
    among them that carry none; `unknown_classes`: words of the source that no mapping knows, among these CIs."""

    findings: Sequence[str]
    cis: Sequence[CiRecord]
    refused: Sequence[RejectedRecord]
    ignored: Mapping[str, int]
    unknown_classes: Sequence[str]


def sample_source(tools: Tools, source: RegisteredSource, first: int = FIRST) -> SourceSample:
    """Checks a source, registered or not, and reads it until the first CIs are there."""
    opened = tools.open_source(source)
    findings = opened.check()
    cis: list[CiRecord] = []
    refused: list[RejectedRecord] = []
    ignored: Counter[str] = Counter()
    tools.staging_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sample-", dir=tools.staging_folder) as folder:
        blocks = opened.read(Path(folder)).cis()
        for block in blocks:
            cis += block.records
            refused += [*block.left_out.rejected, *block.left_out.lost_cells]
            ignored.update(block.left_out.ignored)
            if len(cis) >= first:
                break
    shown = cis[:first]
    unknown = sorted({record.raw_class for record in shown if record.ci_class == OTHER and record.raw_class})
    return SourceSample(findings, shown, refused[:first], ignored, unknown)
