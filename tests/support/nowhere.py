"""Upstreams that are not there: for commands that would ask the real ones, in processes that no guard reaches."""

from __future__ import annotations

URL = "http://127.0.0.1:9"
"""The discard port: nobody listens."""

VARIABLES = {
    f"A2A_{name}": URL
    for name in (
        *("KIRO_BASE_URL", "KIRO_MANAGEMENT_URL", "KIRO_LEGACY_URL", "KIRO_AUTH_URL", "KIRO_OIDC_URL"),
        *("KIRO_PORTAL_URL", "QWEN_AUTH_URL", "QWEN_BASE_URL"),
        *("GEMINI_BASE_URL", "GEMINI_AUTH_URL", "GEMINI_TOKEN_URL", "GEMINI_USERINFO_URL"),
    )
}
