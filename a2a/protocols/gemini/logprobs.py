"""Log probabilities: Google's two parallel lists, and the list of tokens with alternatives that the neutral form holds.

Neutral: `[{token, logprob, bytes, top_logprobs: [{token, logprob, bytes}]}]` as in Chat; Google: `{chosenCandidates:
[{token, tokenId, logProbability}], topCandidates: [{candidates: […]}]}` (specs/conversion.md 1.2).
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from a2a.protocols.wire import dumps


class _Google(Struct, rename="camel"):
    token: str = ""
    log_probability: float = 0.0


class _Step(Struct):
    candidates: list[_Google] = []


class _Result(Struct, rename="camel"):
    chosen_candidates: list[_Google] = []
    top_candidates: list[_Step] = []


class _Neutral(Struct):
    token: str = ""
    logprob: float = 0.0
    top_logprobs: list[_Neutral] | None = None


_RESULT = msgspec.json.Decoder(_Result)
_TOKENS = msgspec.json.Decoder(list[_Neutral])


def read_logprobs(raw: Raw) -> Raw | None:
    """`logprobsResult` as neutral tokens, None when it is unreadable or empty."""
    try:
        result = _RESULT.decode(raw)
    except msgspec.MsgspecError:
        return None
    tokens = [
        {**_entry(chosen), "top_logprobs": [_entry(one) for one in step.candidates]}
        for chosen, step in zip(result.chosen_candidates, _padded(result), strict=False)
    ]
    return Raw(dumps(tokens)) if tokens else None


def write_logprobs(raw: Raw) -> dict[str, object] | None:
    """Neutral tokens as `logprobsResult`, None when they are in no shape this codec knows."""
    try:
        tokens = _TOKENS.decode(raw)
    except msgspec.MsgspecError:
        return None
    return {
        "chosenCandidates": [_google(token) for token in tokens],
        "topCandidates": [{"candidates": [_google(one) for one in token.top_logprobs or []]} for token in tokens],
    }


def _padded(result: _Result) -> list[_Step]:
    missing = len(result.chosen_candidates) - len(result.top_candidates)
    return result.top_candidates + [_Step() for _ in range(missing)]


def _entry(candidate: _Google) -> dict[str, object]:
    token = candidate.token
    return {"token": token, "logprob": candidate.log_probability, "bytes": list(token.encode("utf-8", "replace"))}


def _google(token: _Neutral) -> dict[str, object]:
    return {"token": token.token, "logProbability": token.logprob}
