"""Fields of `POST /v1/responses` (openai `ResponseCreateParams`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conversion_fields.model import CLOSED, OTHER_SCHEMA, PDF, PNG, SCHEMA, STRICT, TO_KIRO, Field, Group

_TOOL = {"type": "function", "name": "zq_look", "description": "zq-looks", "parameters": SCHEMA, "strict": False}
_OTHER = {"type": "function", "name": "zq_other", "parameters": SCHEMA, "strict": False}
_ASKED = {"role": "user", "content": "zq-question"}
_BODY = {"model": "zq-model", "input": [_ASKED]}
_TOOLS = {**_BODY, "tools": [_TOOL, _OTHER]}
_CALL = {"type": "function_call", "call_id": "call_zq", "name": "zq_look", "arguments": '{"zq_city":"zq-town"}'}
_OUTPUT = {"type": "function_call_output", "call_id": "call_zq", "output": "zq-sunny"}
_CALLED = {"model": "zq-model", "tools": [_TOOL], "input": [_ASKED, _CALL, _OUTPUT]}
_FREE = {"type": "custom", "name": "zq_free", "description": "zq-free"}
_FREE_CALL = {"type": "custom_tool_call", "call_id": "call_zq", "name": "zq_free", "input": "zq-text"}
_FREE_OUTPUT = {"type": "custom_tool_call_output", "call_id": "call_zq", "output": "zq-done"}
_CUSTOM = {"model": "zq-model", "tools": [_FREE], "input": [_ASKED, _FREE_CALL, _FREE_OUTPUT]}
_SCHEMA_FORMAT = {"type": "json_schema", "name": "zq_shape", "schema": CLOSED}
_DATA = f"data:image/png;base64,{PNG}"
_FILE = f"data:application/pdf;base64,{PDF}"
_SAID = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "zq-said", "annotations": []}],
}
_ENCRYPTED = "reasoning is always asked for encrypted"
_IDS = "ids of items stay at the vendor that gave them"
_STATUS = "a history is complete"


def _part(part: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "input_text", "text": "zq-question"}
    return {"model": "zq-model", "input": [{"role": "user", "content": [text, part]}]}


def _item(kind: str, **more: Any) -> Field:
    """An item only this protocol knows, between two words of the user."""
    return Field(kind, {"type": kind, **more}, "input.+1")


def _thought(
    name: str, at: str = "input.+1", value: Any = None, says: Mapping[str, str] | None = None, **more: Any
) -> Field:
    """A sealed reasoning item before the answer it led to; without `encrypted_content` no vendor takes it back."""
    item = {"type": "reasoning", "summary": [], "encrypted_content": "zq-sealed", **more}
    if value is None:
        return Field(f"reasoning.{name}", item, at)
    return Field(f"reasoning.{name}", value, at, also={"input.+1": item}, says=says or {})


def _hosted(kind: str, **more: Any) -> Field:
    return Field(f"tools[{kind}]", {"type": kind, **more}, "tools.2")


GROUPS: tuple[Group, ...] = (
    Group(
        "Request",
        (
            Field("model", "zq-other", says={"*": "the route decides", "responses": "the route decides"}),
            Field("input", "zq-words"),
            Field("instructions", "zq-rules"),
            Field("stream", True, says={"kiro": "this upstream always streams", "gemini": "the URL says so"}),
            Field("stream_options", {"include_obfuscation": False}, also={"stream": True}),
            Field(
                "include: reasoning.encrypted_content",
                ["reasoning.encrypted_content"],
                "include",
                says={"*": _ENCRYPTED, "responses": _ENCRYPTED},
            ),
            Field("include: message.output_text.logprobs", ["message.output_text.logprobs"], "include"),
            Field("include: others", ["file_search_call.results"], "include"),
            Field("previous_response_id", "resp_zq"),
            Field("conversation", "conv_zq"),
            Field("prompt", {"id": "zq-prompt"}),
            Field("background", True),
            Field("background_options", {"zq": "zq-options"}),
            Field("truncation", "auto"),
            Field("context_management", [{"type": "compaction", "compact_threshold": 4711}]),
            Field("max_tool_calls", 3),
            Field("access_programs", ["zq-program"]),
            Field("image", {"zq": "zq-image"}),
        ),
        _BODY,
    ),
    Group(
        "Sampling and limits",
        (
            Field("temperature", 0.25),
            Field("top_p", 0.125),
            Field("top_logprobs", 3),
            Field("max_output_tokens", 2345),
        ),
        _BODY,
    ),
    Group(
        "Reasoning and format",
        (
            Field("reasoning.effort", "high"),
            Field("reasoning.summary", "auto"),
            Field("reasoning.generate_summary", "auto"),
            Field("reasoning.context", "zq-context"),
            Field("reasoning.mode", "zq-mode"),
            Field("text.verbosity", "low"),
            Field("text.format: json_object", {"type": "json_object"}, "text.format"),
            Field("text.format: json_schema", _SCHEMA_FORMAT, "text.format"),
        ),
        _BODY,
    ),
    Group(
        "Reasoning and format",
        (
            Field("text.format.name", "zq_named", at="name", says={"*": "a label, not needed"}),
            Field("text.format.description", "zq-described", at="description"),
            Field(
                "text.format.strict",
                True,
                at="strict",
                says={"claude": STRICT, "gemini": STRICT, "kiro": "asked for in words"},
            ),
        ),
        {**_BODY, "text": {"format": _SCHEMA_FORMAT}},
        at="text.format",
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
    Group("Tools", (Field("tools", [_TOOL]),), _BODY),
    Group(
        "Tools",
        (
            Field("tools[function].name", "zq_renamed", "tools.0.name"),
            Field("tools[function].description", "zq-told", "tools.0.description"),
            Field("tools[function].parameters", OTHER_SCHEMA, "tools.0.parameters"),
            Field("tools[function].strict", True, "tools.0.strict", also={"tools.0.parameters": CLOSED}),
            Field("tools[function].defer_loading", True, "tools.0.defer_loading"),
            Field("tools[function].allowed_callers", ["zq-caller"], "tools.0.allowed_callers"),
            Field("tools[function].async", True, "tools.0.async"),
            Field("tools[function].output_schema", CLOSED, "tools.0.output_schema"),
            Field("tools[custom]", _FREE, "tools.2"),
            Field(
                "tools[custom].format",
                {"type": "grammar", "syntax": "lark", "definition": "zq: rule"},
                "tools.2.format",
                also={"tools.2": _FREE},
            ),
            Field("tools[custom].defer_loading", True, "tools.2.defer_loading", also={"tools.2": _FREE}),
            Field("tools[custom].allowed_callers", ["zq-caller"], "tools.2.allowed_callers", also={"tools.2": _FREE}),
            Field("tools[custom].async", True, "tools.2.async", also={"tools.2": _FREE}),
            Field(
                "tools[namespace]",
                {"type": "namespace", "name": "zq_space", "tools": [{**_TOOL, "name": "zq_inner"}]},
                "tools.2",
            ),
            Field(
                "tools[namespace].description",
                "zq-spacious",
                "tools.2.description",
                also={"tools.2": {"type": "namespace", "name": "zq_space", "tools": [{**_TOOL, "name": "zq_inner"}]}},
            ),
            _hosted("web_search", search_context_size="high"),
            _hosted("web_search_preview"),
            _hosted("file_search", vector_store_ids=["zq-store"]),
            _hosted("computer"),
            _hosted("computer_use_preview", display_height=1, display_width=1, environment="linux"),
            _hosted("mcp", server_label="zq-server", server_url="https://zq.example"),
            _hosted("code_interpreter", container={"type": "auto"}),
            _hosted("programmatic_tool_calling"),
            _hosted("image_generation"),
            _hosted("local_shell"),
            _hosted("shell"),
            _hosted("tool_search"),
            _hosted("apply_patch"),
            Field("tool_choice: auto", "auto", "tool_choice", says={"kiro": TO_KIRO}),
            Field("tool_choice: none", "none", "tool_choice"),
            Field("tool_choice: required", "required", "tool_choice"),
            Field("tool_choice: function", {"type": "function", "name": "zq_look"}, "tool_choice"),
            Field("tool_choice: custom", {"type": "custom", "name": "zq_free"}, "tool_choice", also={"tools.2": _FREE}),
            Field(
                "tool_choice: allowed_tools",
                {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "zq_look"}]},
                "tool_choice",
            ),
            Field(
                "tool_choice: hosted", {"type": "web_search"}, "tool_choice", also={"tools.2": {"type": "web_search"}}
            ),
            Field("tool_choice: mcp", {"type": "mcp", "server_label": "zq-server"}, "tool_choice"),
            Field("parallel_tool_calls", False),
        ),
        _TOOLS,
    ),
    Group(
        "Messages",
        (
            Field("message[user].content", "zq-words", "input.0.content"),
            Field("message[user].status", "completed", "input.0.status", says={"*": _STATUS, "responses": _STATUS}),
            Field(
                "message[system].content",
                {"role": "system", "content": "zq-rules"},
                "input.0",
                also={"input.1": _ASKED},
            ),
            Field(
                "message[developer].content",
                {"role": "developer", "content": "zq-rules"},
                "input.0",
                also={"input.1": _ASKED},
            ),
            Field("message[developer].content later", {"role": "developer", "content": "zq-rules"}, "input.1"),
            Field(
                "message[assistant].content",
                {"role": "assistant", "content": "zq-said"},
                "input.+1",
                also={"input.1": _ASKED},
            ),
        ),
        _BODY,
    ),
    Group(
        "Messages",
        (
            Field("message[assistant].id", "msg_zq", "input.1.id", says={"*": _IDS, "responses": _IDS}),
            Field(
                "message[assistant].status", "completed", "input.1.status", says={"*": _STATUS, "responses": _STATUS}
            ),
            Field("message[assistant].phase", "commentary", "input.1.phase"),
            Field(
                "output_text.annotations",
                [
                    {
                        "type": "url_citation",
                        "url": "https://zq.example",
                        "title": "zq-title",
                        "start_index": 0,
                        "end_index": 2,
                    }
                ],
                "input.1.content.0.annotations",
            ),
            Field(
                "output_text.logprobs",
                [{"token": "zq-token", "logprob": -0.5, "bytes": [], "top_logprobs": []}],
                "input.1.content.0.logprobs",
                says={"*": "no upstream takes them back", "responses": "no upstream takes them back"},
            ),
            Field("refusal.refusal", {"type": "refusal", "refusal": "zq-no"}, "input.1.content.1"),
        ),
        {"model": "zq-model", "input": [_ASKED, _SAID, _ASKED]},
    ),
    Group(
        "Content parts",
        (
            Field("input_text.text", "zq-part", "input.0.content.0.text"),
            Field(
                "input_text.prompt_cache_breakpoint", {"mode": "explicit"}, "input.0.content.0.prompt_cache_breakpoint"
            ),
            Field("input_image.image_url (data)", {"type": "input_image", "image_url": _DATA}, "input.0.content.1"),
            Field(
                "input_image.image_url (https)",
                {"type": "input_image", "image_url": "https://zq.example/a.png"},
                "input.0.content.1",
                says={"gemini": "downloaded by a2a", "kiro": "downloaded by a2a"},
            ),
            Field("input_image.file_id", {"type": "input_image", "file_id": "zq-file"}, "input.0.content.1"),
            Field(
                "input_file.file_data",
                {"type": "input_file", "file_data": _FILE, "filename": "zq.pdf"},
                "input.0.content.1",
            ),
            Field(
                "input_file.file_url",
                {"type": "input_file", "file_url": "https://zq.example/a.pdf"},
                "input.0.content.1",
                says={"gemini": "downloaded by a2a", "kiro": "downloaded by a2a", "chat": "downloaded by a2a"},
            ),
            Field("input_file.file_id", {"type": "input_file", "file_id": "zq-file"}, "input.0.content.1"),
            Field("unknown part", {"type": "zq_new", "zq_new": "zq-unknown"}, "input.0.content.1"),
        ),
        {"model": "zq-model", "input": [{"role": "user", "content": [{"type": "input_text", "text": "zq-question"}]}]},
    ),
    Group(
        "Content parts",
        (
            Field("input_image.detail", "low", "input.0.content.1.detail"),
            Field(
                "input_image.prompt_cache_breakpoint", {"mode": "explicit"}, "input.0.content.1.prompt_cache_breakpoint"
            ),
        ),
        _part({"type": "input_image", "image_url": _DATA}),
    ),
    Group(
        "Content parts",
        (
            Field("input_file.filename", "zq-name.pdf", "input.0.content.1.filename"),
            Field("input_file.detail", "low", "input.0.content.1.detail"),
            Field(
                "input_file.prompt_cache_breakpoint", {"mode": "explicit"}, "input.0.content.1.prompt_cache_breakpoint"
            ),
        ),
        _part({"type": "input_file", "file_data": _FILE}),
    ),
    Group(
        "Tool items",
        (
            Field("function_call.call_id", "call_zq2", "input.1.call_id input.2.call_id"),
            Field("function_call.name", "zq_renamed", "input.1.name"),
            Field("function_call.arguments", '{"zq_city":"zq-burg"}', "input.1.arguments"),
            Field("function_call.id", "fc_zq", "input.1.id", says={"*": _IDS, "responses": "only with `store: true`"}),
            Field("function_call.status", "completed", "input.1.status", says={"*": _STATUS, "responses": _STATUS}),
            Field("function_call.namespace", "zq_space", "input.1.namespace"),
            Field("function_call.async", True, "input.1.async"),
            Field("function_call.caller", {"type": "zq-caller"}, "input.1.caller"),
            Field("function_call_output.call_id", "call_zq3", "input.2.call_id input.1.call_id"),
            Field("function_call_output.output", "zq-rainy", "input.2.output"),
            Field(
                "function_call_output.output (image)", [{"type": "input_image", "image_url": _DATA}], "input.2.output"
            ),
            Field(
                "function_call_output.name",
                "zq_look",
                "input.2.name",
                says={"*": "the call names it", "responses": "the call names it"},
            ),
            Field("function_call_output.namespace", "zq_space", "input.2.namespace"),
            Field("function_call_output.id", "fco_zq", "input.2.id", says={"*": _IDS, "responses": _IDS}),
            Field(
                "function_call_output.status", "completed", "input.2.status", says={"*": _STATUS, "responses": _STATUS}
            ),
            Field("function_call_output.caller", {"type": "zq-caller"}, "input.2.caller"),
        ),
        _CALLED,
    ),
    Group(
        "Tool items",
        (
            Field("custom_tool_call.input", "zq-words", "input.1.input"),
            Field("custom_tool_call.call_id", "call_zq2", "input.1.call_id input.2.call_id"),
            Field("custom_tool_call.name", "zq_renamed", "input.1.name"),
            Field(
                "custom_tool_call.id", "ctc_zq", "input.1.id", says={"*": _IDS, "responses": "only with `store: true`"}
            ),
            Field("custom_tool_call.namespace", "zq_space", "input.1.namespace"),
            Field("custom_tool_call.async", True, "input.1.async"),
            Field("custom_tool_call.caller", {"type": "zq-caller"}, "input.1.caller"),
            Field("custom_tool_call_output.output", "zq-rainy", "input.2.output"),
            Field("custom_tool_call_output.call_id", "call_zq3", "input.2.call_id input.1.call_id"),
            Field("custom_tool_call_output.id", "cto_zq", "input.2.id", says={"*": _IDS, "responses": _IDS}),
            Field("custom_tool_call_output.caller", {"type": "zq-caller"}, "input.2.caller"),
        ),
        _CUSTOM,
    ),
    Group(
        "Reasoning items",
        (
            _thought("id", "input.1.id", "rs_zq", {"*": _IDS, "responses": "only with `store: true`"}),
            _thought("encrypted_content"),
            _thought("summary", summary=[{"type": "summary_text", "text": "zq-thought"}]),
            _thought("content", content=[{"type": "reasoning_text", "text": "zq-chain"}]),
            _thought("status", "input.1.status", "completed", {"*": _STATUS, "responses": _STATUS}),
        ),
        {"model": "zq-model", "input": [_ASKED, _SAID, _ASKED]},
    ),
    Group(
        "Items only this protocol knows",
        (
            _item(
                "file_search_call",
                id="fs_zq",
                queries=["zq-query"],
                status="completed",
                results=[{"filename": "zq-file", "text": "zq-found"}],
            ),
            _item(
                "computer_call",
                id="cu_zq",
                call_id="call_zq",
                action={"type": "wait"},
                pending_safety_checks=[],
                status="completed",
            ),
            _item(
                "computer_call_output", call_id="call_zq", output={"type": "computer_screenshot", "image_url": _DATA}
            ),
            _item("web_search_call", id="ws_zq", status="completed", action={"type": "search", "query": "zq-query"}),
            _item("tool_search_call", call_id="call_zq", arguments={}),
            _item("tool_search_output", call_id="call_zq", tools=[_OTHER]),
            _item("additional_tools", role="developer", tools=[_OTHER]),
            _item("configuration_update", reasoning={"effort": "high"}),
            _item("compaction", encrypted_content="zq-compact"),
            _item("image_generation_call", id="ig_zq", status="completed", result=PNG),
            _item(
                "code_interpreter_call",
                id="ci_zq",
                code="zq_code()",
                container_id="zq",
                outputs=[{"type": "logs", "logs": "zq-logs"}],
                status="completed",
            ),
            _item(
                "local_shell_call",
                id="ls_zq",
                call_id="call_zq",
                action={"type": "exec", "command": ["zq-command"], "env": {}},
                status="completed",
            ),
            _item("local_shell_call_output", id="ls_zq", output="zq-shell"),
            _item("shell_call", call_id="call_zq", action={"commands": ["zq-command"]}),
            _item(
                "shell_call_output",
                call_id="call_zq",
                output=[{"stdout": "zq-out", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
            ),
            _item(
                "apply_patch_call",
                call_id="call_zq",
                operation={"type": "delete_file", "path": "zq-path"},
                status="completed",
            ),
            _item("apply_patch_call_output", call_id="call_zq", status="completed", output="zq-patched"),
            _item("mcp_list_tools", id="ml_zq", server_label="zq-server", tools=[]),
            _item("mcp_approval_request", id="ma_zq", name="zq", server_label="zq-server", arguments="{}"),
            _item("mcp_approval_response", approval_request_id="ma_zq", approve=True),
            _item("mcp_call", id="mc_zq", name="zq", server_label="zq-server", arguments="{}", output="zq-output"),
            _item("compaction_trigger"),
            _item("item_reference", id="zq-item"),
            _item("program", call_id="call_zq", code="zq_code()", fingerprint="zq", id="zq"),
            _item("program_output", call_id="call_zq", id="zq", result="zq-result", status="completed"),
        ),
        {"model": "zq-model", "input": [_ASKED, _SAID, _ASKED]},
    ),
)
