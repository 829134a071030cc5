"""The HTTP mouth of the gateway: routes, local keys, guards, health, model lists and the control API (aiohttp)."""
