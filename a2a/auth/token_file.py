"""Credential files of other programs: JSON, or base64 of JSON. Messages name files and fields, never values."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from a2a.errors import UsageError
from a2a.secret import Secret

_MAX_BYTES = 1024 * 1024
_LAST_MS = 253_402_300_000_000
"""The end of the year 9999, after which there are no dates."""
_FRACTION = re.compile(r"\.(\d+)")


def read_text(path: Path, what: str, otherwise: str) -> str:
    """The file's text. `what` it should be and what to do `otherwise`: for the message. Raises UsageError."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path} is no {what}: it is too large")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", hint=f"{otherwise}, or name another file") from None
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"cannot read {path}: {getattr(exc, 'strerror', None) or 'not UTF-8 text'}") from exc


def object_in(text: str, source: str) -> dict[str, Any]:
    """The JSON object that the text is, or is the base64 of. Raises UsageError naming the `source`."""
    stripped = text.removeprefix("\ufeff").strip()
    return object_of(stripped if stripped.startswith("{") else _from_base64(stripped, source), source)


def object_of(text: str, source: str) -> dict[str, Any]:
    """The JSON object. Raises UsageError."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # `from None`: the decoder's error holds the whole text.
        raise UsageError(f"{source} is not JSON") from None
    if not isinstance(value, dict):
        raise UsageError(f"{source} holds no JSON object")
    return value


def _from_base64(text: str, source: str) -> str:
    compact = "".join(text.split())
    try:
        standard = compact.replace("-", "+").replace("_", "/")
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode("utf-8-sig")
    except ValueError:  # no base64, no ASCII, no UTF-8
        raise UsageError(f"{source} is neither JSON nor base64 of JSON", hint="base64 -w0 FILE makes it") from None


def text_at(data: dict[str, Any], key: str) -> str:
    """The string under the key, "" for anything else."""
    value = data.get(key)
    return value.strip() if isinstance(value, str) else ""


def fingerprint(secret: Secret) -> str:
    """SHA-256 of a token, hex: names the source it came from (contract 3)."""
    return hashlib.sha256(secret.reveal().encode()).hexdigest()


def parse_time(value: Any) -> float:
    """Unix seconds of an ISO date in any writer's spelling, or of a number (ms above 10^11); 0.0 = expired.

    A number that is no date, such as one of microseconds, counts as expired too.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value < _LAST_MS:  # inf and NaN are not either
            return 0.0
        return value / 1000 if value > 1e11 else float(value)
    if not isinstance(value, str):
        return 0.0
    text = _FRACTION.sub(lambda m: "." + m.group(1)[:6].ljust(6, "0"), value.strip())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
