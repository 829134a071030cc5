"""Typed keys of what handlers share."""

from __future__ import annotations

from aiohttp import web

from a2a.gateway.engine import Engine
from a2a.gateway.logins.desk import LoginDesk
from a2a.server.audience import Audience
from a2a.server.guard import Guard
from a2a.server.reload import Reloader

ENGINE = web.AppKey("engine", Engine)
GUARD = web.AppKey("guard", Guard)
RELOADER = web.AppKey("reloader", Reloader)
AUDIENCE = web.AppKey("audience", Audience)
LOGINS = web.AppKey("logins", LoginDesk)
