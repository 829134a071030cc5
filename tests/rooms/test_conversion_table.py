"""docs/conversion.md is what the code does, nothing in it is LOST, and no field of the official SDKs is missing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import anthropic.types as claude_types
import anthropic.types.beta as claude_beta
import openai.types.chat as chat_types
import openai.types.responses as responses_types
import openai.types.shared_params as shared
import pytest
from anthropic.types import message_create_params as claude_top
from anthropic.types.beta import message_create_params as claude_beta_top
from google.genai import types as gemini_types
from openai.types.chat import chat_completion_content_part_image_param as image_part
from openai.types.chat import chat_completion_content_part_param as file_part
from openai.types.chat import completion_create_params as chat_top
from openai.types.responses import response_create_params as responses_top
from openai.types.responses import response_input_item_param as items
from openai.types.shared_params import response_format_json_schema as json_schema
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from conversion_fields import chat, claude, gemini, responses  # noqa: E402

_SAID_BY_KIND = ("type", "role")
"""Keys that only name the kind of the rest."""
_OWN_ROWS = {"text", "image", "document", "thinking", "redacted_thinking", "tool_use", "tool_result"}
_OWN_ROWS |= {"function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output", "reasoning"}
"""Kinds of blocks and items whose every field has a row; all others travel whole."""
_TOGETHER = {"thinking.signature", "custom_tool_call_output.type"}
"""Fields in the row of their neighbour."""
_CLIENT_SIDE = {"httpOptions", "shouldReturnHttpResponse", "automaticFunctionCalling", "automaticContinuation"}
"""What google-genai keeps to itself."""


def test_the_page_is_what_the_code_does() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "conversion_table.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def rows(module: ModuleType) -> set[str]:
    return {field.name for group in module.GROUPS for field in group.fields}


def named(module: ModuleType, field: str) -> bool:
    """Whether a row is the field's own, or one of several for it (`tool_choice: auto`, `stop_details.category`)."""
    return any(re.match(rf"{re.escape(field)}([ .:\[(,]|$)", row) for row in rows(module))


def keys(kind: Any) -> set[str]:
    fields = kind.model_fields if issubclass(kind, BaseModel) else get_type_hints(kind)
    return set(fields) - set(_SAID_BY_KIND)


def members(union: Any) -> Iterator[Any]:
    """The classes of a union, also of annotated and nested ones."""
    if get_origin(union) in (Union, UnionType, Annotated):
        for inner in get_args(union):
            yield from members(inner)
    elif isinstance(union, type) and union is not str:
        yield union


def kind_of(member: Any) -> str:
    """The word of its `type`."""
    if issubclass(member, BaseModel):  # some unions name the class of the answer
        return str(get_args(member.model_fields["type"].annotation)[0])
    hint = get_type_hints(member).get("type")
    while hint is not None and get_origin(hint) is not Literal:
        hint = next((inner for inner in get_args(hint) if inner is not type(None)), None)
    return str(get_args(hint)[0]) if hint is not None else ""


def missing(module: ModuleType, wanted: set[str]) -> list[str]:
    return sorted(field for field in wanted if not named(module, field))


CHAT = {
    "": chat_top.CompletionCreateParamsBase,
    "system.": chat_types.ChatCompletionSystemMessageParam,
    "developer.": chat_types.ChatCompletionDeveloperMessageParam,
    "user.": chat_types.ChatCompletionUserMessageParam,
    "assistant.": chat_types.ChatCompletionAssistantMessageParam,
    "tool.": chat_types.ChatCompletionToolMessageParam,
    "function.": chat_types.ChatCompletionFunctionMessageParam,
    "stream_options.": chat_types.ChatCompletionStreamOptionsParam,
    "tools[function].": shared.FunctionDefinition,
    "text.": chat_types.ChatCompletionContentPartTextParam,
    "refusal.": chat_types.ChatCompletionContentPartRefusalParam,
    "image_url.": image_part.ImageURL,
    "file.": file_part.FileFile,
    "response_format.json_schema.": json_schema.JSONSchema,
}
_CHAT_WHOLE = {"response_format.json_schema.schema"}


@pytest.mark.parametrize("prefix", CHAT)
def test_chat_fields(prefix: str) -> None:
    wanted = {prefix + key for key in keys(CHAT[prefix])} - _CHAT_WHOLE
    assert missing(chat, wanted) == []


def test_chat_parts_calls_and_choices() -> None:
    parts = {f"{kind_of(part)}.prompt_cache_breakpoint" for part in members(file_part.ChatCompletionContentPartParam)}
    calls = {f"tool_calls[{kind_of(call)}]" for call in members(chat_types.ChatCompletionMessageToolCallUnionParam)}
    tools = {f"tools[{kind_of(tool)}]" for tool in members(chat_types.ChatCompletionToolUnionParam)}
    choices = {f"tool_choice: {kind_of(choice)}" for choice in members(chat_types.ChatCompletionToolChoiceOptionParam)}
    assert missing(chat, parts | calls | tools | choices) == []


RESPONSES = {
    "": responses_top.ResponseCreateParamsBase,
    "reasoning.": shared.Reasoning,
    "text.": responses_types.ResponseTextConfigParam,
    "message[assistant].": responses_types.ResponseOutputMessageParam,
    "message[user].": items.Message,
    "tools[function].": responses_types.FunctionToolParam,
}


@pytest.mark.parametrize("prefix", RESPONSES)
def test_responses_fields(prefix: str) -> None:
    assert missing(responses, {prefix + key for key in keys(RESPONSES[prefix])}) == []


def test_responses_items_parts_and_tools() -> None:
    wanted: set[str] = set()
    for item in members(items.ResponseInputItemParam):
        kind = kind_of(item)
        wanted |= {f"{kind}.{key}" for key in keys(item)} if kind in _OWN_ROWS else {kind}
    for part in members(responses_types.ResponseInputContentParam):
        wanted |= {f"{kind_of(part)}.{key}" for key in keys(part)}
    wanted |= {f"tools[{kind_of(tool)}]" for tool in members(responses_types.ToolParam)}
    wanted |= {f"tools[custom].{key}" for key in keys(responses_types.CustomToolParam) - {"name", "description"}}
    assert missing(responses, wanted) == []


CLAUDE = {
    "": claude_top.MessageCreateParamsBase,
    "output_config.": claude_beta.BetaOutputConfigParam,
    "thinking.": claude_types.ThinkingConfigEnabledParam,
    "metadata.": claude_types.MetadataParam,
    "user.": claude_beta.BetaUserMessageParam,
    "system.": claude_beta.BetaSystemMessageParam,
    "tools[].": claude_beta.BetaToolParam,
}


@pytest.mark.parametrize("prefix", CLAUDE)
def test_claude_fields(prefix: str) -> None:
    assert missing(claude, {prefix + key for key in keys(CLAUDE[prefix])}) == []


def test_claude_beta_fields() -> None:
    wanted = keys(claude_beta_top.MessageCreateParamsBase) - {"betas"} | {"anthropic-beta"}
    assert missing(claude, wanted) == []


@pytest.mark.parametrize("union", [claude_types.ContentBlockParam, claude_beta.BetaContentBlockParam])
def test_claude_blocks(union: Any) -> None:
    wanted: set[str] = set()
    for block in members(union):
        kind = kind_of(block)
        wanted |= {f"{kind}.{key}" for key in keys(block)} if kind in _OWN_ROWS else {kind}
    assert missing(claude, wanted - _TOGETHER) == []


@pytest.mark.parametrize("union", [claude_types.ToolUnionParam, claude_beta.BetaToolUnionParam])
def test_claude_server_tools(union: Any) -> None:
    """By family: the date says nothing about what becomes of them."""
    told = {re.sub(r"_\d{8}\]", "]", row) for row in rows(claude)}
    wanted = {f"tools[{re.sub(r'_?[0-9]{8}$', '', kind_of(tool))}]" for tool in members(union)} - {"tools[custom]"}
    assert wanted - told == set()


GEMINI = {
    "": gemini_types.GenerateContentConfig,
    " ": gemini_types.GenerationConfig,
    "part.": gemini_types.Part,
    "content.": gemini_types.Content,
    "functionCall.": gemini_types.FunctionCall,
    "functionResponse.": gemini_types.FunctionResponse,
    "functionDeclarations[].": gemini_types.FunctionDeclaration,
    "tools[].": gemini_types.Tool,
    "toolConfig.": gemini_types.ToolConfig,
    "functionCallingConfig.": gemini_types.FunctionCallingConfig,
    "thinkingConfig.": gemini_types.ThinkingConfig,
    "mediaResolution.": gemini_types.PartMediaResolution,
}
_GEMINI_ELSEWHERE = {
    "part.functionCall": "functionCall",
    "part.functionResponse": "functionResponse",
    "toolConfig.functionCallingConfig": "functionCallingConfig",
    "tools[].functionDeclarations": "functionDeclarations",
    "mediaResolution.level": "part.mediaResolution",
}
"""Field -> the prefix under which its own fields have rows."""


@pytest.mark.parametrize("prefix", GEMINI)
def test_gemini_fields(prefix: str) -> None:
    wanted = {f"{prefix.strip()}{to_camel(key)}" for key in GEMINI[prefix].model_fields} - _CLIENT_SIDE
    assert missing(gemini, {_GEMINI_ELSEWHERE.get(field, field) for field in wanted}) == []
