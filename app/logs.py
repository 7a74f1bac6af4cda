"""How the service logs: one line for each event on standard error, times in UTC; an error with its traceback but without any
value, and no secret anywhere."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog

from app.domain.concealed import concealed


def log_plainly() -> None:
    """Sets logging up for this process. A traceback names files, lines and the error, never local variables, which hold settings,
    headers and bodies."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
            _without_secrets,
        ],
        logger_factory=_on_standard_error,
        cache_logger_on_first_use=False,
    )
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings repeat whole addresses
    sys.excepthook = _last_words


def _on_standard_error(*_: object) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)


def _without_secrets(logger: Any, method: str, line: Any) -> str:
    """The last step: returns the line as it will be written."""
    return concealed(line)


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Logs an error that ends the process, in the same form as any other."""
    sys.stderr.write(concealed("".join(traceback.format_exception(kind, error, trace))))
