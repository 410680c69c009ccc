"""Logs by structlog: one JSON object a line in production, readable and coloured in development.

A record never holds a token, a password, an SDP or a candidate: callers log ids and codes, and `redact` takes the
values of tell-tale keys and query strings out of whatever comes by all the same.
"""

import logging
import logging.handlers
import re
import sys
from pathlib import Path
from typing import Any, TextIO

import structlog

SECRET_KEYS = frozenset({"token", "password", "secret", "authorization", "sdp", "candidate", "credential"})
_QUERY_TOKEN = re.compile(r"(?i)\b(token|password|secret)=[^&\s\"']+")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")

Logger = structlog.stdlib.BoundLogger


def get_logger() -> Logger:
    logger: Logger = structlog.stdlib.get_logger("trio_signal")
    return logger


def bind_node(node_id: str) -> None:
    """Put `nodeId` on every record of this task and those it will start."""
    structlog.contextvars.bind_contextvars(nodeId=node_id)


def redact(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Take secrets out of a log record."""
    for key, value in event.items():
        if key.lower() in SECRET_KEYS:
            event[key] = "[redacted]"
        elif isinstance(value, str):
            event[key] = redact_text(value)
    return event


def redact_text(text: str) -> str:
    """The text without the values of `token=…` and without anything that looks like a JWT."""
    return _JWT.sub("[redacted]", _QUERY_TOKEN.sub(r"\1=[redacted]", text))


def configure_logging(level: str, *, json_lines: bool, log_dir: Path | None, stream: TextIO | None = None) -> None:
    """Send our records and those of the standard library's loggers to `stream` and, with `log_dir`, to files.

    Raises OSError if the folder or a file cannot be written.
    """
    stream = stream or sys.stderr
    steps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    as_json = _formatter(steps, structlog.processors.JSONRenderer())
    on_stream = as_json if json_lines else _formatter(steps, _console(stream))
    handlers: list[tuple[logging.Handler, logging.Formatter]] = [(logging.StreamHandler(stream), on_stream)]
    handlers += [(handler, as_json) for handler in _files(log_dir)]
    root = logging.getLogger()
    root.handlers = []
    root.setLevel("WARNING")
    logging.getLogger("trio_signal").setLevel(level.upper())
    for handler, formatter in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *steps,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _files(log_dir: Path | None) -> list[logging.Handler]:
    if log_dir is None:
        return []
    log_dir.mkdir(parents=True, exist_ok=True)
    combined = logging.handlers.WatchedFileHandler(log_dir / "combined.log")
    errors = logging.handlers.WatchedFileHandler(log_dir / "error.log")
    errors.setLevel(logging.ERROR)
    return [combined, errors]


def _console(stream: TextIO) -> Any:
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _formatter(steps: list[Any], renderer: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=steps,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
