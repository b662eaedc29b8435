"""Structured logs: fixed event names and identifiers, never what a person wrote.

A redaction step is the safety net behind that rule.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from bot.redact import mask_personal

_NEVER = frozenset({"text", "body", "query", "query_string", "authorization", "cookie", "password"})


def _redact(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key in _NEVER:
            event[key] = "〔略〕"
        elif isinstance(value, str):
            event[key] = mask_personal(value)
    return event


def configure(level: str, *, json: bool) -> None:
    """Set up logging for the process; libraries' records take the same way out."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    # A library may lower its own level; what leaves is decided here.
    handler.setLevel(level.upper())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Access lines carry addresses and query strings; rasa_sdk and httpx name every call.
    noisy_names = (
        "uvicorn",
        "uvicorn.error",
        "httpx",
        "httpx2",
        "httpcore2",
        "rasa_sdk",
        "jieba",
        "alembic",
    )
    for noisy in noisy_names:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True
