"""Calls beside generation: token counts and embeddings (conversion.md 13).

They pass through whole where the upstream speaks the client's protocol and offers them. A count is otherwise estimated
here, of the client's own content only, and says so in `x-a2a-notes`; embeddings have no other way.
"""

from __future__ import annotations

from a2a.errors import UnknownRoute
from a2a.gateway.attempt import Job, Try, passed
from a2a.gateway.relay import edited
from a2a.gateway.report import Failed
from a2a.protocols.base import CountingFront, Note
from a2a.protocols.tokens import request_tokens

ESTIMATED = Note("input_tokens", "emulated", "a local estimate: this upstream counts nothing for this protocol")


async def run(this: Try) -> Failed | None:
    """One attempt, byte for byte; None when the client was served."""
    job = this.job
    job.report.exchange.mode = "relay"
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
    await job.sink.respond(200, {**headers, **job.report.headers()}, data)
    return None


async def without_upstream(job: Job) -> None:
    """Answer what no upstream is asked for. Raises RequestError for a body that is none, UnknownRoute for the rest."""
    front = job.call.front
    if job.call.operation != "count" or not isinstance(front, CountingFront):
        raise UnknownRoute(f"no provider of model {job.asked} serves {job.call.path}")
    request = front.parse_count(job.call.body, job.call.headers, job.call.model)
    job.report.notes([ESTIMATED])
    body = front.render_count(request_tokens(request))
    await job.sink.respond(200, {"Content-Type": "application/json", **job.report.headers()}, body)
