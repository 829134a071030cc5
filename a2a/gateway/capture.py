"""The bodies of one exchange as they go by: references and times, nothing copied or decoded.

Only made when bodies are wanted. It is on the way of every request, where code that is run once in a while is cold and
costs three times what it costs in a loop. So little is done here: what was captured is packed as it stands, in one call
(logs/scribe.py), and whoever unpacks it makes plain values of it, `taken()`, and the record of those (sealing.py).
Of every body the beginning is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

import msgspec
from msgspec import Raw, Struct, field

from a2a.gateway.call import Call
from a2a.logs.scribe import LARGE

SPARE_BYTES = 16 * 1024
"""Kept behind the limit until secrets are gone: one that the cut would halve is still seen as a whole."""
_REQUEST = -1
"""Where a request stands, beside the pieces of the answer."""
_CLIENT = -1
"""Whose they are, beside the calls'."""
_target = msgspec.msgpack.Decoder(tuple[str, str, dict[str, str], list[str]]).decode
_secrets = msgspec.msgpack.Decoder(list[str]).decode


class Upcall(Struct, array_like=True, gc=False):
    """One call to an upstream, as it goes. `n`: its attempt; `target`: `Target.packed`; `request`: None where it is the
    client's, word for word.

    `answer`: its pieces, and of a stream `times`, when each came, on the monotonic clock. `sizes`: of the pieces that
    have been joined to one. `left`: bytes that may be kept, and of a stream with more, below 0, those that are not.
    """

    n: int
    target: Raw
    request: bytes | None
    left: int
    status: int = 0
    answer_headers: dict[str, str] | None = None
    answer: list[bytes] = []
    times: list[float] | None = None
    sizes: list[int] | None = None

    def flow(self) -> Callable[[bytes], None]:
        """Takes the chunks of a stream: each costs its request this call, so no attribute is set here in passing."""
        self.times = []
        left, keep, came, clock = self.left, self.answer.append, self.times.append, time.monotonic

        def take(data: bytes) -> None:
            nonlocal left
            if left > 0:
                keep(data)
                came(clock())
            left -= len(data)
            if left <= 0:
                self.left = left

        return take


class Capture(Struct, array_like=True, gc=False):
    """All bodies of one exchange, by references to them. `room`: bytes that are kept of each. `secrets`: a list of
    them in MessagePack, besides those of the accounts that are asked.

    `answer`: what the client gets, and `total` all bytes of a stream, of which that is the beginning. `began`: when the
    exchange did, on the monotonic clock. `apart`: of each large body whose it is and where it stood. `passed`: the
    answer is the last call's, piece by piece, and stands there. `bulky`: one that an upstream was sent may be large
    though the client's is not, with a picture that was downloaded.
    """

    room: int
    secrets: Raw
    request_headers: Sequence[tuple[bytes, bytes]]
    request: bytes
    began: float = field(default_factory=time.monotonic)
    calls: list[Upcall] = []
    answer_headers: dict[str, str] | None = None
    answer: Sequence[bytes] = ()
    total: int | None = None
    apart: list[tuple[int, int]] | None = None
    bulky: bool = False
    passed: bool = False

    def beside(self) -> Sequence[bytes]:
        """Takes the large bodies out, once the exchange has ended."""
        self.apart = []
        large: list[bytes] = []
        if self.calls and self.answer == self.calls[-1].answer:
            self.passed, self.answer = True, ()
        if _are_small(self.answer):
            self.answer = (b"".join(self.answer),)
        self._part(_CLIENT, self, large)
        for at, one in enumerate(self.calls):
            if not one.times:
                _cut(one)
            elif _are_small(one.answer):
                one.sizes = [*map(len, one.answer)]
                one.answer = [b"".join(one.answer)]
            self._part(at, one, large)
        return large

    def _part(self, whose: int, bodies: Capture | Upcall, large: list[bytes]) -> None:
        assert self.apart is not None
        if bodies.request and len(bodies.request) >= LARGE:
            self.apart.append((whose, _REQUEST))
            large.append(bodies.request)
            bodies.request = b""
        places = [at for at, piece in enumerate(bodies.answer) if len(piece) >= LARGE]
        if places:
            bodies.answer = answer = [*bodies.answer]
            for at in places:
                self.apart.append((whose, at))
                large.append(answer[at])
                answer[at] = b""


def _are_small(pieces: Sequence[bytes]) -> bool:
    """On the average: one copy of them costs less than to hand each over."""
    return len(pieces) > 1 and sum(map(len, pieces)) < LARGE * len(pieces)


def _cut(one: Upcall) -> None:
    """To what is kept of an answer that was read whole."""
    kept: list[bytes] = []
    for piece in one.answer:
        if one.left > 0:
            kept.append(piece)
        one.left -= len(piece)
    one.answer = kept


def capture(call: Call, cap: int, secrets: Raw) -> Capture:
    """`cap`: bytes of each body that are wanted. Of a request without a wire format the neutral form is."""
    body = call.body if call.request is None else msgspec.json.encode(call.request)
    headers = call.raw_headers or [
        (name.encode("latin-1"), value.encode("utf-8", "surrogateescape")) for name, value in call.headers.items()
    ]
    return Capture(cap + SPARE_BYTES, secrets, headers, body)


class TakenCall(Struct, frozen=True, kw_only=True):
    """One call to an upstream. `n`: its attempt; `total`: bytes of the answer, of which `answer` may be the beginning.

    `request`: None where it is the client's. `times`: when each piece of a stream came, on the monotonic clock.
    """

    n: int
    method: str
    url: str
    request_headers: dict[str, str]
    request: bytes | None
    status: int
    answer_headers: dict[str, str]
    answer: list[bytes]
    times: list[float]
    total: int


class Taken(Struct, frozen=True, kw_only=True):
    """All bodies of an exchange, with the secrets that must leave them. `began`: its start, as the times.

    The client's headers by lower-case names, what is no UTF-8 in their values as U+FFFD.
    """

    cap: int
    began: float
    secrets: list[str]
    request_headers: dict[str, str]
    request: bytes
    answer_headers: dict[str, str]
    answer: list[bytes]
    total: int
    calls: list[TakenCall]


def taken(captured: Capture, large: Iterator[bytes]) -> Taken:
    """Takes of `large` what stood beside it."""
    for whose, at in captured.apart or ():
        data = next(large)
        bodies = captured if whose == _CLIENT else captured.calls[whose]
        if at == _REQUEST:
            bodies.request = data
        else:
            bodies.answer = [*bodies.answer[:at], data, *bodies.answer[at + 1 :]]
    targets = [_target(one.target) for one in captured.calls]
    if captured.passed:
        captured.answer = captured.calls[-1].answer
    return Taken(
        cap=captured.room - SPARE_BYTES,
        began=captured.began,
        secrets=[*_secrets(captured.secrets), *(value for *_, values in targets for value in values)],
        request_headers=_headers(captured.request_headers),
        request=captured.request,
        answer_headers=captured.answer_headers or {},
        answer=[*captured.answer],
        total=sum(map(len, captured.answer)) if captured.total is None else captured.total,
        calls=[_call(one, target, captured.room) for one, target in zip(captured.calls, targets, strict=True)],
    )


def _pieces(one: Upcall) -> list[bytes]:
    if one.sizes is None:
        return one.answer
    joined = memoryview(one.answer[0])
    ends = [*accumulate(one.sizes)]
    return [bytes(joined[end - size : end]) for size, end in zip(one.sizes, ends, strict=True)]


def _call(one: Upcall, target: tuple[str, str, dict[str, str], list[str]], room: int) -> TakenCall:
    method, url, headers, _ = target
    return TakenCall(
        n=one.n,
        method=method,
        url=url,
        request_headers=headers,
        request=one.request,
        status=one.status,
        answer_headers=one.answer_headers or {},
        answer=_pieces(one),
        times=one.times or [],
        total=room - one.left if one.left != room else sum(map(len, one.answer)),
    )


def _headers(wire: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("utf-8", "replace") for name, value in wire}
