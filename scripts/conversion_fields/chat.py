"""Fields of `POST /v1/chat/completions` (openai `CompletionCreateParams`, and what servers of the dialect add)."""

from __future__ import annotations

from typing import Any

from conversion_fields.model import CLOSED, OTHER_SCHEMA, PDF, PNG, SCHEMA, STRICT, TO_KIRO, WAV, Field, Group

_USER = {"role": "user", "content": "zq-question"}
_BODY = {"model": "zq-model", "messages": [_USER]}
_TOOL = {"type": "function", "function": {"name": "zq_look", "description": "zq-looks", "parameters": SCHEMA}}
_OTHER = {"type": "function", "function": {"name": "zq_other", "parameters": SCHEMA}}
_TOOLS = {**_BODY, "tools": [_TOOL, _OTHER]}
_CALL = {"id": "call_zq", "type": "function", "function": {"name": "zq_look", "arguments": '{"zq_city":"zq-town"}'}}
_CALLED = {
    "model": "zq-model",
    "tools": [_TOOL],
    "messages": [
        _USER,
        {"role": "assistant", "content": None, "tool_calls": [_CALL]},
        {"role": "tool", "tool_call_id": "call_zq", "content": "zq-sunny"},
    ],
}
_PARTS = {"model": "zq-model", "messages": [{"role": "user", "content": [{"type": "text", "text": "zq-question"}]}]}
_ANSWERED = {"model": "zq-model", "messages": [_USER, {"role": "assistant", "content": "zq-answer"}, _USER]}
_SCHEMA_FORMAT = {"type": "json_schema", "json_schema": {"name": "zq_shape", "schema": CLOSED}}
_STREAM = {**_BODY, "stream": True}


def _with(part: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": "zq-model",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "zq-question"}, part]}],
    }


def _image(**more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", **more}}


_ASKED = "a2a asks for usage itself and shows it to this client"
_WITH = "goes with `logprobs`"

GROUPS: tuple[Group, ...] = (
    Group(
        "Request",
        (
            Field("model", "zq-other", says={"*": "the route decides", "chat": "the route decides"}),
            Field("messages", [{"role": "user", "content": "zq-words"}]),
            Field("stream", True, says={"kiro": "this upstream always streams", "gemini": "the URL says so"}),
        ),
        _BODY,
    ),
    Group(
        "Request",
        (
            Field("stream_options.include_usage", True, says={"*": _ASKED, "chat": _ASKED}),
            Field(
                "stream_options.include_obfuscation",
                False,
            ),
        ),
        _STREAM,
    ),
    Group(
        "Sampling and limits",
        (
            Field("temperature", 0.25),
            Field("top_p", 0.125),
            Field("top_k", 17),
            Field("presence_penalty", 0.375),
            Field("frequency_penalty", 0.625),
            Field("seed", 4711),
            Field("n", 2),
            Field("logprobs", True),
            Field("top_logprobs", 3, also={"logprobs": True}, says={"claude": _WITH, "kiro": _WITH}),
            Field("logit_bias", {"4711": 5}),
            Field("max_completion_tokens", 2345),
            Field("max_tokens", 2345),
            Field("stop", ["zq-stop"]),
            Field("prediction", {"type": "content", "content": "zq-guess"}),
        ),
        _BODY,
    ),
    Group(
        "Reasoning and format",
        (
            Field("reasoning_effort", "high"),
            Field("verbosity", "low"),
            Field("response_format", {"type": "json_object"}),
            Field("response_format.json_schema", _SCHEMA_FORMAT, at="response_format"),
        ),
        _BODY,
    ),
    Group(
        "Reasoning and format",
        (
            Field("response_format.json_schema.name", "zq_named", at="name", says={"*": "a label, not needed"}),
            Field("response_format.json_schema.description", "zq-described", at="description"),
            Field(
                "response_format.json_schema.strict",
                True,
                at="strict",
                says={"claude": STRICT, "gemini": STRICT, "kiro": "asked for in words"},
            ),
        ),
        {**_BODY, "response_format": _SCHEMA_FORMAT},
        at="response_format.json_schema",
    ),
    Group(
        "Modalities",
        (
            Field("modalities", ["text", "audio"]),
            Field("audio", {"voice": "zq-voice", "format": "mp3"}),
        ),
        _BODY,
    ),
    Group(
        "Books and caching",
        (
            Field("user", "zq-user"),
            Field("safety_identifier", "zq-safety"),
            Field("prompt_cache_key", "zq-cache"),
            Field("prompt_cache_retention", "24h"),
            Field("prompt_cache_options", {"mode": "zq-mode"}),
            Field("metadata", {"zq-pair": "zq-value"}),
            Field("store", True),
            Field("service_tier", "flex"),
            Field("moderation", {"model": "zq-moderation"}),
        ),
        _BODY,
    ),
    Group(
        "Tools",
        (
            Field("tools", [_TOOL]),
            Field("functions", [_TOOL["function"]]),
            Field("web_search_options", {"search_context_size": "high"}),
        ),
        _BODY,
    ),
    Group(
        "Tools",
        (
            Field(
                "tools[custom]", {"type": "custom", "custom": {"name": "zq_free", "description": "zq-free"}}, "tools.2"
            ),
            Field(
                "tools[custom].format",
                {
                    "type": "custom",
                    "custom": {
                        "name": "zq_free",
                        "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "zq: rule"}},
                    },
                },
                "tools.2",
            ),
            Field("tools[function].strict", True, "tools.0.function.strict"),
            Field("tools[function].name", "zq_renamed", "tools.0.function.name"),
            Field("tools[function].description", "zq-told", "tools.0.function.description"),
            Field("tools[function].parameters", OTHER_SCHEMA, "tools.0.function.parameters"),
            Field("tools[].cache_control", {"type": "ephemeral"}, "tools.0.cache_control"),
            Field("tool_choice: auto", "auto", "tool_choice", says={"kiro": TO_KIRO}),
            Field("tool_choice: none", "none", "tool_choice"),
            Field("tool_choice: required", "required", "tool_choice"),
            Field("tool_choice: function", {"type": "function", "function": {"name": "zq_look"}}, "tool_choice"),
            Field(
                "tool_choice: custom",
                {"type": "custom", "custom": {"name": "zq_free"}},
                "tool_choice",
                also={"tools.2": {"type": "custom", "custom": {"name": "zq_free"}}},
            ),
            Field(
                "tool_choice: allowed_tools",
                {
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "required",
                        "tools": [{"type": "function", "function": {"name": "zq_look"}}],
                    },
                },
                "tool_choice",
            ),
            Field("function_call", {"name": "zq_look"}),
            Field("parallel_tool_calls", False),
        ),
        _TOOLS,
    ),
    Group(
        "Messages",
        (
            Field(
                "system.content", {"role": "system", "content": "zq-rules"}, "messages.0", also={"messages.1": _USER}
            ),
            Field(
                "developer.content",
                {"role": "developer", "content": "zq-rules"},
                "messages.0",
                also={"messages.1": _USER},
            ),
            Field("system.content later", {"role": "system", "content": "zq-rules"}, "messages.1"),
            Field(
                "system.name",
                "zq-chair",
                "messages.0.name",
                also={"messages.0": {"role": "system", "content": "zq-rules"}, "messages.1": _USER},
            ),
            Field(
                "developer.name",
                "zq-chair",
                "messages.0.name",
                also={"messages.0": {"role": "developer", "content": "zq-rules"}, "messages.1": _USER},
            ),
            Field("user.content", "zq-words", "messages.0.content"),
            Field("user.name", "zq-anna", "messages.0.name"),
        ),
        _BODY,
    ),
    Group(
        "Messages",
        (
            Field("assistant.content", "zq-said", "content"),
            Field("assistant.name", "zq-bot", "name"),
            Field("assistant.refusal", "zq-no", "refusal"),
            Field("assistant.audio", {"id": "zq-audio"}, "audio"),
            Field("assistant.reasoning_content", "zq-thought", "reasoning_content"),
            Field(
                "assistant.tool_calls",
                [_CALL],
                "tool_calls",
                also={
                    "messages.2": {"role": "tool", "tool_call_id": "call_zq", "content": "zq-sunny"},
                    "messages.3": _USER,
                    "tools": [_TOOL],
                },
            ),
            Field(
                "assistant.function_call",
                {"name": "zq_look", "arguments": '{"zq_city":"zq-town"}'},
                "function_call",
                also={
                    "messages.2": {"role": "function", "name": "zq_look", "content": "zq-sunny"},
                    "messages.3": _USER,
                    "tools": [_TOOL],
                },
            ),
        ),
        _ANSWERED,
        at="messages.1",
    ),
    Group(
        "Messages",
        (
            Field("tool_calls[function].id", "call_zq2", "messages.1.tool_calls.0.id messages.2.tool_call_id"),
            Field(
                "tool_calls[function].arguments", '{"zq_city":"zq-burg"}', "messages.1.tool_calls.0.function.arguments"
            ),
            Field(
                "tool_calls[custom]",
                {"id": "call_zq", "type": "custom", "custom": {"name": "zq_free", "input": "zq-free-text"}},
                "messages.1.tool_calls.0",
                also={"tools.1": {"type": "custom", "custom": {"name": "zq_free"}}},
            ),
            Field("tool.tool_call_id", "call_zq3", "messages.2.tool_call_id messages.1.tool_calls.0.id"),
            Field(
                "function.content",
                "zq-rainy",
                "messages.2.content",
                also={
                    "messages.1": {"role": "assistant", "content": None, "function_call": _CALL["function"]},
                    "messages.2": {"role": "function", "name": "zq_look", "content": "zq-sunny"},
                },
            ),
            Field(
                "function.name",
                "zq_renamed",
                "messages.2.name messages.1.function_call.name",
                also={
                    "messages.1": {"role": "assistant", "content": None, "function_call": _CALL["function"]},
                    "messages.2": {"role": "function", "name": "zq_look", "content": "zq-sunny"},
                },
            ),
            Field("tool_calls[function].name", "zq_renamed", "messages.1.tool_calls.0.function.name"),
            Field("tool.content", "zq-rainy", "messages.2.content"),
        ),
        _CALLED,
    ),
    Group(
        "Content parts",
        (
            Field("text.text", "zq-part", "messages.0.content.0.text"),
            Field("text.prompt_cache_breakpoint", {"mode": "explicit"}, "messages.0.content.0.prompt_cache_breakpoint"),
            Field("text.cache_control", {"type": "ephemeral", "ttl": "1h"}, "messages.0.content.0.cache_control"),
            Field("image_url.url (data)", _image(), "messages.0.content.1"),
            Field(
                "image_url.url (https)",
                {"type": "image_url", "image_url": {"url": "https://zq.example/a.png"}},
                "messages.0.content.1",
                says={"gemini": "downloaded by a2a", "kiro": "downloaded by a2a"},
            ),
            Field(
                "input_audio",
                {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
                "messages.0.content.1",
            ),
            Field(
                "file.file_data",
                {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}", "filename": "zq.pdf"}},
                "messages.0.content.1",
            ),
            Field("file.file_id", {"type": "file", "file": {"file_id": "zq-file"}}, "messages.0.content.1"),
            Field(
                "refusal.refusal",
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "zq-no"}]},
                "messages.+1",
                also={"messages.1": _USER},
            ),
            Field(
                "video_url.url",
                {"type": "video_url", "video_url": {"url": "https://zq.example/a.mp4"}},
                "messages.0.content.1",
                says={"gemini": "downloaded by a2a"},
            ),
            Field("unknown part", {"type": "zq_new", "zq_new": "zq-unknown"}, "messages.0.content.1"),
        ),
        _PARTS,
    ),
    Group(
        "Content parts",
        (
            Field("image_url.detail", "low", "messages.0.content.1.image_url.detail"),
            Field(
                "image_url.prompt_cache_breakpoint",
                {"mode": "explicit"},
                "messages.0.content.1.prompt_cache_breakpoint",
            ),
        ),
        _with(_image()),
    ),
    Group(
        "Content parts",
        (
            Field(
                "input_audio.prompt_cache_breakpoint",
                {"mode": "explicit"},
                "messages.0.content.1.prompt_cache_breakpoint",
            ),
        ),
        _with({"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}),
    ),
    Group(
        "Content parts",
        (
            Field("file.filename", "zq-name.pdf", "messages.0.content.1.file.filename"),
            Field("file.prompt_cache_breakpoint", {"mode": "explicit"}, "messages.0.content.1.prompt_cache_breakpoint"),
        ),
        _with({"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}"}}),
    ),
)
