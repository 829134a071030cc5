"""Calls beside generation: token counts and embeddings (conversion.md 13).

They pass through whole where the upstream speaks the client's protocol and offers them; embeddings have no other way. A
count is converted for an upstream that counts in another protocol, and otherwise estimated here, of the client's own
content only: `x-a2a-notes` says so.
"""

from __future__ import annotations

from msgspec.structs import replace

from a2a.errors import UnknownRoute
from a2a.gateway.attempt import Job, Try, passed
from a2a.gateway.relay import edited
from a2a.gateway.report import Failed
from a2a.protocols.base import Conversion, CountingFront, Note
from a2a.protocols.carried import carries_foreign
from a2a.protocols.counting import CONTENTS_ONLY, count_body, read_count
from a2a.protocols.prepare import prepare
from a2a.protocols.tokens import request_tokens

ESTIMATED = Note("input_tokens", "emulated", "a local estimate: this upstream counts nothing for this protocol")
COMPLETED = Note("input_tokens", "emulated", "system and tools are a local estimate: this upstream counts contents")
_NO_ROUTE = (404, 405, 501)
"""What servers answer that speak a protocol without its count route."""


async def run(this: Try) -> Failed | None:
    """One attempt; None when the client was served."""
    call = this.job.call
    front = call.front
    enveloped = bool(this.lease.provider.codec)
    foreign = this.proto != front.name or enveloped or this.job.flags or carries_foreign(call.body)
    if call.operation == "count" and foreign and isinstance(front, CountingFront):
        return await _converted(this, front)
    return await _relayed(this)


async def _converted(this: Try, front: CountingFront) -> Failed | None:
    """The upstream's number for what the client said in another protocol."""
    job, proto = this.job, this.lease.provider.proto
    job.report.entry.mode = "convert"
    asked = front.parse_count(job.call.body, job.call.headers, job.call.model)
    conv = Conversion(
        request=asked, profile=this.profile, model=this.model, now=job.report.entry.started_at, stream=False
    )
    whole = await this.media.inline(asked, proto, proxy=this.proxy)
    codec = this.lease.provider.codec or proto
    body = count_body(codec, this.codec.render_request(prepare(whole, conv, proto), conv), this.model)
    job.report.notes(conv.notes)
    with this.deadline():
        answer = await this.open(body, stream=False)
        try:
            if answer.status in _NO_ROUTE:
                data, number = b"", request_tokens(asked)
                job.report.notes([ESTIMATED])
            elif answer.status != 200:
                return await this.refused(answer)
            else:
                data = await answer.body()
                number = read_count(codec, data)
                if codec in CONTENTS_ONLY and (asked.system or asked.tools):
                    number += request_tokens(replace(asked, messages=[]))
                    job.report.notes([COMPLETED])
        finally:
            answer.close()
    this.served(None, None, len(data))
    headers = {"Content-Type": "application/json", **job.report.headers()}
    await job.report.respond(job.sink, 200, headers, front.render_count(number))
    return None


async def _relayed(this: Try) -> Failed | None:
    """Byte for byte."""
    job = this.job
    job.report.entry.mode = "relay"
    asked = this.model if job.call.model else job.asked
    body, notes = edited(job.call.body, asked, this.model, ())
    job.report.notes(notes)
    with this.deadline():
        answer = await this.open(body, stream=False)
        try:
            if answer.status != 200:
                return await this.refused(answer)
            data = await answer.body()
        finally:
            answer.close()
    this.served(None, None, len(data))
    headers = {"Content-Type": answer.headers.get("content-type", "application/json"), **passed(answer.headers)}
    await job.report.respond(job.sink, 200, {**headers, **job.report.headers()}, data)
    return None


async def without_upstream(job: Job) -> None:
    """Answer what no upstream is asked for. Raises RequestError for a body that is none, UnknownRoute for the rest."""
    front = job.call.front
    if job.call.operation != "count" or not isinstance(front, CountingFront):
        raise UnknownRoute(f"no provider of model {job.asked} serves {job.call.path}")
    request = front.parse_count(job.call.body, job.call.headers, job.call.model)
    job.report.notes([ESTIMATED])
    body = front.render_count(request_tokens(request))
    await job.report.respond(job.sink, 200, {"Content-Type": "application/json", **job.report.headers()}, body)
