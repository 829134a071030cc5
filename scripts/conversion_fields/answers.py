"""What upstreams answer, by upstream protocol: the smallest answer with and without each field."""

from __future__ import annotations

from typing import Any

from conversion_fields.model import PNG, Field, Group

_CITED_SAYS = {"*": "dropped: citations stay at their vendor"}
_OWN = {"*": "dropped: only this protocol has it"}
_UNNAMED = {"*": "dropped: no place for it", "chat": "dropped: no place for it"}
_COUNTED = {"*": "dropped: inside of the sums", "chat": "dropped: inside of the sums"}
_ID = {"responses": "a2a gives an id of its own"}
_UNSAID = "this protocol does not say it"
_NO_LOGPROBS = {"claude": "dropped: this protocol has none"}
_FOLLOWS = dict.fromkeys(("chat", "responses", "claude", "gemini"), "follows from the calls")
_KEPT = "kept by a2a for the next turn of a tool loop"
_NO_SPLIT = "part of the input tokens there"
_SUM = "made anew from the parts"
_END = {"*": "an ordinary end: no word for it"}
_EVERYWHERE = ("chat", "responses", "claude", "gemini")
_NOBODY = dict.fromkeys(_EVERYWHERE, "dropped: nobody asks for it")
_RECORD = dict.fromkeys(_EVERYWHERE, "credits go into a2a's record of the call")
_ONE = dict.fromkeys(("responses", "claude"), "cannot happen: such a request is refused")

# Chat

_CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "zq-model",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "zq-said"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3000, "completion_tokens": 2000, "total_tokens": 5000},
}
_CHAT_CALL = {
    "id": "call_zq",
    "type": "function",
    "function": {"name": "zq_look", "arguments": '{"zq_city":"zq-town"}'},
}


def _tokens(token: str) -> dict[str, Any]:
    return {
        "token": token,
        "logprob": -0.5,
        "bytes": [122, 113],
        "top_logprobs": [{"token": token, "logprob": -0.5, "bytes": [122, 113]}],
    }


CHAT: tuple[Group, ...] = (
    Group(
        "Answer",
        (
            Field("id", "chatcmpl-zq", says=_ID),
            Field("model", "zq-other"),
            Field("created", 1700004711, says={"gemini": _UNSAID, "claude": _UNSAID}),
            Field("service_tier", "zq-tier", says=_OWN),
            Field("system_fingerprint", "zq-print", says=_OWN),
            Field(
                "choices[1]",
                {"index": 1, "message": {"role": "assistant", "content": "zq-second"}, "finish_reason": "stop"},
                "choices.1",
                says=_ONE,
            ),
        ),
        _CHAT,
    ),
    Group(
        "Content",
        (
            Field("content", "zq-words", "message.content"),
            Field("refusal", "zq-no", "message.refusal"),
            Field("reasoning_content", "zq-thought", "message.reasoning_content"),
            Field("reasoning", "zq-thought", "message.reasoning"),
            Field("tool_calls", [_CHAT_CALL], "message.tool_calls"),
            Field("function_call", {"name": "zq_look", "arguments": '{"zq_city":"zq-town"}'}, "message.function_call"),
            Field(
                "annotations",
                [
                    {
                        "type": "url_citation",
                        "url_citation": {
                            "url": "https://zq.example",
                            "title": "zq-title",
                            "start_index": 0,
                            "end_index": 2,
                        },
                    }
                ],
                "message.annotations",
                says=_CITED_SAYS,
            ),
            Field(
                "audio",
                {"id": "zq-audio", "data": "AAAA", "transcript": "zq-spoken", "expires_at": 1},
                "message.audio",
                says=_OWN,
            ),
            Field("logprobs.content", [_tokens("zq-token")], says=_NO_LOGPROBS),
            Field("logprobs.refusal", [_tokens("zq-token")], says=_UNNAMED),
        ),
        _CHAT,
        at="choices.0",
    ),
    Group(
        "Stop",
        (
            Field("finish_reason: length", "length", "finish_reason"),
            Field("finish_reason: content_filter", "content_filter", "finish_reason"),
            Field(
                "finish_reason: tool_calls",
                "tool_calls",
                "finish_reason",
                also={"choices.0.message.tool_calls": [_CHAT_CALL]},
                says=_FOLLOWS,
            ),
        ),
        _CHAT,
        at="choices.0",
    ),
    Group(
        "Usage",
        (
            Field("prompt_tokens", 3333),
            Field("completion_tokens", 2222),
            Field("total_tokens", 5555, says={"*": _SUM, "chat": _SUM}),
            Field("prompt_tokens_details.cached_tokens", 1111),
            Field("prompt_tokens_details.cache_write_tokens", 1111, says={"gemini": _NO_SPLIT}),
            Field("prompt_tokens_details.audio_tokens", 1111, says=_COUNTED),
            Field("completion_tokens_details.reasoning_tokens", 1111),
            Field("completion_tokens_details.audio_tokens", 1111, says=_COUNTED),
            Field("completion_tokens_details.accepted_prediction_tokens", 1111, says=_COUNTED),
            Field("completion_tokens_details.rejected_prediction_tokens", 1111, says=_COUNTED),
        ),
        _CHAT,
        at="usage",
    ),
)

# Responses

_MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "zq-said", "annotations": []}],
}
_RESPONSES: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1700000000,
    "model": "zq-model",
    "status": "completed",
    "output": [_MESSAGE],
    "usage": {
        "input_tokens": 3000,
        "output_tokens": 2000,
        "total_tokens": 5000,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    },
}
_FUNCTION_CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_zq",
    "name": "zq_look",
    "arguments": '{"zq_city":"zq-town"}',
    "status": "completed",
}
_THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "zq-thought"}]}

RESPONSES: tuple[Group, ...] = (
    Group(
        "Answer",
        (
            Field("id", "resp_zq"),
            Field("model", "zq-other"),
            Field("created_at", 1700004711, says={"gemini": _UNSAID, "claude": _UNSAID}),
            Field("service_tier", "zq-tier", says=_OWN),
        ),
        _RESPONSES,
    ),
    Group(
        "Content",
        (
            Field("output_text.text", "zq-words", "output.0.content.0.text"),
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
                "output.0.content.0.annotations",
                says=_CITED_SAYS,
            ),
            Field("output_text.logprobs", [_tokens("zq-token")], "output.0.content.0.logprobs", says=_NO_LOGPROBS),
            Field("refusal", {"type": "refusal", "refusal": "zq-no"}, "output.0.content.0"),
            Field("reasoning.summary", _THOUGHT, "output.+0"),
            Field(
                "reasoning.content",
                {
                    "type": "reasoning",
                    "id": "rs_1",
                    "summary": [],
                    "content": [{"type": "reasoning_text", "text": "zq-chain"}],
                },
                "output.+0",
            ),
            Field(
                "reasoning.encrypted_content",
                "zq-sealed",
                "output.0.encrypted_content",
                also={"output.+0": _THOUGHT},
                says={"chat": _KEPT, "claude": _KEPT},
            ),
            Field("function_call", _FUNCTION_CALL, "output.1"),
            Field(
                "custom_tool_call",
                {
                    "type": "custom_tool_call",
                    "id": "ctc_1",
                    "call_id": "call_zq",
                    "name": "zq_free",
                    "input": "zq-text",
                },
                "output.1",
            ),
            Field(
                "web_search_call",
                {
                    "type": "web_search_call",
                    "id": "ws_1",
                    "status": "completed",
                    "action": {"type": "search", "query": "zq-query"},
                },
                "output.+0",
                says=_OWN,
            ),
            Field(
                "image_generation_call",
                {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG},
                "output.+0",
                says=_OWN,
            ),
            Field(
                "code_interpreter_call",
                {
                    "type": "code_interpreter_call",
                    "id": "ci_1",
                    "code": "zq_code()",
                    "container_id": "zq",
                    "outputs": [],
                    "status": "completed",
                },
                "output.+0",
            ),
        ),
        _RESPONSES,
    ),
    Group(
        "Stop",
        (
            Field(
                "incomplete: max_output_tokens",
                {"reason": "max_output_tokens"},
                "incomplete_details",
                also={"status": "incomplete"},
            ),
            Field(
                "incomplete: content_filter",
                {"reason": "content_filter"},
                "incomplete_details",
                also={"status": "incomplete"},
            ),
        ),
        _RESPONSES,
    ),
    Group(
        "Usage",
        (
            Field("input_tokens", 3333),
            Field("output_tokens", 2222),
            Field("total_tokens", 5555, says={"*": _SUM, "responses": _SUM}),
            Field("input_tokens_details.cached_tokens", 1111),
            Field("input_tokens_details.cache_write_tokens", 1111, says={"gemini": _NO_SPLIT}),
            Field("output_tokens_details.reasoning_tokens", 1111),
        ),
        _RESPONSES,
        at="usage",
    ),
)

# Claude

_CLAUDE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "zq-model",
    "content": [{"type": "text", "text": "zq-said"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3000, "output_tokens": 2000},
}
_USE = {"type": "tool_use", "id": "toolu_zq", "name": "zq_look", "input": {"zq_city": "zq-town"}}
_CITED = [
    {
        "type": "web_search_result_location",
        "url": "https://zq.example",
        "title": "zq-title",
        "cited_text": "zq-cited",
        "encrypted_index": "zq",
    }
]

CLAUDE: tuple[Group, ...] = (
    Group(
        "Answer",
        (
            Field("id", "msg_zq", says=_ID),
            Field("model", "zq-other"),
            Field("container", {"id": "zq-container", "expires_at": "2026-11-22T00:00:00Z"}, says=_OWN),
        ),
        _CLAUDE,
    ),
    Group(
        "Content",
        (
            Field("text.text", "zq-words", "content.0.text"),
            Field("text.citations", _CITED, "content.0.citations", says=_CITED_SAYS),
            Field("thinking.thinking", {"type": "thinking", "thinking": "zq-thought", "signature": ""}, "content.+0"),
            Field(
                "thinking.signature",
                "zq-signed",
                "content.0.signature",
                also={"content.+0": {"type": "thinking", "thinking": "zq-thought", "signature": ""}},
                says={"chat": _KEPT},
            ),
            Field(
                "redacted_thinking",
                {"type": "redacted_thinking", "data": "zq-hidden"},
                "content.+0",
                says={"chat": _KEPT},
            ),
            Field("tool_use", _USE, "content.1"),
            Field(
                "server_tool_use",
                {"type": "server_tool_use", "id": "srvtoolu_zq", "name": "web_search", "input": {"query": "zq-query"}},
                "content.+0",
                says=_OWN,
            ),
            Field(
                "web_search_tool_result",
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": "srvtoolu_zq",
                    "content": [
                        {
                            "type": "web_search_result",
                            "title": "zq-title",
                            "url": "https://zq.example",
                            "encrypted_content": "zq",
                        }
                    ],
                },
                "content.+0",
            ),
        ),
        _CLAUDE,
    ),
    Group(
        "Stop",
        (
            Field("stop_reason: max_tokens", "max_tokens", "stop_reason"),
            Field("stop_reason: stop_sequence", "stop_sequence", "stop_reason", says=_END),
            Field("stop_sequence", "zq-stop", also={"stop_reason": "stop_sequence"}, says=_END),
            Field("stop_reason: tool_use", "tool_use", "stop_reason", also={"content.1": _USE}, says=_FOLLOWS),
            Field("stop_reason: pause_turn", "pause_turn", "stop_reason", says=_END),
            Field("stop_reason: refusal", "refusal", "stop_reason"),
            Field(
                "stop_details",
                {"type": "refusal", "category": "cyber", "explanation": "zq-explained"},
                also={"stop_reason": "refusal"},
            ),
            Field("stop_reason: model_context_window_exceeded", "model_context_window_exceeded", "stop_reason"),
        ),
        _CLAUDE,
    ),
    Group(
        "Usage",
        (
            Field("input_tokens", 3333),
            Field("output_tokens", 2222),
            Field("cache_read_input_tokens", 1111),
            Field("cache_creation_input_tokens", 1111),
            Field(
                "cache_creation.ephemeral_1h_input_tokens",
                1111,
                also={"usage.cache_creation_input_tokens": 1111},
                says={"*": "part of the tokens written to the cache"},
            ),
            Field("output_tokens_details.thinking_tokens", 1111),
            Field("server_tool_use", {"web_search_requests": 4711}, says=_OWN),
            Field("service_tier", "zq-tier", says=_OWN),
        ),
        _CLAUDE,
        at="usage",
    ),
)

# Gemini

_GEMINI: dict[str, Any] = {
    "responseId": "zq-1",
    "modelVersion": "zq-model",
    "createTime": "2023-11-14T22:13:20Z",
    "candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": "zq-said"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 3000, "candidatesTokenCount": 2000, "totalTokenCount": 5000},
}
_CALL = {"functionCall": {"id": "call_zq", "name": "zq_look", "args": {"zq_city": "zq-town"}}}
_SIGNATURE = "enEtc2lnbmVk"
_STOPS = ("RECITATION", "SAFETY", "LANGUAGE", "PROHIBITED_CONTENT")

GEMINI: tuple[Group, ...] = (
    Group(
        "Answer",
        (
            Field("responseId", "zq-2", says=_ID),
            Field("modelVersion", "zq-other"),
            Field(
                "candidates[1]",
                {"index": 1, "content": {"role": "model", "parts": [{"text": "zq-second"}]}, "finishReason": "STOP"},
                "candidates.1",
                says=_ONE,
            ),
            Field("promptFeedback", {"blockReason": "SAFETY"}, also={"candidates": []}),
        ),
        _GEMINI,
    ),
    Group(
        "Content",
        (
            Field("text", {"text": "zq-words"}, "content.parts.0"),
            Field("thought", {"text": "zq-thought", "thought": True}, "content.parts.+0"),
            Field(
                "thoughtSignature",
                _SIGNATURE,
                "content.parts.0.thoughtSignature",
                says={
                    "chat": "dropped: no call to keep it for",
                    "responses": "dropped: no call to keep it for",
                    "claude": "dropped: no call to keep it for",
                },
            ),
            Field("functionCall", _CALL, "content.parts.1"),
            Field(
                "functionCall, thoughtSignature",
                _SIGNATURE,
                "content.parts.1.thoughtSignature",
                also={"candidates.0.content.parts.1": _CALL},
                says={"chat": _KEPT, "responses": _KEPT, "claude": _KEPT},
            ),
            Field("inlineData", {"inlineData": {"mimeType": "image/png", "data": PNG}}, "content.parts.1"),
            Field("executableCode", {"executableCode": {"language": "PYTHON", "code": "zq_code()"}}, "content.parts.1"),
            Field(
                "codeExecutionResult",
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "zq-output"}},
                "content.parts.1",
            ),
            Field("groundingMetadata", {"webSearchQueries": ["zq-query"]}, says=_CITED_SAYS),
            Field("citationMetadata", {"citationSources": [{"uri": "https://zq.example"}]}, says=_CITED_SAYS),
            Field("safetyRatings", [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}], says=_OWN),
            Field(
                "logprobsResult",
                {
                    "chosenCandidates": [{"token": "zq-token", "logProbability": -0.5}],
                    "topCandidates": [{"candidates": [{"token": "zq-token", "logProbability": -0.5}]}],
                },
                says=_NO_LOGPROBS,
            ),
        ),
        _GEMINI,
        at="candidates.0",
    ),
    Group(
        "Stop",
        (
            Field("finishReason: MAX_TOKENS", "MAX_TOKENS", "candidates.0.finishReason"),
            *(Field(f"finishReason: {word}", word, "candidates.0.finishReason") for word in _STOPS),
        ),
        _GEMINI,
    ),
    Group(
        "Usage",
        (
            Field("promptTokenCount", 3333),
            Field("candidatesTokenCount", 2222),
            Field("thoughtsTokenCount", 1111),
            Field("cachedContentTokenCount", 1111),
            Field("toolUsePromptTokenCount", 1111),
            Field("totalTokenCount", 5555, says={"*": _SUM, "gemini": _SUM}),
            Field("promptTokensDetails", [{"modality": "TEXT", "tokenCount": 4711}], says=_OWN),
        ),
        _GEMINI,
        at="usageMetadata",
    ),
)

# Kiro: the events of the stream by name, in order

_KIRO: dict[str, Any] = {
    "reasoningContentEvent": None,
    "assistantResponseEvent": {"content": "zq-said"},
    "toolUseEvent": None,
    "metadataEvent": {
        "stopReason": "END_TURN",
        "tokenUsage": {"uncachedInputTokens": 3000, "outputTokens": 2000, "totalTokens": 5000},
    },
    "meteringEvent": {"unit": "credit", "unitPlural": "credits", "usage": 0.5},
}

KIRO: tuple[Group, ...] = (
    Group(
        "Content",
        (
            Field("assistantResponseEvent.content", "zq-words"),
            Field("reasoningContentEvent.text", {"text": "zq-thought"}, "reasoningContentEvent"),
            Field(
                "reasoningContentEvent.signature",
                {"text": "zq-thought", "signature": "zq-signed"},
                "reasoningContentEvent",
                also={"reasoningContentEvent": {"text": "zq-thought"}},
                says={"chat": _KEPT, "claude": _KEPT},
            ),
            Field(
                "toolUseEvent",
                {"toolUseId": "tooluse_zq", "name": "zq_look", "input": '{"zq_city":"zq-town"}', "stop": True},
            ),
            Field("codeReferenceEvent", {"references": [{"licenseName": "zq-license"}]}, says=_NOBODY),
            Field(
                "supplementaryWebLinksEvent", {"supplementaryWebLinks": [{"url": "https://zq.example"}]}, says=_NOBODY
            ),
        ),
        _KIRO,
    ),
    Group(
        "Stop",
        (
            Field("stopReason: MAX_TOKENS", "MAX_TOKENS", "metadataEvent.stopReason"),
            Field("stopReason: CONTENT_FILTERED", "CONTENT_FILTERED", "metadataEvent.stopReason"),
            Field(
                "stopReason: MODEL_CONTEXT_WINDOW_EXCEEDED", "MODEL_CONTEXT_WINDOW_EXCEEDED", "metadataEvent.stopReason"
            ),
            Field(
                "stopReason: PAUSE_TURN",
                "PAUSE_TURN",
                "metadataEvent.stopReason",
                says=dict.fromkeys(("chat", "responses", "gemini"), _END["*"]),
            ),
            Field(
                "stopDetails.refusal.explanation",
                {"refusal": {"explanation": "zq-explained"}},
                "metadataEvent.stopDetails",
                also={"metadataEvent.stopReason": "CONTENT_FILTERED"},
            ),
        ),
        _KIRO,
    ),
    Group(
        "Usage",
        (
            Field("uncachedInputTokens", 3333, "metadataEvent.tokenUsage.uncachedInputTokens"),
            Field("cacheReadInputTokens", 1111, "metadataEvent.tokenUsage.cacheReadInputTokens"),
            Field("cacheWriteInputTokens", 1111, "metadataEvent.tokenUsage.cacheWriteInputTokens"),
            Field("outputTokens", 2222, "metadataEvent.tokenUsage.outputTokens"),
            Field("meteringEvent.usage", 0.75, says=_RECORD),
        ),
        _KIRO,
    ),
)

GROUPS: dict[str, tuple[Group, ...]] = {
    "chat": CHAT,
    "responses": RESPONSES,
    "claude": CLAUDE,
    "gemini": GEMINI,
    "kiro": KIRO,
}
