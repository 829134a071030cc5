"""Exchanges as the record holds them: by hand, and from what an official SDK really sends and gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

from a2a.clock import exchange_id
from a2a.control.types import Attempt, AttemptBodies, Bodies, Cost, Exchange, Route, Timings, Tokens

START = 1_790_000_000.0
_PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "claude": "/v1/messages"}


def exchange(number: int = 0, **fields: Any) -> Exchange:
    """The `number`-th of a day, one a minute, served by `openai/one` unless `fields` say otherwise."""
    at = fields.pop("started_at", START + 60 * number)
    front = fields.get("front", "chat")
    account, model = fields.pop("account", "openai/one"), fields.pop("model", "demo-chat")
    provider = fields.pop("provider", "openai-custom")
    served = Attempt(
        n=1,
        provider=provider,
        account=account,
        model=model,
        started_at=at + 0.01,
        status=200,
        headers_ms=300.0,
        first_event_ms=400.0,
        duration_ms=1200.0,
        outcome="ok",
    )
    given: dict[str, Any] = {
        "id": exchange_id(at),
        "started_at": at,
        "client": "local",
        "front": front,
        "path": _PATHS.get(front, "/v1/chat/completions"),
        "asked": model,
        "state": "done",
        "status": 200,
        "stop": "end",
        "route": Route(front=front, asked=model, provider=provider, model=model, via="catalogue"),
        "attempts": [served],
        "timings": Timings(queued=1.0, headers=310.0, first_token=410.0, last=1210.0),
        "tokens": Tokens(input=1200, output=34),
        "cost": Cost(amount=0.0123, currency="USD", basis="2026-11-01"),
    }
    return Exchange(**(given | fields))


def chat(number: int, messages: list[Any], answer: Any, **fields: Any) -> Exchange:
    """A whole Chat exchange; `answer`: the message of the answer, or its text."""
    message = {"role": "assistant", "content": answer} if isinstance(answer, str) else {"role": "assistant", **answer}
    finish = fields.pop("finish", "tool_calls" if "tool_calls" in message else "stop")
    body = {"model": "demo-chat", "messages": messages, **fields.pop("body", {})}
    given = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": int(START), "model": "demo-chat"}
    reply = given | {"choices": [{"index": 0, "message": message, "finish_reason": finish}]}
    return with_bodies(exchange(number, **fields), body, reply)


def with_bodies(made: Exchange, request: object, answer: object) -> Exchange:
    """The same with what the client sent and got; text as it is, anything else as JSON."""
    made.bodies = Bodies(
        request_headers={"content-type": "application/json"},
        request=_text(request),
        answer_headers={"content-type": "application/json"},
        answer=_text(answer),
        attempts=[
            AttemptBodies(
                n=1,
                url="http://127.0.0.1:9/v1/chat/completions?api-version=1",
                request_headers={"content-type": "application/json"},
                request=_text(request),
                answer_headers={"content-type": "application/json"},
                answer=_text(answer),
            )
        ],
    )
    return made


def _text(body: object) -> str:
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)


class Listener:
    """Between an SDK and its server; `exchanges` are what passed, as a gateway in between would record it."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._clients: list[Any] = []

    def close(self) -> None:
        """The clients, which not every SDK closes."""
        for client in self._clients:
            client.close()

    def client(self, http: Any = httpx) -> Any:
        """A client of the SDK's own library: `httpx`, or its successor."""
        listener, inner = self, http.HTTPTransport()

        class Between(http.BaseTransport):  # type: ignore[misc]
            def handle_request(self, request: Any) -> Any:
                sent = request.read().decode()
                answer = inner.handle_request(request)
                data = answer.read()
                listener.heard(request, sent, answer, data.decode())
                return http.Response(answer.status_code, headers=answer.headers, content=data, request=request)

            def close(self) -> None:
                inner.close()

        self._clients.append(http.Client(transport=Between(), trust_env=False))
        return self._clients[-1]

    def heard(self, request: Any, sent: str, answer: Any, got: str) -> None:
        path = request.url.path
        front = next(name for end, name in _ENDS.items() if end in path)
        streamed = "stream" in answer.headers.get("content-type", "")
        made = exchange(len(self.exchanges), front=front, path=path, stream=streamed, status=answer.status_code)
        made.bodies = Bodies(request_headers=dict(request.headers), request=sent, answer=got)
        self.exchanges.append(made)


_ENDS = {"/chat/completions": "chat", "/responses": "responses", "/messages": "claude", "/models/": "gemini"}


class Shelf:
    """Exchanges as a source of exports."""

    def __init__(self, *exchanges: Exchange) -> None:
        self._exchanges = {one.id: one for one in exchanges}

    def each(self, which: object) -> Iterator[Exchange]:
        yield from self._exchanges.values()

    def get(self, exchange_id: str) -> Exchange | None:
        return self._exchanges.get(exchange_id)
