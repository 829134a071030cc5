"""The emulated Kiro upstream: who gets in, what is refused, what a stream holds (specs/kiro.md 12 and 13)."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from a2a.demo.kiro.accounts import CLIENT_SECRET, SHARED_BUILDER_ARN
from a2a.demo.kiro.script import Delay, RawEvent, Text, Think, ToolUse
from a2a.demo.upstreams import Upstreams
from a2a.protocols.eventstream import FrameError, FrameReader

pytestmark = pytest.mark.anyio

ARN = "arn:aws:codewhisperer:us-east-1:111122223333:profile/ABCDEFGHIJKL"
EU_ARN = "arn:aws:codewhisperer:eu-central-1:444455556666:profile/MNOPQRSTUVWX"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
TOOL = {
    "toolSpecification": {
        "name": "get_weather",
        "description": "Current weather of a city.",
        "inputSchema": {
            "json": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city"],
            }
        },
    }
}


def body(content: str = "Say hello.", model: str = "claude-sonnet-4.5", **message: Any) -> dict[str, Any]:
    current = {"content": content, "modelId": model, "origin": "AI_EDITOR"} | message
    return {
        "conversationState": {
            "conversationId": "6f1b0c1e-8a52-4f0e-9d3c-2f5a7c9e1b44",
            "chatTriggerType": "MANUAL",
            "currentMessage": {"userInputMessage": current},
        },
        "profileArn": ARN,
    }


def tool_turn() -> dict[str, Any]:
    """Golden example C."""
    made = body(
        "Tool results provided.",
        userInputMessageContext={
            "toolResults": [{"toolUseId": "tooluse_1", "status": "success", "content": [{"text": "12 °C, clear"}]}],
            "tools": [TOOL],
        },
    )
    made["conversationState"]["history"] = [
        {"userInputMessage": {"content": "Weather?", "modelId": "claude-sonnet-4.5", "origin": "AI_EDITOR"}},
        {
            "assistantResponseMessage": {
                "content": "",
                "toolUses": [{"toolUseId": "tooluse_1", "name": "get_weather", "input": {"city": "Kyoto"}}],
            }
        },
    ]
    return made


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def http(up: Upstreams) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=up.kiro_url, timeout=10) as client:
        yield client


async def ask(
    http: httpx.AsyncClient, sent: dict[str, Any], token: str = "aoa-social", host: str = "runtime", **headers: str
) -> httpx.Response:
    return await http.post(
        f"/{host}/generateAssistantResponse", json=sent, headers={"authorization": f"Bearer {token}", **headers}
    )


def events(stream: bytes) -> list[tuple[str, dict[str, Any]]]:
    reader = FrameReader()
    frames = reader.feed(stream)
    reader.eof()
    return [(one.text(":event-type") or one.text(":exception-type"), json.loads(one.payload)) for one in frames]


def text_of(stream: bytes) -> str:
    return "".join(data["content"] for kind, data in events(stream) if kind == "assistantResponseEvent")


async def test_text(http: httpx.AsyncClient) -> None:
    answer = await ask(http, body("grüß dich, 世界"))
    assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert answer.headers["x-amzn-codewhisperer-conversation-id"] == "6f1b0c1e-8a52-4f0e-9d3c-2f5a7c9e1b44"
    assert text_of(answer.content) == "You said: grüß dich, 世界 — noted ✓"
    assert [kind for kind, _ in events(answer.content)][-3:] == ["metadataEvent", "contextUsageEvent", "meteringEvent"]


async def test_tool_use_arrives_in_fragments(http: httpx.AsyncClient) -> None:
    asked = body("What is the weather in Kyoto?", userInputMessageContext={"tools": [TOOL]})
    uses = [data for kind, data in events((await ask(http, asked)).content) if kind == "toolUseEvent"]
    assert "input" not in uses[0]
    assert uses[-1]["stop"] is True
    assert json.loads("".join(use.get("input", "") for use in uses)) == {"city": "Kyoto"}


async def test_tool_result_ends_the_turn(http: httpx.AsyncClient) -> None:
    assert text_of((await ask(http, tool_turn())).content) == "The tool said: 12 °C, clear"


async def test_native_thinking_and_image(http: httpx.AsyncClient) -> None:
    asked = body("What is this?", "claude-opus-4.8", images=[{"format": "png", "source": {"bytes": PNG}}])
    asked["additionalModelRequestFields"] = {"thinking": {"type": "adaptive", "display": "summarized"}}
    found = events((await ask(http, asked)).content)
    assert found[0][0] == "reasoningContentEvent"
    assert next(data for kind, data in found if "signature" in data)["signature"]
    assert text_of((await ask(http, asked)).content).startswith("The image is 1x1 pixels (image/png).")


async def test_tag_thinking(http: httpx.AsyncClient) -> None:
    asked = body("hello")
    asked["conversationState"]["history"] = [
        {"userInputMessage": {"content": "<thinking_mode>enabled</thinking_mode><max_thinking_length>2000</x>"}},
        {"assistantResponseMessage": {"content": "Understood."}},
    ]
    said = text_of((await ask(http, asked)).content)
    assert said.startswith("<thinking>The user wrote")
    assert said.endswith("</thinking>\n\nYou said: hello — noted ✓")


async def test_aws_json_form(http: httpx.AsyncClient) -> None:
    headers = {
        "authorization": "Bearer aoa-social",
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "KiroRuntimeService.GenerateAssistantResponse",
    }
    answer = await http.post("/runtime/", json=body() | {"agentMode": "vibe"}, headers=headers)
    assert events(answer.content)[0][0] == "initial-response"
    wrong = await http.post("/runtime/", json=body(model="nope"), headers=headers)
    assert wrong.json()["__type"].endswith("#ValidationException")
    unknown = await http.post("/runtime/", json=body(), headers=headers | {"x-amz-target": "Nope.Nope"})
    assert unknown.status_code == 404


REFUSED_AT_THE_DOOR: list[tuple[str, dict[str, str], dict[str, Any], int, str]] = [
    ("nobody", {}, {}, 403, "The bearer token included in the request is invalid."),
    ("aoa-suspended", {}, {}, 403, "temporarily is suspended"),
    ("aoa-quota", {}, {}, 402, "You have reached the limit."),
    ("aoa-social", {}, {"profileArn": EU_ARN}, 403, "bearer token"),
    ("aoa-bid", {}, {"profileArn": SHARED_BUILDER_ARN}, 403, "bearer token"),
    ("jwt-ext", {}, {}, 403, "bearer token"),
    ("ksk_test", {}, {}, 403, "bearer token"),
]


@pytest.mark.parametrize(("token", "headers", "change", "status", "said"), REFUSED_AT_THE_DOOR)
async def test_who_gets_in(
    http: httpx.AsyncClient, token: str, headers: dict[str, str], change: dict[str, Any], status: int, said: str
) -> None:
    answer = await ask(http, body() | change, token, **headers)
    assert answer.status_code == status
    assert said in answer.json()["message"]


async def test_arn_rules(http: httpx.AsyncClient, up: Upstreams) -> None:
    bare = {key: value for key, value in body().items() if key != "profileArn"}
    missing = await ask(http, bare)
    assert (missing.status_code, missing.json()["message"]) == (400, "profileArn is required for this request.")
    assert (await ask(http, bare, "aoa-bid", "q")).status_code == 200
    assert (await ask(http, bare | {"profileArn": SHARED_BUILDER_ARN}, "aoa-bid", "q")).status_code == 403
    up.kiro.flags.builder_arn_ok = True
    assert (await ask(http, bare | {"profileArn": SHARED_BUILDER_ARN}, "aoa-bid")).status_code == 200
    assert (await ask(http, bare, "ksk_test", tokentype="API_KEY")).status_code == 200
    eu = bare | {"profileArn": EU_ARN}
    assert (await ask(http, eu, "aoa-idc-eu", "runtime/eu-central-1")).status_code == 200
    assert (await ask(http, eu, "aoa-idc-eu", "runtime/us-east-1")).status_code == 403
    up.kiro.flags.legacy_gone = True
    assert (await ask(http, bare, "aoa-bid", "q")).status_code == 410


def edited(made: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the member at `path` set, or removed when `value` is ...; list indexes are numbers."""
    made = copy.deepcopy(made)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    node: Any = made
    for step in steps:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return made


CURRENT = "conversationState.currentMessage.userInputMessage"
CONTEXT = f"{CURRENT}.userInputMessageContext"
SPEC = f"{CONTEXT}.tools.0.toolSpecification"
BROKEN: list[tuple[str, Any, str]] = [
    ("conversationState.chatTriggerType", ..., "REQUEST_BODY_INVALID"),
    ("conversationState.chatTriggerType", "AUTO", "REQUEST_BODY_INVALID"),
    (f"{CURRENT}.content", ..., "REQUEST_BODY_INVALID"),
    (f"{CURRENT}.images", [], "REQUEST_BODY_INVALID"),
    (f"{CURRENT}.cachePoint", None, "REQUEST_BODY_INVALID"),
    ("systemPrompt", "be nice", "REQUEST_BODY_INVALID"),
    ("conversationState.history.0", ..., "REQUEST_BODY_INVALID"),
    ("conversationState.history.1", ..., "REQUEST_BODY_INVALID"),
    ("conversationState.history.0.userInputMessage.userInputMessageContext", {"tools": [TOOL]}, "REQUEST_BODY_INVALID"),
    ("conversationState.history.1.assistantResponseMessage.toolUses.0.input", "{}", "REQUEST_BODY_INVALID"),
    (f"{CONTEXT}.tools", ..., "TOOL_CONFIG_MISSING"),
    (f"{CONTEXT}.toolResults.0.toolUseId", "tooluse_2", "TOOL_USE_RESULT_MISMATCH"),
    (f"{CONTEXT}.toolResults", ..., "TOOL_USE_RESULT_MISMATCH"),
    (f"{SPEC}.name", "no spaces", "REQUEST_BODY_INVALID"),
    (f"{SPEC}.description", "", "REQUEST_BODY_INVALID"),
    (f"{SPEC}.description", "x" * 10_241, "REQUEST_BODY_INVALID"),
    (f"{SPEC}.inputSchema.json", {"type": "string"}, "TOOL_SCHEMA_INVALID"),
    (f"{SPEC}.inputSchema.json.properties.city", {"const": "a"}, "TOOL_SCHEMA_INVALID"),
    (f"{CONTEXT}.tools", [TOOL, TOOL], "TOOL_DUPLICATE"),
    (f"{CURRENT}.modelId", "gpt-2", "INVALID_MODEL_ID"),
    ("additionalModelRequestFields", {"thinking": {"type": "adaptive"}}, "REQUEST_BODY_INVALID"),
    (
        "conversationState.history.1.assistantResponseMessage.reasoningContent",
        {"reasoningText": {"text": "a", "signature": "b"}},
        "THINKING_SIGNATURE_INVALID",
    ),
    (f"{CURRENT}.images", [{"format": "jpeg", "source": {"bytes": PNG}}], "IMAGE_MIME_MISMATCH"),
    (f"{CURRENT}.images", [{"format": "png", "source": {"bytes": PNG}}] * 101, "IMAGE_COUNT_EXCEEDED"),
    (f"{CURRENT}.images", [{"format": "png", "source": {"bytes": "A" * 5_242_884}}], None),
    (f"{CURRENT}.content", "x" * 900_000, "CONTENT_LENGTH_EXCEEDS_THRESHOLD"),
]


@pytest.mark.parametrize(("path", "value", "reason"), BROKEN)
async def test_broken_bodies(http: httpx.AsyncClient, path: str, value: Any, reason: str) -> None:
    answer = await ask(http, edited(tool_turn(), path, value))
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "ValidationException"
    assert answer.json()["reason"] == reason


async def test_a_rule_can_be_switched_off(http: httpx.AsyncClient) -> None:
    broken = edited(tool_turn(), f"{CONTEXT}.toolResults.0.toolUseId", "tooluse_2")
    assert (await http.post("/_control/flags", json={"pairs": False})).status_code == 200
    assert (await ask(http, broken)).status_code == 200
    assert (await http.post("/_control/flags", json={"nonsense": False})).status_code == 400


async def test_social_refresh_rotates_once(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.clock.advance(3601)
    late = await ask(http, body())
    assert (late.status_code, late.json()["message"]) == (403, "Token expired.")
    old = up.kiro.accounts["aoa-social"].refresh_token
    renewed = await http.post("/auth/refreshToken", json={"refreshToken": old})
    assert (await ask(http, body(), renewed.json()["accessToken"])).status_code == 200
    again = await http.post("/auth/refreshToken", json={"refreshToken": old})
    assert (again.status_code, again.json()) == (401, {"message": "Bad credentials"})
    assert up.kiro.accounts["aoa-social"].reused == 1


async def test_oidc_refresh_checks_the_client(http: httpx.AsyncClient, up: Upstreams) -> None:
    account = up.kiro.accounts["aoa-idc-eu"]
    sent = {
        "clientId": account.client_id,
        "clientSecret": CLIENT_SECRET,
        "grantType": "refresh_token",
        "refreshToken": account.refresh_token,
    }
    wrong = await http.post("/oidc/token", json=sent | {"clientSecret": "no"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wrong.headers["x-amzn-errortype"] == "InvalidClientException"
    elsewhere = await http.post("/oidc/us-east-1/token", json=sent)
    assert (elsewhere.status_code, elsewhere.json()["error"]) == (400, "invalid_request")
    renewed = await http.post("/oidc/eu-west-1/token", json=sent)
    assert (await ask(http, body() | {"profileArn": EU_ARN}, renewed.json()["accessToken"])).status_code == 200
    again = await http.post("/oidc/token", json=sent)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_external_idp_refresh(http: httpx.AsyncClient, up: Upstreams) -> None:
    account = up.kiro.accounts["jwt-ext"]
    form = {
        "grant_type": "refresh_token",
        "client_id": account.client_id,
        "refresh_token": account.refresh_token,
        "scope": "openid offline_access",
    }
    renewed = await http.post("/idp/token", data=form)
    assert renewed.json()["refresh_token"] != form["refresh_token"]
    assert (await http.post("/idp/token", data=form)).json()["error"] == "invalid_grant"


async def test_fault_until_refresh(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.faults.add("401 until-refresh", api="kiro", account="aoa-social")
    assert (await ask(http, body())).status_code == 401
    assert (await ask(http, body())).status_code == 401
    token = up.kiro.accounts["aoa-social"].refresh_token
    renewed = await http.post("/auth/refreshToken", json={"refreshToken": token})
    assert (await ask(http, body(), renewed.json()["accessToken"])).status_code == 200


async def test_management(http: httpx.AsyncClient) -> None:
    auth = {"authorization": "Bearer aoa-social"}
    query = {"origin": "AI_EDITOR", "profileArn": ARN}
    listed = (await http.get("/management/ListAvailableModels", params=query, headers=auth)).json()
    assert listed["defaultModel"]["modelId"] == "auto"
    page = (await http.get("/management/List-Available-Models", params=query | {"maxResults": 3}, headers=auth)).json()
    assert ([model["modelId"] for model in page["models"]], page["nextToken"]) == (
        [model["modelId"] for model in listed["models"][:3]],
        "3",
    )
    lost = await http.get("/management/ListAvailableModels", params={"origin": "AI_EDITOR"}, headers=auth)
    assert (lost.status_code, lost.json()["message"]) == (400, "Invalid profileArn.")
    used = (await http.get("/management/getUsageLimits", params=query, headers=auth)).json()
    before = used["usageBreakdownList"][0]["currentUsageWithPrecision"]
    await ask(http, body())
    used = (await http.get("/management/getUsageLimits", params=query, headers=auth)).json()
    assert used["usageBreakdownList"][0]["currentUsageWithPrecision"] > before


PROFILES = [
    ("aoa-social", {}, 200, []),
    ("aoa-idc-eu", {}, 200, [EU_ARN]),
    ("aoa-bid", {}, 403, None),
    ("jwt-ext", {}, 403, None),
    (
        "jwt-ext",
        {"tokentype": "EXTERNAL_IDP"},
        200,
        ["arn:aws:codewhisperer:us-east-1:777788889999:profile/YZABCDEFGHIJ"],
    ),
]


@pytest.mark.parametrize(("token", "headers", "status", "arns"), PROFILES)
async def test_profiles(
    http: httpx.AsyncClient, token: str, headers: dict[str, str], status: int, arns: list[str] | None
) -> None:
    answer = await http.post(
        "/management/ListAvailableProfiles", json={}, headers={"authorization": f"Bearer {token}", **headers}
    )
    assert answer.status_code == status
    if arns is not None:
        assert [profile["arn"] for profile in answer.json()["profiles"]] == arns


async def test_web_search(http: httpx.AsyncClient) -> None:
    call = {
        "jsonrpc": "2.0",
        "id": "web_search_tooluse_x",
        "method": "tools/call",
        "params": {"name": "web_search", "arguments": {"query": "kyoto"}},
    }
    headers = {"authorization": "Bearer aoa-social", "x-amzn-kiro-profile-arn": ARN}
    answer = (await http.post("/runtime/mcp", json=call, headers=headers)).json()
    assert json.loads(answer["result"]["content"][0]["text"])["query"] == "kyoto"


# specs/kiro.md 13: size and SHA-256 of the whole stream
GOLDEN: dict[str, tuple[list[Any], dict[str, int] | None, int, str]] = {
    "A": (
        [
            Text(["Hello", ", ", "wörld 👋"]),
            RawEvent(
                "metadataEvent",
                {
                    "stopReason": "END_TURN",
                    "tokenUsage": {
                        "uncachedInputTokens": 1510,
                        "outputTokens": 7,
                        "totalTokens": 1517,
                        "cacheReadInputTokens": 0,
                        "cacheWriteInputTokens": 0,
                    },
                },
            ),
            RawEvent("contextUsageEvent", {"contextUsagePercentage": 0.7585}),
            RawEvent("meteringEvent", {"unit": "credit", "unitPlural": "credits", "usage": 0.0214}),
        ],
        None,
        1017,
        "edaadaf176b86e6880f2b67f9198e40c5b5f2f13db4545253914a42ebd829ab1",
    ),
    "B": (
        [
            Text(["I'll check the weather."]),
            ToolUse(
                "get_weather",
                "",
                ["", '{"city": "Kyo', 'to", "days": 1', "}"],
                id="tooluse_9XkLmN0pQrStUvWxYz12Ab",
            ),
            RawEvent(
                "metadataEvent",
                {
                    "stopReason": "END_TURN",
                    "tokenUsage": {"uncachedInputTokens": 1874, "outputTokens": 58, "totalTokens": 1932},
                },
            ),
            RawEvent("contextUsageEvent", {"contextUsagePercentage": 0.966}),
            RawEvent("meteringEvent", {"unit": "credit", "unitPlural": "credits", "usage": 0.0311}),
        ],
        None,
        1747,
        "4b2b10b39d996c6c2c6653bb23020efe3bd1d4ab9dbbf668d2f6dd9a12ecbb01",
    ),
    "E3": (
        [
            Text(["ok "]),
            ToolUse("write_file", "", ['{"path":"a.txt","te'], id="tooluse_Trunc0000000000000000A", stop=False),
        ],
        None,
        518,
        "5e8028d866bf3a4fa4ee6c1f0b3d196323a5a6864db0d06676f94d04ade3e67f",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
async def test_golden_streams(http: httpx.AsyncClient, up: Upstreams, name: str) -> None:
    steps, _, size, digest = GOLDEN[name]
    up.kiro.script.add(*steps, tail=False)
    stream = (await ask(http, body())).content
    assert (len(stream), hashlib.sha256(stream).hexdigest()) == (size, digest)
    assert up.kiro.script.pending == 0


async def test_golden_error_in_mid_stream(http: httpx.AsyncClient, up: Upstreams) -> None:
    fault = "error_event after=1 type=ThrottlingException code=INSUFFICIENT_MODEL_CAPACITY"
    up.kiro.script.add(Text(["Part"]), fault=fault)
    found = events((await ask(http, body())).content)
    assert [kind for kind, _ in found] == ["assistantResponseEvent", "throttlingError"]
    assert found[1][1]["reason"] == "INSUFFICIENT_MODEL_CAPACITY"


async def test_scripted_turn_by_match(http: httpx.AsyncClient) -> None:
    turns = [
        {"match": {"text": "second"}, "steps": [{"step": "text", "text": "two"}]},
        {"steps": [{"step": "delay", "ms": 1}, {"step": "think", "text": "hm"}, {"step": "text", "text": "one"}]},
    ]
    assert (await http.post("/_control/turns", json=turns)).json() == {"turns": 2}
    await http.post("/_control/flags", json={"scripted_only": True})
    assert text_of((await ask(http, body("first"))).content) == "one"
    assert text_of((await ask(http, body("second"))).content) == "two"
    assert (await ask(http, body("third"))).status_code == 500


async def test_issued_signature_is_accepted(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.script.add(Think("hm", "scripted-signature"), Delay(0), Text("ok"))
    await ask(http, body())
    reasoning = {"reasoningText": {"text": "hm", "signature": "scripted-signature"}}
    path = "conversationState.history.1.assistantResponseMessage.reasoningContent"
    assert (await ask(http, edited(tool_turn(), path, reasoning))).status_code == 200


async def test_bad_crc(http: httpx.AsyncClient) -> None:
    stream = (await ask(http, body("[[fault: bad_crc after=1]] hello"))).content
    with pytest.raises(FrameError):
        events(stream)


ACTIONS = [("expire", 403, "Token expired."), ("suspend", 403, "suspended"), ("exhaust", 402, "limit")]


@pytest.mark.parametrize(("action", "status", "said"), ACTIONS)
async def test_accounts_can_be_spoilt_from_outside(
    http: httpx.AsyncClient, action: str, status: int, said: str
) -> None:
    await http.post("/_control/accounts", json={"name": "aoa-social", "action": action})
    answer = await ask(http, body())
    assert answer.status_code == status
    assert said in answer.json()["message"]
    await http.post("/_control/reset")
    assert (await ask(http, body())).status_code == 200


async def test_a_revoked_account_cannot_refresh(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.revoke("aoa-social")
    token = up.kiro.accounts["aoa-social"].refresh_token
    assert (await http.post("/auth/refreshToken", json={"refreshToken": token})).status_code == 401


async def test_the_authorities_can_fail(http: httpx.AsyncClient, up: Upstreams) -> None:
    token = up.kiro.accounts["aoa-social"].refresh_token
    up.faults.add("500", api="kiro-auth", account="aoa-social")
    assert (await http.post("/auth/refreshToken", json={"refreshToken": token})).status_code == 500
    assert (await http.post("/auth/refreshToken", json={"refreshToken": token})).status_code == 200


MEDIA = [
    ({"images": [{"format": "bmp", "source": {"bytes": PNG}}]}, "IMAGE_FORMAT_UNSUPPORTED"),
    ({"images": [{"format": "png", "source": {"bytes": "?"}}]}, "REQUEST_BODY_INVALID"),
    ({"documents": [{"name": "a/b", "format": "pdf", "source": {"bytes": ""}}]}, "INVALID_DOCUMENT_NAME"),
    ({"documents": [{"name": "a", "format": "exe", "source": {"bytes": ""}}]}, "DISALLOWED_FILE_TYPE"),
    ({"documents": [{"name": "a", "format": "txt", "source": {"bytes": "YQ=="}}] * 2}, "DOCUMENT_DUPLICATE_NAME"),
]


@pytest.mark.parametrize(("message", "reason"), MEDIA)
async def test_media_rules(http: httpx.AsyncClient, message: dict[str, Any], reason: str) -> None:
    assert (await ask(http, body(**message))).json()["reason"] == reason


async def test_document(http: httpx.AsyncClient) -> None:
    document = {"name": "notes", "format": "txt", "source": {"bytes": "YQ=="}}
    assert "The document notes is txt, 1 bytes." in text_of((await ask(http, body(documents=[document]))).content)
    plain = await ask(http, body(model="deepseek-3.2", documents=[document]))
    assert plain.json()["reason"] == "DOCUMENT_MODEL_NOT_SUPPORTED"


async def test_gpt_thinks_late_and_unseen(http: httpx.AsyncClient) -> None:
    asked = body("What is the weather in Kyoto?", "gpt-5.6-sol", userInputMessageContext={"tools": [TOOL]})
    asked["additionalModelRequestFields"] = {"reasoning": {"effort": "low"}}
    kinds = [kind for kind, _ in events((await ask(http, asked)).content)]
    assert kinds.index("reasoningContentEvent") > kinds.index("toolUseEvent")
    asked["additionalModelRequestFields"] = {"reasoning": {"effort": "extreme"}}
    assert (await ask(http, asked)).json()["reason"] == "REQUEST_BODY_INVALID"
