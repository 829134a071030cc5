"""`GET /metrics`: what a2a counts, in the text format of Prometheus (0.0.4), with any key.

Counts are of this process and begin at its start. States are those of `a2a accounts` and `/ready`, from the same place.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args

from aiohttp import web

from a2a import __version__
from a2a.control.types import AccountState, AccountView, Recording
from a2a.gateway.engine import Engine
from a2a.logs.tally import Histogram, Key, Tally
from a2a.providers.base import Provider
from a2a.server.keys import ENGINE, GUARD

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES: tuple[str, ...] = get_args(AccountState)

Labels = Sequence[tuple[str, str]]
Sample = tuple[Labels, float]


async def metrics(request: web.Request) -> web.Response:
    """Raises WrongKey."""
    request.app[GUARD].client(request)
    body = "\n".join(exposition(request.app[ENGINE])) + "\n"
    return web.Response(body=body.encode(), headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})


def exposition(engine: Engine) -> Iterator[str]:
    """The lines of a scrape."""
    yield from _of_server(engine)
    yield from _of_accounts(engine.pool.views(), engine.providers)
    yield from _of_traffic(engine.recorder.tally)


def _of_server(engine: Engine) -> Iterator[str]:
    recorder, config = engine.recorder, engine.config
    recording = engine.recordings.state or Recording(stopped="log_exchanges is off")
    build: Labels = (("version", __version__), ("python", platform.python_version()))
    yield from _family("a2a_build_info", "gauge", "What runs here.", [(build, 1)])
    for name, kind, words, value in (
        ("a2a_start_time_seconds", "gauge", "When the server started, Unix seconds.", engine.started_at),
        ("a2a_ready", "gauge", "Whether any account can serve now, as /ready says.", engine.pool.can_serve()),
        ("a2a_requests_in_flight", "gauge", "Exchanges that have not ended.", recorder.in_flight),
        ("a2a_recording", "gauge", "Whether exchanges can be written to the store now.", recording.stopped is None),
        ("a2a_exchanges_recorded_total", "counter", "Exchanges that were written to the store.", recording.written),
        ("a2a_exchanges_dropped_total", "counter", "Exchanges the store had no room or no time for.", recording.lost),
        (
            "a2a_exchanges_without_bodies_total",
            "counter",
            "Exchanges whose bodies were to be recorded and had no room.",
            recording.without_bodies,
        ),
        ("a2a_exchanges_waiting", "gauge", "Exchanges that have ended and are not written yet.", recording.waiting),
        ("a2a_config_loaded_time_seconds", "gauge", "When the settings were taken, Unix seconds.", config.loaded_at),
        ("a2a_config_refused", "gauge", "Whether the config file is refused as it is now.", config.refused is not None),
    ):
        yield from _family(name, kind, words, [((), value)])
    with_accounts = [name for name in engine.providers if engine.pool.members(name)]
    waiting: list[Sample] = [((("provider", name),), engine.pool.waiting(name)) for name in with_accounts]
    yield from _family("a2a_queue_length", "gauge", "Requests that wait for a slot of an account.", waiting)


def _of_accounts(views: Sequence[AccountView], providers: Mapping[str, Provider]) -> Iterator[str]:
    named = [(view, (("provider", view.provider), ("account", _name(view, providers)))) for view in views]
    states = [((*who, ("state", state)), view.state == state) for view, who in named for state in STATES]
    yield from _family("a2a_account_state", "gauge", "1 for the state an account is in, 0 for the others.", states)
    flying = [(who, view.in_flight) for view, who in named]
    yield from _family("a2a_account_in_flight", "gauge", "Calls that are out on an account.", flying)
    left = [
        ((*who, ("unit", quota.unit), ("model", quota.model or "")), quota.remaining)
        for view, who in named
        for quota in view.quota
        if quota.remaining is not None
    ]
    yield from _family("a2a_account_quota_remaining", "gauge", "What is left, as the upstream last said.", left)


def _name(view: AccountView, providers: Mapping[str, Provider]) -> str:
    """`kiro/work`."""
    return f"{providers[view.provider].short}/{view.alias}"


def _of_traffic(tally: Tally) -> Iterator[str]:
    for name, words, labels, counts in (
        ("a2a_requests_total", "Exchanges that have ended.", ("front", "provider", "state", "status"), tally.requests),
        ("a2a_attempts_total", "Upstream calls.", ("provider", "account", "outcome", "kind"), tally.attempts),
        ("a2a_tokens_total", "Tokens, as upstreams counted.", ("provider", "account", "direction"), tally.tokens),
        ("a2a_refreshes_total", "Tokens renewed.", ("provider", "outcome"), tally.refreshes),
    ):
        yield from _family(name, "counter", words, _samples(labels, counts))
    yield from _durations("a2a_first_token_seconds", "From arrival to the first content.", tally.first_token)
    yield from _durations("a2a_request_seconds", "From arrival to the end, of what was served.", tally.whole)


def _samples(names: Sequence[str], counts: Mapping[Key, int]) -> list[Sample]:
    return [(tuple(zip(names, key, strict=True)), count) for key, count in sorted(counts.items())]


def _durations(name: str, words: str, by_provider: Mapping[str, Histogram]) -> Iterator[str]:
    yield from _head(name, "histogram", words)
    for provider, histogram in sorted(by_provider.items()):
        who = (("provider", provider),)
        so_far = 0
        for bound, count in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
            so_far += count
            yield _line(f"{name}_bucket", (*who, ("le", str(bound))), so_far)
        yield _line(f"{name}_sum", who, histogram.total_s)
        yield _line(f"{name}_count", who, so_far)


def _family(name: str, kind: str, words: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield from _head(name, kind, words)
    for labels, value in samples:
        yield _line(name, labels, value)


def _head(name: str, kind: str, words: str) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, labels: Labels, value: float) -> str:
    told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    number = int(value) if value == int(value) else value
    return f"{name}{{{told}}} {number}" if told else f"{name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
