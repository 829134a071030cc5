"""The HTTP library's own log: bytes that are no HTTP are the sender's doing and get one line, not a traceback."""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError

HTTP_LOG = logging.getLogger(__name__)


class _OneLine(logging.Filter):
    """Port scanners, TLS on a plain port, wrong lengths: worth a line for who looks for it."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return True
        record.exc_info = None
        record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
        record.msg, record.args = "no_http said=%r", (error.message[:200],)
        return HTTP_LOG.isEnabledFor(logging.INFO)


HTTP_LOG.addFilter(_OneLine())
