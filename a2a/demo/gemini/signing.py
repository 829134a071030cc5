"""Thought signatures: each fits the part it was issued for, or is the value that asks to skip the check.

A signature on a function call is bound to name and arguments: it comes back on that very call
(specs/gemini-cli.md 6.4, specs/conversion.md 7.3).
"""

from __future__ import annotations

import base64
import json
from typing import Any

from a2a.demo.gemini.proto import decode_bytes
from a2a.demo.signature import genuine, sign

SENTINEL = "skip_thought_signature_validator"
_CALL, _TEXT = "gemini-call", "gemini-text"


def for_call(name: str, args: Any) -> str:
    return sign(_CALL, _canonical(name, args))


def for_text(text: str) -> str:
    """`text`: the thoughts before it."""
    return sign(_TEXT, text)


def accepted(part: dict[str, Any]) -> bool:
    """Whether the signature of a part is one that may stand there."""
    given: str = part["thoughtSignature"]
    if given == SENTINEL:
        return True
    known = base64.b64encode(decode_bytes(given)).decode()
    if "functionCall" in part:
        call = part["functionCall"]
        return genuine(_CALL, known, _canonical(call["name"], call.get("args") or {}))
    return genuine(_TEXT, known, "")


def _canonical(name: str, args: Any) -> str:
    return f"{name}:{json.dumps(args, sort_keys=True)}"
