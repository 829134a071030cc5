"""Logins that make a new token: one module per way in, each an async function that talks to a `Person`.

A flow knows the upstream's endpoints and nothing of terminals, files or stores: it shows and asks through `Person`,
gets its `httpx.AsyncClient`, `AuthUrls` and clock handed in, and returns a token record that nobody has stored yet.
Whatever goes wrong is a `LoginFailed` (the person's or a foreign answer) or an `UpstreamError` (the endpoint's).
"""
