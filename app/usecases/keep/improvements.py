"""Improvements and accepted risks that are kept."""

from __future__ import annotations

from app.domain.improvements import Acceptance, Improvement
from app.ports.records import Records

IMPROVEMENTS = Records("improvement", Improvement)
ACCEPTANCES = Records("acceptance", Acceptance)
