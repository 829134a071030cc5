"""The routes of the emulated Gemini API and the keys it knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from aiohttp import web

from a2a.clock import hex_id
from a2a.demo import brain
from a2a.demo.faults import Fault, in_prompt
from a2a.demo.gemini import embeddings, frames, rules
from a2a.demo.gemini.errors import ARRAY_VOICE, VOICE, GoogleRefusal, bad, error_info
from a2a.demo.gemini.models import GEMINI, GeminiModel
from a2a.demo.gemini.scenarios import SCENARIOS, dressed
from a2a.demo.gemini.view import view_of
from a2a.demo.wire import SSE_HEADERS, Refusal, Voice, deliver, dumps, early, guarded, shape_errors, whole
from a2a.demo.world import SEEN, WORLD

API = "gemini"
KEYS = ("AIza-demo-gemini-1", "AIza-demo-gemini-2", "AIza-demo-gemini-3")
"""Invented keys, one account each."""

_VERSION = r"{version:v1(?:beta|alpha)?}"
_METHODS = ("generateContent", "countTokens", "embedContent", "batchEmbedContents")
JSON = {"content-type": "application/json; charset=UTF-8"}

_PLAIN = dressed(VOICE, SCENARIOS)
_ARRAY = dressed(ARRAY_VOICE, SCENARIOS)

Body = dict[str, Any]


def routes(prefix: str) -> list[web.RouteDef]:
    """`prefix`: what stands before the version."""
    at = f"{prefix}/{_VERSION}/models"
    return [
        web.post(f"{at}/{{call:.+:\\w+}}", _call),
        web.get(at, guarded(_PLAIN, _models)),
        web.get(f"{at}/{{id}}", guarded(_PLAIN, _model)),
        web.route("*", f"{prefix}/{{rest:.*}}", guarded(_PLAIN, _unknown)),
    ]


def _authorize(request: web.Request) -> str:
    """The account of the key, from the header or the query. A wrong key is a 400 here, a missing one a 403."""
    key = request.headers.get("x-goog-api-key") or request.query.get("key")
    if not key:
        message = (
            "Method doesn't allow unregistered callers (callers without established identity). Please use API Key "
        )
        raise GoogleRefusal(403, message + "or other form of API consumer identity to call this API.")
    if key not in KEYS:
        wrong = error_info("API_KEY_INVALID", "googleapis.com", service="generativelanguage.googleapis.com")
        raise GoogleRefusal(400, "API key not valid. Please pass a valid API key.", details=[wrong])
    request[SEEN].account = key
    return key


async def read_body(request: web.Request) -> Body:
    """The JSON object of the request, or 400."""
    try:
        body = msgspec.json.decode(await request.read() or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad("Invalid JSON payload received. Unable to parse.") from error
    if not isinstance(body, dict):
        raise bad('Invalid JSON payload received. Unknown name "": Root element must be a message.')
    return body


async def _call(request: web.Request) -> web.StreamResponse:
    name, _, method = request.match_info["call"].rpartition(":")
    in_array = method == "streamGenerateContent" and request.query.get("alt") != "sse"
    voice = _ARRAY if in_array else _PLAIN
    try:
        account = _authorize(request)
        if (handler := _CALLS.get(method)) is None:
            raise GoogleRefusal(404, f"Method {method} is not found.")
        return await handler(request, account, name, voice)
    except Refusal as refusal:
        return voice.refuse(refusal)


async def _generate(request: web.Request, account: str, name: str, voice: Voice) -> web.StreamResponse:
    reply, faults = await _reply(request, account, name, "generateContent", voice)
    if isinstance(reply, web.Response):
        return reply
    return await whole(request, JSON, dumps(frames.whole(reply)), faults, voice)


async def _stream(request: web.Request, account: str, name: str, voice: Voice) -> web.StreamResponse:
    reply, faults = await _reply(request, account, name, "streamGenerateContent", voice)
    if isinstance(reply, web.Response):
        return reply
    chunks = frames.chunks(reply)
    if voice is _ARRAY:
        return await deliver(request, JSON, frames.as_array(chunks), faults, voice)
    return await deliver(request, SSE_HEADERS, frames.as_sse(chunks), faults, voice)


async def _reply(
    request: web.Request, account: str, name: str, method: str, voice: Voice
) -> tuple[frames.Reply | web.Response, list[Fault]]:
    """The answer to write, or the response that a fault asked for instead of it."""
    body = await read_body(request)
    faults = request.app[WORLD].faults.take(API, account) + asked_faults(body.get("contents"))
    if (answered := await early(faults, voice)) is not None:
        return answered, faults
    version = request.match_info["version"]
    with shape_errors():
        model = rules.model_of(name, rules.API, method=method, version=version)
        read = rules.read(body, "Request", rules.API)
        rules.check(read, model, rules.API)
        return reply_of(request, account, read, model, rules.API), faults


def reply_of(
    request: web.Request, account: str, read: Body, model: GeminiModel, surface: rules.Surface
) -> frames.Reply:
    """What to write; the request has passed `rules.check`. Raises Refusal when it is too long."""
    view = view_of(read, model)
    if view.input_tokens > model.window:
        used, most = view.input_tokens, model.window
        raise bad(f"The input token count ({used}) exceeds the maximum number of tokens allowed ({most}).")
    config = read.get("generationConfig") or {}
    return frames.Reply(
        model=model,
        view=view,
        answer=brain.answer(view),
        cached=request.app[WORLD].cache.hit(account, view.pieces),
        shown=bool((config.get("thinkingConfig") or {}).get("includeThoughts")),
        ids=surface.ids and model.signs,
        count=config.get("candidateCount") or 1,
        id=hex_id("", 22),
    )


def asked_faults(contents: Any) -> list[Fault]:
    """Faults that the last content asks for; read before any rule, so that nothing else may be wrong."""
    last = contents[-1] if isinstance(contents, list) and contents else None
    if not isinstance(last, dict) or last.get("role") == "model":
        return []
    parts: Sequence[Any] = last["parts"] if isinstance(last.get("parts"), list) else ()
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    try:
        return in_prompt("\n".join(text for text in texts if isinstance(text, str)))
    except ValueError as error:
        raise bad(str(error)) from error


async def _count(request: web.Request, account: str, name: str, voice: Voice) -> web.StreamResponse:
    body = await read_body(request)
    faults = request.app[WORLD].faults.take("gemini-count", account)
    if (answered := await early(faults, voice)) is not None:
        return answered
    with shape_errors():
        model = rules.model_of(name, rules.API, method="countTokens", version=request.match_info["version"])
        used = counted(rules.read(body, "CountRequest", rules.API), model, rules.API)
    details = [{"modality": "TEXT", "tokenCount": used}]
    return await whole(request, JSON, dumps({"totalTokens": used, "promptTokensDetails": details}), faults, voice)


def counted(request: Body, model: GeminiModel, surface: rules.Surface) -> int:
    """Tokens of the contents, or of the whole request inside. Raises Refusal."""
    inner = request.get("generateContentRequest")
    if inner is not None and request.get("contents"):
        raise bad("* CountTokensRequest: contents and generate_content_request are mutually exclusive.\n")
    if inner is not None and inner.get("model") not in (f"models/{model.id}", None):
        raise bad("* CountTokensRequest.generate_content_request.model: must match the model of the request\n")
    wanted = inner if inner is not None else {"contents": request.get("contents")}
    rules.check(wanted, model, surface)
    return view_of(wanted, model).input_tokens


async def _embed(request: web.Request, account: str, name: str, voice: Voice) -> web.StreamResponse:
    return await _embedded(request, name, "embedContent", "EmbedRequest")


async def _embed_batch(request: web.Request, account: str, name: str, voice: Voice) -> web.StreamResponse:
    return await _embedded(request, name, "batchEmbedContents", "BatchEmbedRequest")


async def _embedded(request: web.Request, name: str, method: str, kind: str) -> web.StreamResponse:
    body = await read_body(request)
    with shape_errors():
        model = rules.model_of(name, rules.API, method=method, version=request.match_info["version"])
        read = rules.read(body, kind, rules.API)
        made = embeddings.one(read) if kind == "EmbedRequest" else embeddings.batch(read, model)
    return web.Response(body=dumps(made), headers=JSON)


_CALLS: dict[str, Callable[[web.Request, str, str, Voice], Awaitable[web.StreamResponse]]] = {
    "generateContent": _generate,
    "streamGenerateContent": _stream,
    "countTokens": _count,
    "embedContent": _embed,
    "batchEmbedContents": _embed_batch,
}


async def _models(request: web.Request) -> web.StreamResponse:
    account = _authorize(request)
    faults = request.app[WORLD].faults.take("gemini-models", account)
    if (answered := await early(faults, _PLAIN)) is not None:
        return answered
    token, size = request.query.get("pageToken", "0"), request.query.get("pageSize", "50")
    if not (token.isdigit() and size.isdigit()):
        raise bad("Invalid value at 'page_token' or 'page_size'.", "page_token")
    start, count = int(token), min(int(size) or 50, 1_000)
    models = list(GEMINI.values())
    more = {"nextPageToken": str(start + count)} if start + count < len(models) else {}
    listed = {"models": [_entry(model) for model in models[start : start + count]], **more}
    return await whole(request, JSON, dumps(listed), faults, _PLAIN)


async def _model(request: web.Request) -> web.StreamResponse:
    _authorize(request)
    name = request.match_info["id"]
    if name not in GEMINI:
        raise GoogleRefusal(404, f"Model is not found: models/{name} for api version {request.match_info['version']}")
    return web.Response(body=dumps(_entry(GEMINI[name])), headers=JSON)


def _entry(model: GeminiModel) -> Body:
    methods = _METHODS[2:] if model.embeds else _METHODS[:2]
    entry: Body = {
        "name": f"models/{model.id}",
        "version": "001",
        "displayName": model.name,
        "description": "An invented model of the a2a demo.",
        "inputTokenLimit": model.window,
        "outputTokenLimit": model.max_output,
        "supportedGenerationMethods": list(methods),
    }
    if not model.embeds:
        entry |= {"temperature": 1, "topP": 0.95, "topK": 64, "maxTemperature": 2}
    return entry | ({"thinking": True} if model.budget else {})


async def _unknown(request: web.Request) -> web.StreamResponse:
    raise GoogleRefusal(404, f"The requested URL {request.path} was not found on this server.")
