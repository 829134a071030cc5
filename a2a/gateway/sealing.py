"""What becomes of captured bodies before they are kept: secrets go, the rest is cut to its limit and made text.

Runs in the writer's thread or process.

The account's own credential, the key the client sent and those of the settings are known and go wherever they stand,
also as JSON and URLs write them. Besides go headers and query parameters that carry keys, and what can be nothing but a
key (protocols/redact.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import structs

from a2a.control.bodies import encoded
from a2a.control.types import Arrival, AttemptBodies, Bodies, Exchange
from a2a.gateway.capture import Taken, TakenCall
from a2a.protocols.redact import GONE, forms_of, secrets_in

_GONE = GONE.encode()
_SHORTEST = 8
"""A shorter key is not looked for in bodies: it would be found in words."""
_BEARER = re.compile(r"^(?:bearer|basic|token)\s+", re.IGNORECASE)
_CARRIES = re.compile(
    r"authori[sz]ation|cookie|secret|credential|signature|(^|[-_])(api-?key|key|token|auth)$|security-token"
)
"""Names of headers and query parameters whose value is a secret."""
_CLIENT_KEYS = ("authorization", "x-api-key", "x-goog-api-key")
_NO_SECRET = frozenset({"idempotency-key"})


_ERRORS = 400


@lru_cache(maxsize=1000)
def _carries(name: str) -> bool:
    """Whether the value of a header or a parameter of that name is a secret."""
    return bool(_CARRIES.search(name)) and name not in _NO_SECRET


def bodies_of(taken: Taken, exchange: Exchange) -> Bodies:
    """The record of the bodies: the only form in which they are kept. An answer that failed may be an error with any
    status, in the middle of a stream too.
    """
    failed = {one.n for one in exchange.attempts if one.outcome == "failed"}
    seal = Seal(taken.secrets, taken.request_headers, cap=taken.cap, began=taken.began)
    made = Bodies(
        request_headers=seal.headers(taken.request_headers),
        request=seal.body("request", taken.request),
        answer_headers=seal.headers(taken.answer_headers),
        answer=seal.flow("answer", taken.answer, [], taken.total, error=exchange.state == "failed")[0],
    )
    for one in taken.calls:
        request = made.request if one.request is None else seal.body(f"{one.n}.request", one.request)
        if one.request is None and "request" in seal.cut:
            seal.cut.append(f"{one.n}.request")
        error = one.n in failed or one.status >= _ERRORS
        made.attempts.append(_attempt(seal, _timed(one, taken.began, exchange), request, error=error))
    made.cut = seal.cut
    return made


def _timed(one: TakenCall, began: float, exchange: Exchange) -> TakenCall:
    """Of an answer that was read whole it is known when all of it had come: one arrival."""
    if one.times or not one.answer:
        return one
    ends = (each.started_at + (each.duration_ms or 0.0) / 1000 for each in exchange.attempts if each.n == one.n)
    came_s = max(0.0, next(ends, exchange.started_at) - exchange.started_at)
    return structs.replace(one, answer=[b"".join(one.answer)], times=[began + came_s])


def _attempt(seal: Seal, one: TakenCall, request: str | None, *, error: bool) -> AttemptBodies:
    answer, arrivals = seal.flow(f"{one.n}.answer", one.answer, one.times, one.total, error=error)
    return AttemptBodies(
        n=one.n,
        method=one.method,
        url=seal.url(one.url),
        request_headers=seal.headers(one.request_headers),
        request=request,
        answer_headers=seal.headers(one.answer_headers),
        answer=answer,
        arrivals=arrivals,
    )


class Seal:
    """For the bodies of one exchange. `cut`: names of those that were longer than `cap` bytes."""

    def __init__(self, secrets: Iterable[str], headers: Mapping[str, str], *, cap: int, began: float) -> None:
        """`secrets`: of the accounts asked. `headers`: the client's, in lower case. `began`: its monotonic time."""
        self._cap = cap
        self._began = began
        sent = (_BEARER.sub("", headers.get(name, "")).strip() for name in _CLIENT_KEYS)
        known = {one for one in (*secrets, *sent) if len(one) >= _SHORTEST}
        self._texts = sorted(known, key=len, reverse=True)  # one may hold another
        forms = {form for one in self._texts for form in forms_of(one)}
        self._known = sorted(forms, key=len, reverse=True)
        self._seen: dict[tuple[bytes, bool], list[tuple[int, int]]] = {}
        self.cut: list[str] = []

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """By lower-case name."""
        lower = {name.lower(): value for name, value in headers.items()}
        kept = {name: GONE if _carries(name) else value for name, value in lower.items()}
        whole = "\n".join(kept.values()).encode("utf-8", "surrogateescape")
        if not secrets_in(whole, self._known):
            return kept
        return {name: self._value(value) for name, value in kept.items()}

    def _value(self, value: str) -> str:
        data = value.encode("utf-8", "surrogateescape")
        spans = secrets_in(data, self._known)
        return _without(data, spans).decode("utf-8", "replace") if spans else value

    def url(self, url: str) -> str:
        """Without userinfo and without the parameters that carry keys."""
        parts = urlsplit(url)
        if not parts.query and "@" not in parts.netloc:
            return self._value(url)
        asked = [(name, GONE if _carries(name.lower()) else value) for name, value in parse_qsl(parts.query, True)]
        kept = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=urlencode(asked, safe="[]:/")))
        return self._value(kept)

    def body(self, name: str, data: bytes) -> str | None:
        """None where there is none."""
        return self._text(name, data, len(data), [], error=False)[0] if data else None

    def flow(
        self, name: str, pieces: Sequence[bytes], times: list[float], total: int, *, error: bool
    ) -> tuple[str | None, list[Arrival]]:
        """A body of `total` bytes that came in pieces, and when (no `times`: nobody asks). `error`: an upstream's."""
        if not pieces:
            return None, []
        ends: list[int] = []
        for piece in pieces if times else ():
            ends.append((ends[-1] if ends else 0) + len(piece))
        text, ends = self._text(name, b"".join(pieces), total, ends, error=error)
        arrivals: list[Arrival] = []
        before = 0
        for time, end in zip(times, ends, strict=True):
            if end > before or not arrivals:
                arrivals.append(Arrival(round((time - self._began) * 1000, 2), end - before))
            before = end
        return text, arrivals

    def _spans(self, data: bytes, *, error: bool) -> list[tuple[int, int]]:
        """Looked for once in what went both to the client and upstream."""
        found = self._seen.get((data, error))
        if found is None:
            found = self._seen[data, error] = secrets_in(data, self._known, error=error)
        return found

    def _text(self, name: str, data: bytes, total: int, ends: list[int], *, error: bool) -> tuple[str, list[int]]:
        """The text, and where the pieces that ended at `ends` end in its bytes."""
        cap = self._cap
        room = data if total <= cap else data[: cap + _LOOK_BEHIND]
        spans = self._spans(room, error=error)
        if total > cap:
            self.cut.append(name)
            cap = next((begin for begin, end in spans if begin < cap < end), cap)
            spans = [span for span in spans if span[1] <= cap]
            room = _whole_characters(room[:cap])
        text = _without(room, spans) if spans else room
        ends = [_moved(min(end, len(room)), spans) for end in ends] if spans else [min(end, len(room)) for end in ends]
        return encoded(text), ends


_LOOK_BEHIND = 16 * 1024
"""Bytes behind the limit that are looked at for a secret that stands across it."""


def _without(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    parts: list[bytes] = []
    at = 0
    for begin, end in spans:
        parts += (data[at:begin], _GONE)
        at = end
    return b"".join((*parts, data[at:]))


def _moved(at: int, spans: list[tuple[int, int]]) -> int:
    """Where a place of the data is once the spans are replaced; one inside a span is at its end."""
    shift = 0
    for begin, end in spans:
        if at <= begin:
            break
        shift += len(_GONE) - (min(at, end) - begin)
    return at + shift


def _whole_characters(data: bytes) -> bytes:
    """Without the part of a UTF-8 character that the cut has left at the end."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        wanted = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        return data[:-back] if wanted > back else data
    return data
