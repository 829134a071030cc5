"""Fields of `:generateContent` (google-genai `GenerateContentConfig`, `Content`, `Part`, `Tool`)."""

from __future__ import annotations

from typing import Any

from conversion_fields.model import CLOSED, MP4, OTHER_SCHEMA, PDF, PNG, SCHEMA, TO_KIRO, WAV, Field, Group

_ASKED = {"role": "user", "parts": [{"text": "zq-question"}]}
_SAID = {"role": "model", "parts": [{"text": "zq-said"}]}
_BODY = {"contents": [_ASKED]}
_DECLARED = {"name": "zq_look", "description": "zq-looks", "parametersJsonSchema": SCHEMA}
_OTHER = {"name": "zq_other", "parametersJsonSchema": SCHEMA}
_TOOLS = {**_BODY, "tools": [{"functionDeclarations": [_DECLARED, _OTHER]}]}
_CALL = {"functionCall": {"id": "call_zq", "name": "zq_look", "args": {"zq_city": "zq-town"}}}
_RESPONSE = {"functionResponse": {"id": "call_zq", "name": "zq_look", "response": {"output": "zq-sunny"}}}
_CALLED = {
    "tools": [{"functionDeclarations": [_DECLARED]}],
    "contents": [_ASKED, {"role": "model", "parts": [_CALL]}, {"role": "user", "parts": [_RESPONSE]}],
}
_IMAGE = {"inlineData": {"mimeType": "image/png", "data": PNG}}
_VIDEO = {"inlineData": {"mimeType": "video/mp4", "data": MP4}}
_FORMAT = {"responseMimeType": "application/json"}
_TURN = {"contents": [_ASKED, _SAID, _ASKED]}
_WITH = "goes with `responseLogprobs`"
_SIGNATURE = "enEtc2lnbmVk"


def _with(part: dict[str, Any]) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": "zq-question"}, part]}]}


def _hosted(key: str, **more: Any) -> Field:
    return Field(f"tools[].{key}", {key: more}, "tools.1")


def _beside(key: str, value: Any) -> Field:
    """A key that only describes the data of the part it stands in."""
    return Field(f"part.{key}", value, f"contents.0.parts.1.{key}")


GROUPS: tuple[Group, ...] = (
    Group(
        "Request",
        (
            Field("contents", [{"role": "user", "parts": [{"text": "zq-words"}]}]),
            Field("systemInstruction", {"parts": [{"text": "zq-rules"}]}),
            Field("safetySettings", [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]),
            Field("cachedContent", "cachedContents/zq"),
            Field("labels", {"zq-pair": "zq-value"}),
            Field("serviceTier", "SERVICE_TIER_FLEX"),
            Field("store", True),
            Field("modelArmorConfig", {"promptTemplateName": "zq-armor"}),
            Field("continuationToken", "zq-continue"),
            Field("generationOutputConfig", {"zq": "zq-output"}),
        ),
        _BODY,
    ),
    Group(
        "Sampling and limits",
        (
            Field("temperature", 0.25),
            Field("topP", 0.125),
            Field("topK", 17),
            Field("candidateCount", 2),
            Field("maxOutputTokens", 2345),
            Field("stopSequences", ["zq-stop"]),
            Field("presencePenalty", 0.375),
            Field("frequencyPenalty", 0.625),
            Field("seed", 4711),
            Field("responseLogprobs", True),
            Field(
                "logprobs",
                3,
                also={"generationConfig": {"responseLogprobs": True}},
                says={"claude": _WITH, "kiro": _WITH},
            ),
        ),
        _BODY,
        at="generationConfig",
    ),
    Group(
        "Reasoning and format",
        (
            Field("thinkingConfig.thinkingLevel", "high"),
            Field("thinkingConfig.thinkingBudget", 2345),
            Field("thinkingConfig.includeThoughts", True),
            Field("responseMimeType", "application/json", also={"contents.0.parts.0.text": "zq-json"}),
            Field("responseMimeType: text/x.enum", "text/x.enum", "responseMimeType"),
            Field("responseModalities", ["IMAGE"]),
            Field("mediaResolution", "MEDIA_RESOLUTION_LOW"),
            Field("speechConfig", {"languageCode": "zq"}),
            Field("audioTimestamp", True),
            Field("imageConfig", {"aspectRatio": "16:9"}),
            Field("routingConfig", {"manualMode": {"modelName": "zq-route"}}),
            Field("modelSelectionConfig", {"zq": "zq-select"}),
            Field("enableEnhancedCivicAnswers", True),
            Field("audioTranscriptionConfig", {"zq": "zq-transcribe"}),
            Field("responseFormat", {"zq": "zq-format"}),
            Field("translationConfig", {"zq": "zq-translate"}),
            Field("enableAffectiveDialog", True),
        ),
        _BODY,
        at="generationConfig",
    ),
    Group(
        "Reasoning and format",
        (
            Field("responseJsonSchema", CLOSED),
            Field("responseSchema", {"type": "OBJECT", "properties": {"zq_city": {"type": "STRING"}}}),
        ),
        {**_BODY, "generationConfig": _FORMAT},
        at="generationConfig",
    ),
    Group("Tools", (Field("tools", [{"functionDeclarations": [_DECLARED]}]),), _BODY),
    Group(
        "Tools",
        (
            Field("functionDeclarations[].name", "zq_renamed", "name"),
            Field("functionDeclarations[].description", "zq-told", "description"),
            Field("functionDeclarations[].parametersJsonSchema", OTHER_SCHEMA, "parametersJsonSchema"),
            Field("functionDeclarations[].response", {"type": "OBJECT", "description": "zq-answers"}, "response"),
            Field("functionDeclarations[].responseJsonSchema", CLOSED, "responseJsonSchema"),
            Field("functionDeclarations[].behavior", "NON_BLOCKING", "behavior"),
        ),
        _TOOLS,
        at="tools.0.functionDeclarations.0",
    ),
    Group(
        "Tools",
        (
            Field(
                "functionDeclarations[].parameters",
                {"type": "OBJECT", "properties": {"zq_city": {"type": "STRING", "nullable": True}}},
                "tools.0.functionDeclarations.0.parameters",
                also={"tools.0.functionDeclarations.0": {"name": "zq_look"}},
            ),
            _hosted("googleSearch"),
            _hosted("googleSearchRetrieval"),
            _hosted("enterpriseWebSearch"),
            _hosted("googleMaps"),
            _hosted("urlContext"),
            _hosted("codeExecution"),
            _hosted("computerUse", environment="ENVIRONMENT_BROWSER"),
            _hosted("fileSearch", fileSearchStoreNames=["zq-store"]),
            _hosted("retrieval", vertexAiSearch={"datastore": "zq-store"}),
            _hosted("parallelAiSearch"),
            _hosted("exaAiSearch"),
            Field("tools[].mcpServers", {"mcpServers": [{"name": "zq-server"}]}, "tools.1"),
            Field(
                "functionCallingConfig.mode: AUTO",
                "AUTO",
                "toolConfig.functionCallingConfig.mode",
                says={"kiro": TO_KIRO},
            ),
            Field("functionCallingConfig.mode: NONE", "NONE", "toolConfig.functionCallingConfig.mode"),
            Field("functionCallingConfig.mode: ANY", "ANY", "toolConfig.functionCallingConfig.mode"),
            Field(
                "functionCallingConfig.mode: VALIDATED",
                "VALIDATED",
                "toolConfig.functionCallingConfig.mode",
                also={"tools": [{"functionDeclarations": [{"name": "zq_look", "parametersJsonSchema": CLOSED}]}]},
            ),
            Field(
                "functionCallingConfig.allowedFunctionNames",
                ["zq_look"],
                "toolConfig.functionCallingConfig.allowedFunctionNames",
                also={"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
            ),
            Field(
                "functionCallingConfig.streamFunctionCallArguments",
                True,
                "toolConfig.functionCallingConfig.streamFunctionCallArguments",
            ),
            Field("toolConfig.retrievalConfig", {"languageCode": "zq"}),
            Field("toolConfig.includeServerSideToolInvocations", True),
        ),
        _TOOLS,
    ),
    Group(
        "Contents",
        (
            Field(
                "content.role: user",
                "user",
                "contents.0.role",
                also={"contents.0": {"parts": [{"text": "zq-question"}]}},
                says={"*": "the user's when missing", "gemini": "the user's when missing"},
            ),
            Field("content.role: model", _SAID, "contents.+1", also={"contents.1": _ASKED}),
            Field("content.role: system", {"role": "system", "parts": [{"text": "zq-later"}]}, "contents.1"),
            Field("content.parts", [{"text": "zq-words"}], "contents.0.parts"),
            Field("model content last (prefill)", {"role": "model", "parts": [{"text": "zq-begun"}]}, "contents.1"),
        ),
        _BODY,
    ),
    Group(
        "Parts",
        (
            Field("part.text", {"text": "zq-part"}, "contents.0.parts.0"),
            Field("part.inlineData: image", _IMAGE, "contents.0.parts.1"),
            Field(
                "part.inlineData: pdf",
                {"inlineData": {"mimeType": "application/pdf", "data": PDF}},
                "contents.0.parts.1",
            ),
            Field(
                "part.inlineData: audio", {"inlineData": {"mimeType": "audio/wav", "data": WAV}}, "contents.0.parts.1"
            ),
            Field("part.inlineData: video", _VIDEO, "contents.0.parts.1"),
            Field(
                "part.fileData: file of Google",
                {
                    "fileData": {
                        "mimeType": "image/png",
                        "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/zq",
                    }
                },
                "contents.0.parts.1",
            ),
            Field(
                "part.fileData: https",
                {"fileData": {"mimeType": "image/png", "fileUri": "https://zq.example/a.png"}},
                "contents.0.parts.1",
                says={"gemini": "downloaded by a2a", "kiro": "downloaded by a2a"},
            ),
            Field(
                "part.executableCode",
                {"executableCode": {"language": "PYTHON", "code": "zq_code()"}},
                "contents.0.parts.1",
            ),
            Field(
                "part.codeExecutionResult",
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "zq-output"}},
                "contents.0.parts.1",
            ),
            Field(
                "part.toolCall",
                {"toolCall": {"id": "zq", "toolType": "GOOGLE_SEARCH_WEB", "args": {"zq": "zq-query"}}},
                "contents.0.parts.1",
            ),
            Field(
                "part.toolResponse",
                {"toolResponse": {"id": "zq", "toolType": "GOOGLE_SEARCH_WEB", "response": {"zq": "zq-found"}}},
                "contents.0.parts.1",
            ),
            Field("part.audioTranscription", {"audioTranscription": {"text": "zq-heard"}}, "contents.0.parts.1"),
        ),
        {"contents": [{"role": "user", "parts": [{"text": "zq-question"}]}]},
    ),
    Group(
        "Parts",
        (
            _beside("mediaResolution", {"level": "MEDIA_RESOLUTION_LOW"}),
            Field(
                "mediaResolution.numTokens",
                4711,
                "contents.0.parts.1.mediaResolution.numTokens",
                also={"contents.0.parts.1.mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}},
            ),
            _beside("partMetadata", {"zq": "zq-meta"}),
            _beside("mediaProcessing", {"zq": "zq-processing"}),
            _beside("documentMetadata", {"zq": "zq-document"}),
            _beside("spreadsheetMetadata", {"zq": "zq-sheet"}),
            Field("inlineData.displayName", "zq-name", "contents.0.parts.1.inlineData.displayName"),
        ),
        _with(_IMAGE),
    ),
    Group(
        "Parts",
        (Field("fileData.displayName", "zq-name", "contents.0.parts.1.fileData.displayName"),),
        _with({"fileData": {"mimeType": "image/png", "fileUri": "https://zq.example/a.png"}}),
    ),
    Group(
        "Parts",
        (
            _beside("videoMetadata", {"fps": 3, "startOffset": "1s"}),
            _beside("audioMetadata", {"zq": "zq-audio"}),
            _beside("speechMetadata", {"zq": "zq-speech"}),
        ),
        _with(_VIDEO),
    ),
    Group(
        "Parts",
        (
            Field(
                "part.thought",
                {"text": "zq-thought", "thought": True, "thoughtSignature": _SIGNATURE},
                "contents.1.parts.0",
                also={"contents.1.parts.1": {"text": "zq-said"}},
            ),
            Field("part.thoughtSignature", _SIGNATURE, "contents.1.parts.0.thoughtSignature"),
        ),
        _TURN,
    ),
    Group(
        "Parts",
        (
            Field(
                "functionCall.id",
                "call_zq2",
                "contents.1.parts.0.functionCall.id contents.2.parts.0.functionResponse.id",
            ),
            Field("functionCall.name", "zq_renamed", "contents.1.parts.0.functionCall.name"),
            Field("functionCall.args", {"zq_city": "zq-burg"}, "contents.1.parts.0.functionCall.args"),
            Field(
                "functionCall.partialArgs",
                [{"jsonPath": "$.zq", "stringValue": "zq-partial"}],
                "contents.1.parts.0.functionCall.partialArgs",
            ),
            Field("functionCall.willContinue", False, "contents.1.parts.0.functionCall.willContinue"),
            Field("functionCall, thoughtSignature", _SIGNATURE, "contents.1.parts.0.thoughtSignature"),
            Field(
                "functionResponse.id",
                "call_zq3",
                "contents.2.parts.0.functionResponse.id contents.1.parts.0.functionCall.id",
            ),
            Field(
                "functionResponse.name",
                "zq_look2",
                "contents.2.parts.0.functionResponse.name contents.1.parts.0.functionCall.name",
            ),
            Field("functionResponse.response", {"output": "zq-rainy"}, "contents.2.parts.0.functionResponse.response"),
            Field(
                "functionResponse.response.error",
                {"error": "zq-failed"},
                "contents.2.parts.0.functionResponse.response",
            ),
            Field("functionResponse.parts", [_IMAGE], "contents.2.parts.0.functionResponse.parts"),
            Field("functionResponse.willContinue", False, "contents.2.parts.0.functionResponse.willContinue"),
            Field("functionResponse.scheduling", "SILENT", "contents.2.parts.0.functionResponse.scheduling"),
        ),
        _CALLED,
    ),
)
