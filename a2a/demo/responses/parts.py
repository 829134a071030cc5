"""The content parts of the Responses endpoint: which role may send which, and what each must hold."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from a2a.demo.catalog import words
from a2a.demo.openai.errors import bad
from a2a.demo.openai.history import image_of

_INPUT = ("input_text", "input_image", "input_file")
OF_RESULTS = _INPUT
BY_ROLE = {
    "assistant": ("output_text", "refusal"),
    "system": _INPUT,
    "developer": _INPUT,
    "user": (*_INPUT, "input_audio"),
}

_FIELDS = {
    "input_text": words("type text prompt_cache_breakpoint"),
    "input_image": words("type image_url file_id detail prompt_cache_breakpoint"),
    "input_file": words("type file_data file_id file_url filename detail prompt_cache_breakpoint"),
    "output_text": words("type text annotations logprobs"),
    "refusal": words("type refusal"),
    "input_audio": words("type input_audio"),
}
_DETAILS = (None, "auto", "low", "high", "original")
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)


def check(content: Any, allowed: tuple[str, ...], at: str) -> None:
    """A list of parts, each of an allowed kind and well made. Raises Refusal."""
    if not isinstance(content, list):
        raise bad(f"Invalid type for '{at}': expected one of a string or array.", at, "invalid_type")
    for number, part in enumerate(content):
        where = f"{at}[{number}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in allowed:
            listed = ", ".join(f"'{one}'" for one in allowed)
            raise bad(f"Invalid value: '{kind}'. Supported values are: {listed}.", f"{where}.type", "invalid_value")
        if extra := set(part) - _FIELDS[kind]:
            raise bad(f"Unknown parameter: '{where}.{min(extra)}'.", f"{where}.{min(extra)}", "unknown_parameter")
        if kind in _CHECKS:
            _CHECKS[kind](part, where)


def file_bytes(part: dict[str, Any], at: str = "input_file") -> tuple[str, bytes]:
    """Media type and bytes of a file that travels inside the request."""
    data = part["file_data"]
    match = _DATA_URL.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        message = f"Invalid '{at}.file_data': expected a base64-encoded data URL with a MIME type."
        raise bad(message, f"{at}.file_data", "invalid_value")
    try:
        return match.group(1), base64.b64decode(match.group(2), validate=True)
    except binascii.Error as error:
        raise bad(f"Invalid '{at}.file_data': not valid base64.", f"{at}.file_data", "invalid_value") from error


def _check_text(part: dict[str, Any], at: str) -> None:
    key = "refusal" if part["type"] == "refusal" else "text"
    if not isinstance(part.get(key), str):
        raise bad(f"Missing required parameter: '{at}.{key}'.", f"{at}.{key}", "missing_required_parameter")


def _check_image(part: dict[str, Any], at: str) -> None:
    if part.get("detail") not in _DETAILS:
        raise bad(f"Invalid value: '{part['detail']}'.", f"{at}.detail", "invalid_value")
    url = part.get("image_url")
    if isinstance(url, dict):
        message = f"Invalid type for '{at}.image_url': expected an image URL, but got an object instead."
        raise bad(message, f"{at}.image_url", "invalid_type")
    if not isinstance(url, str) and not part.get("file_id"):
        raise bad(f"Missing required parameter: '{at}.image_url'.", f"{at}.image_url", "missing_required_parameter")
    if isinstance(url, str) and not url.startswith(("http://", "https://")):
        image_of(url, at)


def _check_file(part: dict[str, Any], at: str) -> None:
    if not any(part.get(key) for key in ("file_id", "file_url", "file_data")):
        raise bad(f"Missing required parameter: '{at}.file_data'.", f"{at}.file_data", "missing_required_parameter")
    if part.get("file_data"):
        if not isinstance(part.get("filename"), str):
            raise bad(f"Missing required parameter: '{at}.filename'.", f"{at}.filename", "missing_required_parameter")
        file_bytes(part, at)


_CHECKS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "input_text": _check_text,
    "output_text": _check_text,
    "refusal": _check_text,
    "input_image": _check_image,
    "input_file": _check_file,
}
