"""How true the model proved to be, kept for each version of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.domain.honesty import ModelHonesty, VersionFigures
from app.domain.proposals import ProposalRun
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.answers.replay import replay
from app.usecases.stamps import MODEL_VERSION
from app.usecases.tools import Tools

FIGURES = Records("model_figures", VersionFigures)
LEVEL = 0.9


def keep_figures(tools: Tools, run: ProposalRun) -> VersionFigures:
    """Replays the incidents on record at the revision of a look, and keeps what came of it as the last of this version."""
    told = replay(tools, 1, revision=run.revision)
    precision, recall = _range(told.right, told.predicted), _range(told.right, told.recorded)
    figures = VersionFigures(
        MODEL_VERSION, run.revision, run.at, told.episodes, told.predicted, told.recorded, told.right, *precision, *recall,
        run.failures, run.unexplained,
    )  # fmt: skip
    FIGURES.put(tools.documents, MODEL_VERSION, figures)
    return figures


def _range(right: int, of: int) -> tuple[Any, Any, Any]:
    from app.risk.sampling.intervals import wilson

    if not of:
        return None, None, None
    told = wilson(np.asarray(right), np.asarray(of), LEVEL)
    return right / of, float(told.low), float(told.high)


def model_honesty(documents: Documents) -> ModelHonesty:
    """Returns the last figures of each version, the newest first."""
    return ModelHonesty(sorted((kept.value for kept in FIGURES.every(documents)), key=lambda one: one.at, reverse=True))
