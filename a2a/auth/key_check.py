"""One cheap call before a key is stored: the upstream's model list (contract section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import httpx
from msgspec import Struct

from a2a.auth import outward
from a2a.config import mask
from a2a.errors import NeedsLogin, ProxyFailed, Unreachable, UpstreamTimeout

_TIMEOUT = httpx.Timeout(connect=10.0, read=20.0, write=10.0, pool=10.0)


class KeyCheck(Struct, frozen=True):
    """What answered. `verdict`: `good` (a list came), `unknown` (the upstream is there but lists no models)."""

    base_url: str
    verdict: Literal["good", "unknown"]
    models: int = 0


async def check_key(base_urls: Sequence[str], headers: Mapping[str, str], *, proxy: str | None = None) -> KeyCheck:
    """`GET {base}/models` at each candidate until one knows it; the first candidate where none does.

    Raises NeedsLogin for a refused key, Unreachable and UpstreamTimeout.
    """
    async with outward.client(proxy, _TIMEOUT) as client:
        for base_url in base_urls:
            response = await _get(client, f"{base_url}/models", headers)
            if _refused(response):
                raise NeedsLogin(
                    f"{mask(base_url)} refuses this key ({response.status_code})", hint="check the key and the base URL"
                )
            models = _listed(response)
            if models is not None:
                return KeyCheck(base_url, "good", models)
    return KeyCheck(base_urls[0], "unknown")


async def _get(client: httpx.AsyncClient, url: str, headers: Mapping[str, str]) -> httpx.Response:
    host = httpx.URL(url).host
    try:
        return await client.get(url, headers=dict(headers))
    except httpx.TimeoutException as exc:
        raise UpstreamTimeout(f"{host} did not answer in time", hint="check the base URL and the network") from exc
    except httpx.ProxyError as exc:
        raise ProxyFailed(f"no connection to {host}: {outward.told(exc)}", hint=outward.PROXY_HINT) from exc
    except httpx.HTTPError as exc:
        if why := outward.untrusted(exc):
            raise Unreachable(f"no connection to {host}: {why}", hint=outward.TRUST_HINT) from exc
        raise Unreachable(
            f"no connection to {host} ({type(exc).__name__})", hint="check the base URL and the network"
        ) from exc


def _refused(response: httpx.Response) -> bool:
    """401 and 403; Google answers 400 with a reason."""
    status = response.status_code
    return status in (401, 403) or (status == 400 and "API_KEY_INVALID" in response.text)


def _listed(response: httpx.Response) -> int | None:
    """How many models the answer lists; None when it is no list."""
    if response.status_code != 200:
        return None
    try:
        body: Any = response.json()
    except ValueError:
        return None
    models = body.get("data", body.get("models")) if isinstance(body, dict) else None
    return len(models) if isinstance(models, list) else None
