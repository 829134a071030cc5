"""The routes of the emulated Kiro upstream. Where a host has `{region}` in its name, a path segment may hold it."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from a2a.demo.kiro import idp, management, oidc, portal, runtime, social
from a2a.demo.kiro.errors import REST
from a2a.demo.wire import Refusal, guarded

_REGION = r"{region:(?:/[a-z]{2}(?:-gov)?-[a-z]+-\d)?}"

_MODELS = ("ListAvailableModels", "List-Available-Models")
_USAGE = ("getUsageLimits", "Get-Usage-Limits")
_PROFILES = ("ListAvailableProfiles", "listAvailableProfiles", "List-Available-Profiles")


def routes(prefix: str) -> list[web.RouteDef]:
    """Both generations: `/q` serves data and control plane alike."""
    found = [
        web.post(f"{prefix}/runtime{_REGION}/mcp", guarded(REST, runtime.mcp)),
        *social.routes(f"{prefix}/auth"),
        *oidc.routes(prefix, _REGION),
        *idp.routes(f"{prefix}/idp"),
        *portal.routes(f"{prefix}/portal"),
    ]
    for host, legacy in (("runtime", False), ("q", True)):
        at = f"{prefix}/{host}{_REGION}"
        found.append(web.post(f"{at}/generateAssistantResponse", partial(runtime.rest, legacy=legacy)))
        found.append(web.post(f"{at}/", partial(runtime.aws_json, legacy=legacy)))
    for host, legacy in (("management", False), ("q", True)):
        at = f"{prefix}/{host}{_REGION}"
        models = guarded(REST, partial(management.models, legacy=legacy))
        usage = guarded(REST, partial(management.usage, legacy=legacy))
        found += [web.get(f"{at}/{name}", models) for name in _MODELS]
        found += [web.get(f"{at}/{name}", usage) for name in _USAGE]
        found += [web.post(f"{at}/{name}", guarded(REST, management.profiles)) for name in _PROFILES]
    found.append(web.route("*", f"{prefix}/{{rest:.*}}", guarded(REST, _unknown)))
    return found


async def _unknown(request: web.Request) -> web.StreamResponse:
    message = f"Unknown operation {request.method} {request.path}"
    raise Refusal(404, message, type="UnknownOperationException")
