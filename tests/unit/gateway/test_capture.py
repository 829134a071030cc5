"""What is captured of bodies, packed and unpacked: nothing is lost on the way, and no more is kept than is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from msgspec import Raw
from support.entries import entry_of
from yarl import URL

from a2a.control.types import Attempt, Exchange
from a2a.gateway.call import Call
from a2a.gateway.capture import SPARE_BYTES, Capture, Taken, Upcall
from a2a.gateway.capture import capture as capture_of
from a2a.gateway.hand import done
from a2a.gateway.sealing import bodies_of
from a2a.logs.scribe import LARGE, Packer
from a2a.messages import Request
from a2a.protocols.registry import FRONTS
from a2a.providers.http import Target

CAP = 100_000


def call(body: bytes = b"{}", **given: Any) -> Call:
    return Call(front=FRONTS["chat"], path="/v1/chat/completions", body=body, **given)


def capture(call: Call, secrets: Sequence[str] = ()) -> Capture:
    return capture_of(call, CAP, Raw(msgspec.msgpack.encode(secrets)))


def upcall(made: Capture, request: bytes | None = None, secrets: tuple[str, ...] = ()) -> Upcall:
    target = Target(URL("https://up.example/v1"), {"Accept": "*/*"})
    target.secrets = secrets
    one = Upcall(len(made.calls) + 1, target.packed, request, made.room, 200, {})
    made.calls.append(one)
    return one


def exchange() -> Exchange:
    attempt = Attempt(n=1, provider="p", account="p/a", model="m", started_at=1000.5, outcome="ok", duration_ms=250.0)
    return Exchange(id="ex_1", started_at=1000.0, client="c", front="chat", path="/", attempts=[attempt], state="done")


def passed_on(made: Capture) -> tuple[Taken, int]:
    """What arrives, and how many bodies stood beside the rest."""
    beside = made.beside() if max(map(len, _bodies(made)), default=0) >= LARGE else ()
    lot = Packer().pack([(entry_of(exchange()), made)], {exchange().id: beside})
    found = done(lot.data, iter(lot.large))[0].taken
    assert found is not None
    return found, len(lot.large)


def _bodies(made: Capture) -> list[bytes]:
    asked = [made.request, *(one.request or b"" for one in made.calls)]
    return [*asked, b"".join(made.answer), *(b"".join(one.answer) for one in made.calls)]


def test_headers_as_they_came_or_as_they_are_known() -> None:
    raw = ((b"User-Agent", b"caf\xc3\xa9"), (b"X-Odd", b"\xff"))
    found, _ = passed_on(capture(call(raw_headers=raw)))
    assert found.request_headers == {"user-agent": "café", "x-odd": "\ufffd"}
    found, _ = passed_on(capture(call(headers={"User-Agent": "x", "X-Odd": "\udcff"})))
    assert found.request_headers == {"user-agent": "x", "x-odd": "\ufffd"}


def test_a_request_without_a_wire_format_is_kept_in_the_neutral_one() -> None:
    request = Request(proto="chat", model="m", messages=[])
    found, _ = passed_on(capture(call(b"", request=request)))
    assert b'"model":"m"' in found.request


def test_secrets_of_settings_and_of_each_account() -> None:
    made = capture(call(), ["of-the-settings"])
    upcall(made, secrets=("of-one",))
    upcall(made, secrets=("of-two", "its-other"))
    assert passed_on(made)[0].secrets == ["of-the-settings", "of-one", "of-two", "its-other"]


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    "sizes", [[5], [5, LARGE, 7], [LARGE - 1], [LARGE + 1, 5], [CAP + SPARE_BYTES, 5, 6], [CAP] * 3]
)
@pytest.mark.parametrize("asked", [2, LARGE])
def test_nothing_is_lost_within_the_limit(streams: bool, sizes: list[int], asked: int) -> None:
    pieces = [bytes([65 + at]) * size for at, size in enumerate(sizes)]
    made = capture(call(b"r" * asked))
    one, again = upcall(made), upcall(made, b"other" * asked)
    take = one.flow() if streams else one.answer.append
    for piece in pieces:
        take(piece)
    again.answer = [b"refused"]
    made.answer, made.total = (pieces[:1], sum(sizes)) if streams else ([b"".join(pieces)], None)
    found, beside = passed_on(made)
    kept = [piece for at, piece in enumerate(pieces) if sum(sizes[:at]) < CAP + SPARE_BYTES]
    first, second = found.calls
    assert (b"".join(first.answer), first.total) == (b"".join(kept), sum(sizes))
    assert len(first.times) == (len(kept) if streams else 0)
    assert not streams or first.answer == kept
    assert (first.request, second.request, second.answer) == (None, b"other" * asked, [b"refused"])
    assert (found.request, found.total) == (b"r" * asked, sum(sizes))
    assert b"".join(found.answer) == (pieces[0] if streams else b"".join(pieces))
    assert bool(beside) == (asked >= LARGE or max(sizes) >= LARGE)


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("sizes", [[LARGE + 1], [100] * 100, [5, LARGE, 7]])
def test_an_answer_that_was_passed_on_is_handed_over_once(streams: bool, sizes: list[int]) -> None:
    pieces = [bytes([65 + at]) * size for at, size in enumerate(sizes)]
    made = capture(call())
    refused, one = upcall(made), upcall(made)
    refused.answer = [b"refused"]
    take = one.flow() if streams else one.answer.append
    for piece in pieces:
        take(piece)
    made.answer = [*pieces]
    beside = made.beside()
    assert len(beside) == (1 if streams else sum(size >= LARGE for size in sizes))
    (exchange_done,) = done(Packer().pack([(entry_of(exchange()), made)], {}).data, iter(beside))
    found = exchange_done.taken
    assert found is not None
    assert b"".join(found.answer) == b"".join(found.calls[1].answer) == b"".join(pieces)
    assert (found.total, found.calls[1].total) == (sum(sizes), sum(sizes))
    assert found.calls[0].answer == [b"refused"]


def test_an_answer_read_whole_is_one_arrival_at_its_end() -> None:
    made = capture(call())
    upcall(made).answer = [b"ab", b"cde"]
    kept = bodies_of(passed_on(made)[0], exchange()).attempts[0]
    assert [(one.at_ms, one.size) for one in kept.arrivals] == [(750.0, 5)]
    assert (kept.method, kept.url, kept.request_headers) == ("POST", "https://up.example/v1", {"accept": "*/*"})
