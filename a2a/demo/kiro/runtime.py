"""The data plane: GenerateAssistantResponse in both wire forms and on both generations of hosts, and web search."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from aiohttp import web

from a2a.demo import brain
from a2a.demo.catalog import KiroModel
from a2a.demo.faults import Fault, in_prompt, parse
from a2a.demo.kiro import rules, script
from a2a.demo.kiro.accounts import KiroAccount
from a2a.demo.kiro.errors import AWS_JSON, REST, bearer_invalid, denied, invalid
from a2a.demo.kiro.frames import Tally, frames, turn_of
from a2a.demo.kiro.state import KIRO, KiroState
from a2a.demo.kiro.view import tagged, view_of
from a2a.demo.wire import Refusal, Voice, deliver, dumps, early, shape_errors
from a2a.demo.world import SEEN, WORLD

API = "kiro"
_TARGETS = {
    "KiroRuntimeService.GenerateAssistantResponse": False,
    "AmazonCodeWhispererStreamingService.GenerateAssistantResponse": True,
}
"""AWS-JSON target -> whether it belongs to the legacy hosts."""


async def rest(request: web.Request, *, legacy: bool) -> web.StreamResponse:
    """`POST …/generateAssistantResponse`. `legacy`: on the old generation of hosts."""
    return await _spoken(request, REST, legacy=legacy)


async def aws_json(request: web.Request, *, legacy: bool) -> web.StreamResponse:
    """`POST …/` with `X-Amz-Target`."""
    target = request.headers.get("x-amz-target", "")
    if _TARGETS.get(target) is not legacy:
        return AWS_JSON.refuse(Refusal(404, f"Unknown operation {target}", type="UnknownOperationException"))
    return await _spoken(request, AWS_JSON, legacy=legacy)


async def _spoken(request: web.Request, voice: Voice, *, legacy: bool) -> web.StreamResponse:
    try:
        return await _generate(request, voice, legacy=legacy)
    except Refusal as refusal:
        return voice.refuse(refusal)


async def _generate(request: web.Request, voice: Voice, *, legacy: bool) -> web.StreamResponse:
    state, world = request.app[KIRO], request.app[WORLD]
    if legacy and state.flags.legacy_gone:
        raise Refusal(410, "This endpoint is no longer available.", type="ResourceNotFoundException")
    account = state.authorize(request)
    request[SEEN].account = account.name
    body = await _body(request, state)
    faults = world.faults.take(API, account.name) + _asked_faults(body)
    if (answered := await early(faults, voice)) is not None:
        return answered
    _check_standing(account)
    _check_arn(request, body.get("profileArn"), account, state, legacy=legacy)
    with shape_errors():
        model = rules.check(body, state)
        view = view_of(body, model, legacy=legacy)
        if state.flags.window and view.input_tokens > model.window:
            raise invalid("Input is too long.", "CONTENT_LENGTH_EXCEEDS_THRESHOLD")
        answer = brain.answer(view)
    turn = _scripted(body, model, account, state) or turn_of(answer, view, model, tagged=tagged(body), legacy=legacy)
    if turn.fault is not None:
        faults.append(parse(turn.fault) if isinstance(turn.fault, str) else turn.fault)
        if (answered := await early(faults[-1:], voice)) is not None:
            return answered
    tally = Tally(model=model, input=view.input_tokens, output=answer.output_tokens)
    account.credits += tally.credits
    conversation: str = body["conversationState"]["conversationId"]
    return await _stream(request, voice, turn, tally, conversation, faults)


async def _stream(
    request: web.Request, voice: Voice, turn: script.Turn, tally: Tally, conversation: str, faults: list[Fault]
) -> web.StreamResponse:
    preamble: list[tuple[str, dict[str, Any]]] = []
    if voice is AWS_JSON:
        preamble.append(("initial-response", {"conversationId": conversation}))
    elif turn.legacy_tail:
        preamble.append(("messageMetadataEvent", {"conversationId": conversation, "utteranceId": str(uuid.uuid4())}))
    out, signatures = frames(turn, tally, preamble)
    request.app[KIRO].issued_signatures |= signatures
    headers = {
        "content-type": "application/vnd.amazon.eventstream",
        "x-amzn-requestid": str(uuid.uuid4()),
        "x-amzn-codewhisperer-conversation-id": conversation,
    }
    return await deliver(request, headers, out, faults, voice)


async def _body(request: web.Request, state: KiroState) -> dict[str, Any]:
    raw = await request.read()
    if state.flags.body_size and len(raw) > rules.MOST_BODY_BYTES:
        raise invalid("Improperly formed request.")
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid("The request body is not valid JSON.", "REQUEST_BODY_INVALID_JSON") from error
    if not isinstance(body, dict):
        raise rules.malformed()
    return body


def _asked_faults(body: dict[str, Any]) -> list[Fault]:
    """Faults that the current message asks for; read before any rule, so that nothing else may be wrong."""
    try:
        text = body["conversationState"]["currentMessage"]["userInputMessage"]["content"]
    except (KeyError, TypeError):
        return []
    try:
        return in_prompt(str(text))
    except ValueError as error:
        raise invalid(str(error)) from error


def _check_standing(account: KiroAccount) -> None:
    if account.suspended:
        message = f"Your User ID ({account.user_id}) temporarily is suspended. Contact support."
        raise denied(message, "TEMPORARILY_SUSPENDED")
    if account.out_of_credits:
        message = "You have reached the limit."
        raise Refusal(402, message, type="ServiceQuotaExceededException", code="MONTHLY_REQUEST_COUNT")


def _check_arn(request: web.Request, arn: Any, account: KiroAccount, state: KiroState, *, legacy: bool) -> None:
    """Who may name which profile where (specs/kiro.md section 5); the region of the host must be the profile's."""
    if not state.flags.arn:
        return
    if arn is None:
        if not legacy and account.kind != "api_key":
            raise invalid("profileArn is required for this request.")
        return
    allowed = arn in account.arns if legacy else state.may_use(account, arn)
    region = request.match_info.get("region", "").strip("/")
    if not allowed or (region and region != str(arn).split(":")[3]):
        raise bearer_invalid()


def _scripted(body: dict[str, Any], model: KiroModel, account: KiroAccount, state: KiroState) -> script.Turn | None:
    current = body["conversationState"]["currentMessage"]["userInputMessage"]
    results = tuple(result["toolUseId"] for result in rules.results_of(current))
    turn = state.script.take(script.Call(current["content"], model.id, results, account.name))
    if turn is None and state.flags.scripted_only:
        raise Refusal(500, "No scripted turn matches this request.", type="InternalServerException")
    return turn


async def mcp(request: web.Request) -> web.StreamResponse:
    """`POST /mcp`: one canned search result for whatever is asked (specs/kiro.md 6.11)."""
    state = request.app[KIRO]
    account = state.authorize(request)
    request[SEEN].account = account.name
    _check_standing(account)
    if account.arns and request.headers.get("x-amzn-kiro-profile-arn") not in account.arns:
        raise bearer_invalid()
    call = await _body(request, state)
    if call.get("method") != "tools/call" or call["params"]["name"] != "web_search":
        error = {"code": -32602, "message": "Unknown method or tool"}
        return web.Response(
            body=dumps({"jsonrpc": "2.0", "id": call.get("id"), "error": error}), content_type="application/json"
        )
    query = call["params"]["arguments"]["query"]
    found = {
        "results": [_search_hit(query)],
        "totalResults": 1,
        "query": query,
        "error": None,
    }
    content = [{"type": "text", "text": dumps(found).decode()}]
    result = {"jsonrpc": "2.0", "id": call.get("id"), "result": {"content": content, "isError": False}}
    return web.Response(body=dumps(result), content_type="application/json")


def _search_hit(query: str) -> dict[str, Any]:
    return {
        "title": f"About {query}",
        "url": "https://example.com/demo",
        "snippet": f"A canned result for “{query}”.",
        "publishedDate": 1795305600000,
        "id": "demo-1",
        "domain": "example.com",
        "maxVerbatimWordLimit": 30,
        "publicDomain": False,
    }
