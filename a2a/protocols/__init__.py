"""Codecs without I/O: bytes in, events out; events in, bytes out.

Rules of the room: no `async`, no clock, no logging, no module-level state; no codec imports another codec. One package
per protocol, functions per part, tables for kinds. A codec split: nonsense from the client raises `RequestError` (400)
with the JSON path in `param`; nonsense from the upstream becomes `Failure("upstream")` in a stream or raises
`BadUpstream`. Nothing else ever escapes.
"""
