"""Which codec speaks which protocol, by face."""

from __future__ import annotations

from a2a.protocols import chat, claude, gemini, kiro, responses
from a2a.protocols.base import Dialect, Front, Upstream
from a2a.protocols.chat import dashscope
from a2a.protocols.chat import edit as chat_edit
from a2a.protocols.chat import tap as chat_tap
from a2a.protocols.claude import edit as claude_edit
from a2a.protocols.claude import tap as claude_tap
from a2a.protocols.editing import Editor
from a2a.protocols.gemini import codeassist
from a2a.protocols.gemini import edit as gemini_edit
from a2a.protocols.gemini import tap as gemini_tap
from a2a.protocols.responses import edit as responses_edit
from a2a.protocols.responses import tap as responses_tap
from a2a.protocols.tap import Reader

FRONTS: dict[str, Front] = {
    "chat": chat.front,
    "responses": responses.front,
    "claude": claude.front,
    "gemini": gemini.front,
}
UPSTREAMS: dict[str, Upstream] = {
    "chat": chat.upstream,
    "responses": responses.upstream,
    "claude": claude.upstream,
    "gemini": gemini.upstream,
    "kiro": kiro.upstream,
    "codeassist": codeassist.upstream,
    "dashscope": dashscope.upstream,
}
"""By protocol, then by the name of an envelope or a dialect."""
DIALECTS: dict[str, Dialect] = {"dashscope": dashscope.dialect}
"""Those that still allow the byte path."""
READERS: dict[str, Reader] = {
    "chat": chat_tap.reader,
    "responses": responses_tap.reader,
    "claude": claude_tap.reader,
    "gemini": gemini_tap.reader,
}
"""Protocols that can pass through byte by byte."""
EDITORS: dict[str, Editor] = {
    "chat": chat_edit.editor,
    "responses": responses_edit.editor,
    "claude": claude_edit.editor,
    "gemini": gemini_edit.editor,
}
"""How a body is edited that passes byte by byte."""
