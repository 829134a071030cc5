"""Fields of `POST /v1/messages` (anthropic `MessageCreateParams`, the beta's included)."""

from __future__ import annotations

from typing import Any

from conversion_fields.model import CLOSED, OTHER_SCHEMA, PDF, PNG, SCHEMA, TO_KIRO, Field, Group

_ASKED = {"role": "user", "content": "zq-question"}
_SAID = {"role": "assistant", "content": "zq-said"}
_BODY = {"model": "zq-model", "max_tokens": 2000, "messages": [_ASKED]}
_TOOL = {"name": "zq_look", "description": "zq-looks", "input_schema": SCHEMA}
_OTHER = {"name": "zq_other", "input_schema": SCHEMA}
_TOOLS = {**_BODY, "tools": [_TOOL, _OTHER]}
_USE = {"type": "tool_use", "id": "toolu_zq", "name": "zq_look", "input": {"zq_city": "zq-town"}}
_RESULT = {"type": "tool_result", "tool_use_id": "toolu_zq", "content": [{"type": "text", "text": "zq-sunny"}]}
_CALLED = {
    **_BODY,
    "tools": [_TOOL],
    "messages": [_ASKED, {"role": "assistant", "content": [_USE]}, {"role": "user", "content": [_RESULT]}],
}
_TEXT = {"type": "text", "text": "zq-question"}
_PARTS = {**_BODY, "messages": [{"role": "user", "content": [_TEXT]}]}
_TURN = {**_BODY, "messages": [_ASKED, {"role": "assistant", "content": [{"type": "text", "text": "zq-said"}]}, _ASKED]}
_THINKING = {**_BODY, "max_tokens": 8000, "thinking": {"type": "enabled", "budget_tokens": 2345}}
_CACHE = {"type": "ephemeral"}
_IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
_DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
_LOADED = "all tools are loaded at once"
_SEARCH = {
    "type": "search_result",
    "source": "https://zq.example",
    "title": "zq-title",
    "content": [{"type": "text", "text": "zq-found"}],
}


def _with(block: dict[str, Any]) -> dict[str, Any]:
    return {**_BODY, "messages": [{"role": "user", "content": [_TEXT, block]}]}


def _asked(kind: str, **more: Any) -> Field:
    """A block of the user's that only this protocol knows."""
    return Field(kind, {"type": kind, **more}, "messages.0.content.1", also={"messages.0.content": [_TEXT]})


def _answered(kind: str, **more: Any) -> Field:
    """A block of the model's that only this protocol knows."""
    also = {"messages.1": {"role": "assistant", "content": [{"type": "text", "text": "zq-said"}]}, "messages.2": _ASKED}
    return Field(kind, {"type": kind, **more}, "messages.1.content.1", also=also)


def _hosted(kind: str, name: str | None = None, **more: Any) -> Field:
    return Field(f"tools[{kind}]", {"type": kind, **({"name": name} if name else {}), **more}, "tools.2")


GROUPS: tuple[Group, ...] = (
    Group(
        "Request",
        (
            Field("model", "zq-other", says={"*": "the route decides", "claude": "the route decides"}),
            Field("messages", [{"role": "user", "content": "zq-words"}]),
            Field("system", "zq-rules"),
            Field("max_tokens", 2345),
            Field("stream", True, says={"kiro": "this upstream always streams", "gemini": "the URL says so"}),
            Field("container", "zq-container"),
            Field("mcp_servers", [{"type": "url", "name": "zq-server", "url": "https://zq.example"}]),
            Field("context_management", {"edits": [{"type": "clear_tool_uses_20250919"}]}),
            Field("compaction", {"zq": "zq-compact"}),
            Field("inference_geo", "zq-geo"),
            Field("speed", "fast"),
            Field("diagnostics", {"zq": "zq-diagnostics"}),
            Field("fallbacks", [{"model": "zq-fallback"}]),
            Field("fallback_credit_token", "zq-credit"),
            Field("billing_policy", "zq-billing"),
            Field("thread", {"id": "zq-thread"}),
            Field("user_profile_id", "zq-profile"),
            Field("workspace_id", "zq-workspace"),
        ),
        _BODY,
    ),
    Group(
        "Request",
        (Field("anthropic-beta", "zq-beta-2026-01-01", says={"claude": "a header: forwarded as it is"}),),
        _BODY,
        header=True,
    ),
    Group(
        "Sampling",
        (
            Field("temperature", 0.25),
            Field("top_p", 0.125),
            Field("top_k", 17),
            Field("stop_sequences", ["zq-stop"]),
        ),
        _BODY,
    ),
    Group(
        "Reasoning and format",
        (
            Field(
                "thinking: enabled", {"type": "enabled", "budget_tokens": 2345}, "thinking", also={"max_tokens": 8000}
            ),
            Field("thinking: adaptive", {"type": "adaptive"}, "thinking", says={"chat": "the model decides"}),
            Field("thinking: disabled", {"type": "disabled"}, "thinking"),
            Field("output_config.effort", "high"),
            Field("output_config.format", {"type": "json_schema", "schema": CLOSED}),
            Field("output_format", {"type": "json_schema", "schema": CLOSED}),
            Field("output_config.task_budget", {"type": "tokens", "total": 4711}),
        ),
        _BODY,
    ),
    Group(
        "Reasoning and format",
        (
            Field("thinking.budget_tokens", 20000, also={"max_tokens": 30000}),
            Field(
                "thinking.display: summarized", "summarized", "thinking.display", says={"*": "a2a shows or hides it"}
            ),
            Field("thinking.display: omitted", "omitted", "thinking.display", says={"*": "a2a shows or hides it"}),
        ),
        _THINKING,
    ),
    Group(
        "Books and caching",
        (
            Field("metadata.user_id", "zq-user"),
            Field("service_tier", "standard_only"),
            Field("cache_control", _CACHE),
        ),
        _BODY,
    ),
    Group("Tools", (Field("tools", [_TOOL]),), _BODY),
    Group(
        "Tools",
        (
            Field("tools[].name", "zq_renamed", "tools.0.name"),
            Field("tools[].description", "zq-told", "tools.0.description"),
            Field("tools[].input_schema", OTHER_SCHEMA, "tools.0.input_schema"),
            Field("tools[].strict", True, "tools.0.strict", also={"tools.0.input_schema": CLOSED}),
            Field("tools[].cache_control", _CACHE, "tools.0.cache_control"),
            Field("tools[].defer_loading", True, "tools.0.defer_loading"),
            Field("tools[].allowed_callers", ["zq-caller"], "tools.0.allowed_callers"),
            Field("tools[].eager_input_streaming", True, "tools.0.eager_input_streaming"),
            Field("tools[].input_examples", [{"zq_city": "zq-example"}], "tools.0.input_examples"),
            _hosted("bash_20250124", "bash"),
            _hosted("code_execution_20260521", "code_execution"),
            _hosted("computer_20251124", "computer", display_height_px=1, display_width_px=1),
            _hosted("computer_toolset_20260801"),
            _hosted("browser_toolset_20260801"),
            _hosted("memory_20250818", "memory"),
            _hosted("text_editor_20250728", "str_replace_based_edit_tool"),
            _hosted("web_search_20260318", "web_search", max_uses=3),
            _hosted("web_fetch_20260318", "web_fetch"),
            _hosted("tool_search_tool_bm25_20251119", "tool_search_tool_bm25"),
            _hosted("tool_search_tool_regex_20251119", "tool_search_tool_regex"),
            _hosted("advisor_20260301", "advisor", model="zq-advisor"),
            _hosted("mcp_toolset", mcp_server_name="zq-server"),
            Field("tool_choice: auto", {"type": "auto"}, "tool_choice", says={"kiro": TO_KIRO}),
            Field("tool_choice: none", {"type": "none"}, "tool_choice"),
            Field("tool_choice: any", {"type": "any"}, "tool_choice"),
            Field("tool_choice: tool", {"type": "tool", "name": "zq_look"}, "tool_choice"),
            Field(
                "tool_choice.disable_parallel_tool_use",
                True,
                also={"tool_choice": {"type": "auto"}},
            ),
        ),
        _TOOLS,
    ),
    Group(
        "Messages",
        (
            Field("user.content", "zq-words", "messages.0.content"),
            Field("assistant.content", _SAID, "messages.+1", also={"messages.1": _ASKED}),
            Field("assistant.content last (prefill)", {"role": "assistant", "content": "zq-begun"}, "messages.1"),
            Field("system.content", {"role": "system", "content": "zq-rules"}, "messages.1"),
            Field(
                "system.clear_at",
                "zq-clear",
                "messages.1.clear_at",
                also={"messages.1": {"role": "system", "content": "zq-rules"}},
            ),
            Field(
                "system.output_config",
                {"effort": "low"},
                "messages.1.output_config",
                also={"messages.1": {"role": "system", "content": "zq-rules"}},
            ),
        ),
        _BODY,
    ),
    Group(
        "Text, images, documents",
        (
            Field("text.text", "zq-part", "messages.0.content.0.text"),
            Field("text.cache_control", _CACHE, "messages.0.content.0.cache_control"),
            Field("text.cache_control.ttl", {**_CACHE, "ttl": "1h"}, "messages.0.content.0.cache_control"),
            Field(
                "system[].cache_control",
                _CACHE,
                "system.0.cache_control",
                also={"system": [{"type": "text", "text": "zq-rules"}]},
            ),
            Field("image.source: base64", _IMAGE, "messages.0.content.1"),
            Field(
                "image.source: url",
                {"type": "image", "source": {"type": "url", "url": "https://zq.example/a.png"}},
                "messages.0.content.1",
                says={"gemini": "downloaded by a2a", "kiro": "downloaded by a2a"},
            ),
            Field(
                "image.source: file",
                {"type": "image", "source": {"type": "file", "file_id": "zq-file"}},
                "messages.0.content.1",
            ),
            Field("document.source: base64", _DOCUMENT, "messages.0.content.1"),
            Field(
                "document.source: text",
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "zq-plain"}},
                "messages.0.content.1",
            ),
            Field(
                "document.source: url",
                {"type": "document", "source": {"type": "url", "url": "https://zq.example/a.pdf"}},
                "messages.0.content.1",
                says={"gemini": "downloaded by a2a", "kiro": "downloaded by a2a", "chat": "downloaded by a2a"},
            ),
            Field(
                "document.source: content",
                {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "zq-inside"}]}},
                "messages.0.content.1",
            ),
            Field(
                "document.source: file",
                {"type": "document", "source": {"type": "file", "file_id": "zq-file"}},
                "messages.0.content.1",
            ),
        ),
        _PARTS,
    ),
    Group(
        "Text, images, documents",
        (
            Field(
                "text.citations",
                [
                    {
                        "type": "char_location",
                        "cited_text": "zq-cited",
                        "document_index": 0,
                        "document_title": "zq-title",
                        "start_char_index": 0,
                        "end_char_index": 2,
                    }
                ],
                "messages.1.content.0.citations",
            ),
        ),
        _TURN,
    ),
    Group(
        "Text, images, documents",
        (
            Field("image.cache_control", _CACHE, "messages.0.content.1.cache_control"),
            Field("image.transformations", [{"type": "zq-turned"}], "messages.0.content.1.transformations"),
        ),
        _with(_IMAGE),
    ),
    Group(
        "Text, images, documents",
        (
            Field("document.title", "zq-title", "messages.0.content.1.title"),
            Field("document.context", "zq-context", "messages.0.content.1.context"),
            Field("document.citations", {"enabled": True}, "messages.0.content.1.citations"),
            Field("document.cache_control", _CACHE, "messages.0.content.1.cache_control"),
        ),
        _with(_DOCUMENT),
    ),
    Group(
        "Thinking blocks",
        (
            Field(
                "thinking.thinking",
                {"type": "thinking", "thinking": "zq-thought", "signature": "zq-signed"},
                "messages.1.content.0",
                also={"messages.1.content.1": {"type": "text", "text": "zq-said"}},
            ),
            Field(
                "redacted_thinking.data",
                {"type": "redacted_thinking", "data": "zq-hidden"},
                "messages.1.content.0",
                also={"messages.1.content.1": {"type": "text", "text": "zq-said"}},
            ),
        ),
        {**_TURN, "max_tokens": 8000, "thinking": {"type": "enabled", "budget_tokens": 2345}},
    ),
    Group(
        "Tool blocks",
        (
            Field("tool_use.id", "toolu_zq2", "messages.1.content.0.id messages.2.content.0.tool_use_id"),
            Field("tool_use.name", "zq_renamed", "messages.1.content.0.name"),
            Field("tool_use.input", {"zq_city": "zq-burg"}, "messages.1.content.0.input"),
            Field("tool_use.cache_control", _CACHE, "messages.1.content.0.cache_control"),
            Field("tool_use.caller", {"type": "zq-caller"}, "messages.1.content.0.caller"),
            Field("tool_use.toolset_name", "zq-set", "messages.1.content.0.toolset_name"),
            Field("tool_result.tool_use_id", "toolu_zq3", "messages.2.content.0.tool_use_id messages.1.content.0.id"),
            Field("tool_result.content", "zq-rainy", "messages.2.content.0.content"),
            Field("tool_result.content (image)", _IMAGE, "messages.2.content.0.content.1"),
            Field(
                "tool_result.content (tool_reference)",
                {"type": "tool_reference", "tool_name": "zq_other"},
                "messages.2.content.0.content.1",
            ),
            Field("tool_result.is_error", True, "messages.2.content.0.is_error"),
            Field("tool_result.cache_control", _CACHE, "messages.2.content.0.cache_control"),
            Field("tool_result.toolset_name", "zq-set", "messages.2.content.0.toolset_name"),
        ),
        _CALLED,
    ),
    Group(
        "Blocks only this protocol knows",
        (
            Field("search_result", _SEARCH, "messages.0.content.1", also={"messages.0.content": [_TEXT]}),
            _asked("container_upload", file_id="zq-file"),
            _asked("tool_addition", tool={"name": "zq_look"}),
            _asked("tool_removal", tool={"name": "zq_look"}),
            _answered("server_tool_use", id="srvtoolu_zq", name="web_search", input={"query": "zq-query"}),
            _answered(
                "web_search_tool_result",
                tool_use_id="srvtoolu_zq",
                content=[
                    {
                        "type": "web_search_result",
                        "title": "zq-title",
                        "url": "https://zq.example",
                        "encrypted_content": "zq",
                    }
                ],
            ),
            _answered(
                "web_fetch_tool_result",
                tool_use_id="srvtoolu_zq",
                content={
                    "type": "web_fetch_result",
                    "url": "https://zq.example",
                    "content": {
                        "type": "document",
                        "source": {"type": "text", "media_type": "text/plain", "data": "zq-fetched"},
                    },
                },
            ),
            _answered(
                "code_execution_tool_result",
                tool_use_id="srvtoolu_zq",
                content={
                    "type": "code_execution_result",
                    "stdout": "zq-out",
                    "stderr": "",
                    "return_code": 0,
                    "content": [],
                },
            ),
            _answered(
                "bash_code_execution_tool_result",
                tool_use_id="srvtoolu_zq",
                content={
                    "type": "bash_code_execution_result",
                    "stdout": "zq-out",
                    "stderr": "",
                    "return_code": 0,
                    "content": [],
                },
            ),
            _answered(
                "text_editor_code_execution_tool_result",
                tool_use_id="srvtoolu_zq",
                content={"type": "text_editor_code_execution_view_result", "content": "zq-viewed", "file_type": "text"},
            ),
            _answered(
                "tool_search_tool_result",
                tool_use_id="srvtoolu_zq",
                content={
                    "type": "tool_search_tool_search_result",
                    "tool_references": [{"type": "tool_reference", "tool_name": "zq_look"}],
                },
            ),
            _answered(
                "advisor_tool_result", tool_use_id="srvtoolu_zq", content=[{"type": "text", "text": "zq-advice"}]
            ),
            _answered("mcp_tool_use", id="mcptoolu_zq", name="zq", server_name="zq-server", input={}),
            _answered("mcp_tool_result", tool_use_id="mcptoolu_zq", content=[{"type": "text", "text": "zq-mcp"}]),
            _answered("mcp_tool_listing", mcp_server_name="zq-server", tools=[]),
            _answered("compaction", content="zq-compact"),
            _answered("fallback", **{"from": "zq-a", "to": "zq-b", "trigger": "zq"}),
        ),
        _BODY,
    ),
)
