"""A client that reads a stream by hand, to see what an SDK hides: comments, pings, error frames, a cut."""

from __future__ import annotations

import json
from typing import Any

import httpx


class Stream:
    """One streaming answer read to its end. `events`: decoded data, `names`: their event names, `comments`."""

    def __init__(self, http: httpx.Client, path: str, body: dict[str, Any], **headers: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.names: list[str] = []
        self.comments: list[str] = []
        self.done = False
        """`[DONE]` or `message_stop` came."""
        self._claude = path.endswith("/messages")
        with http.stream("POST", path, json={**body, "stream": True}, headers=headers) as answer:
            self.status = answer.status_code
            self.headers = answer.headers
            self.body = answer.read().decode("utf-8")
        for block in self.body.split("\n\n"):
            self._block(block)

    def _block(self, block: str) -> None:
        name = ""
        for line in block.split("\n"):
            if line.startswith(":"):
                self.comments.append(line[1:].strip())
            elif line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data = line[5:].strip()
                self.done = self.done or data == "[DONE]" or name == "message_stop"
                if data != "[DONE]":
                    self.events.append(json.loads(data))
                    self.names.append(name)

    @property
    def text(self) -> str:
        """What the assistant said, in either protocol."""
        chat = [c["delta"].get("content") or "" for e in self.events for c in e.get("choices") or ()]
        claude = [e["delta"].get("text", "") for e in self.events if e.get("type") == "content_block_delta"]
        return "".join(chat + claude)

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The error objects inside the stream, each with `message` and `type`."""
        return [event["error"] for event in self.events if event.get("error")]

    @property
    def pings(self) -> int:
        """Keep-alives, in either protocol."""
        return len(self.comments) + self.names.count("ping")

    def only_error(self) -> dict[str, Any]:
        """The error of a stream that ended as its protocol says: one error frame, the last one, and no success."""
        assert (self.status, self.done, len(self.errors)) == (200, False, 1), self.body
        last = self.events[-1]
        assert last.get("error"), self.body
        if self._claude:
            assert (self.names[-1], last["type"]) == ("error", "error")
        else:
            assert set(last["error"]) == {"message", "type", "param", "code"}
            finishes = [choice["finish_reason"] for event in self.events for choice in event.get("choices") or ()]
            assert not any(finishes), self.body
        return self.errors[0]
