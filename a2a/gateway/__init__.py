"""The one pipeline: decode, route, lease an account, call, stream, render, record. It knows no HTTP server.

`a2a serve` and `a2a chat` are two mouths of it: both hand in a `Call` and a `Sink`. Modules: `call` (those two),
`route` (which provider and model), `aliases` (the user's own names), `catalogue` (who serves what),
`fallback` (what is asked next), `pipeline` (the attempts), `attempt` (one of them),
`relay` (same protocol: bytes pass through), `convert` (through the neutral form), `downstream` (commit and keep-alive),
`watch` (silence), `report` (the record).
"""
