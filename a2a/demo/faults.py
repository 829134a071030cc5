"""What can go wrong, on request: a fault is data, the board says whom it hits and how often.

A fault is set through `Board.add`, through `POST /_control/faults`, or by a directive inside the prompt:
`[[fault: 429 retry-after=2]]`, `[[fault: cut after=3]]`. The directive's grammar is one word (a kind, or a status,
which means kind `http`) followed by `name=value`; unknown names are headers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

FaultKind = Literal["http", "html", "hang", "slow", "stall", "cut", "end", "error_event", "empty", "split", "bad_crc"]

SIDE_APIS = (
    "openai-models",
    "responses-count",
    "claude-models",
    "claude-count",
    "kiro-management",
    "kiro-auth",
    "gemini-models",
    "gemini-count",
    "codeassist-setup",
    "codeassist-count",
    "codeassist-auth",
    "qwen-auth",
)
"""Calls beside the conversation: only a fault that names them hits them, so that a background call cannot use up a
fault meant for a chat."""

DIRECTIVE = re.compile(r"\[\[fault:\s*([^\]]+?)\s*\]\]")


class Fault(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One thing that goes wrong with one answer.

    | kind | what happens |
    |---|---|
    | `http` | the vendor's error body with `status`, `type`, `code`, `message`, `headers` |
    | `html` | an HTML page with `status`, as a proxy in between would send |
    | `hang` | nothing at all for `seconds` (0 = until the client leaves), then the normal answer |
    | `slow` | headers at once, the first frame `seconds` later |
    | `stall` | a pause of `seconds` (0 = for ever) after `after` frames |
    | `cut` | TCP reset after `after` frames (`mid`: and half of the next one) |
    | `end` | a clean end of the body after `after` frames (`mid`: and half of one), without the terminal event |
    | `error_event` | the vendor's error frame after `after` frames of a 200 answer |
    | `empty` | a 200 answer with no frame at all |
    | `split` | the body written `size` bytes at a time |
    | `bad_crc` | the last byte of frame number `after` is wrong (event stream: its checksum) |
    """

    kind: FaultKind
    status: int = 500
    type: str | None = None
    code: str | None = None
    message: str | None = None
    headers: dict[str, str] = {}
    after: int = 0
    mid: bool = False
    seconds: float = 0.0
    size: int = 1
    until_refresh: bool = False
    """The fault ends when the account's token is refreshed, whatever its count says."""


class Rule(Struct, kw_only=True):
    """A fault on the board. `api`, `account` None = every one; `left` None = for ever."""

    fault: Fault
    api: str | None = None
    account: str | None = None
    left: int | None = 1


class Board:
    """The faults that wait for a request."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(
        self, fault: Fault | str, *, api: str | None = None, account: str | None = None, times: int | None = 1
    ) -> Rule:
        """Play `fault` for the next `times` requests (None = all) of `account` at `api`. Text is read as a directive.

        `api`: `openai`, `responses`, `claude`, `kiro`, `gemini`, `codeassist`, `qwen`, or one of SIDE_APIS. `account`
        is an API key, or the name of an account (`aoa-social`). Raises ValueError on a bad directive.
        """
        known = parse(fault) if isinstance(fault, str) else fault
        rule = Rule(fault=known, api=api, account=account, left=None if known.until_refresh else times)
        self.rules.append(rule)
        return rule

    def take(self, api: str, account: str | None) -> list[Fault]:
        """The faults for one request; each match counts its rule down."""
        hits: list[Fault] = []
        for rule in list(self.rules):
            fits = rule.api == api or (rule.api is None and api not in SIDE_APIS)
            if not fits or rule.account not in (None, account):
                continue
            if rule.fault.kind == "http" and any(fault.kind == "http" for fault in hits):
                continue  # one answer can carry one status: the next rule waits for the next request
            hits.append(rule.fault)
            if rule.left is not None:
                rule.left -= 1
                if rule.left <= 0:
                    self.rules.remove(rule)
        return hits

    def refreshed(self, account: str) -> None:
        """The account has a new token: faults that lasted until then are over."""
        self.rules = [rule for rule in self.rules if not (rule.fault.until_refresh and rule.account in (None, account))]

    def clear(self) -> None:
        self.rules.clear()


def parse(text: str) -> Fault:
    """`429 retry-after=2 type=rate_limit_error` or `cut after=3`. Values hold no blanks. Raises ValueError."""
    word, *pairs = text.split()
    values: dict[str, object] = {"kind": word}
    if word.isdigit():
        values = {"kind": "http", "status": int(word)}
    headers: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        name = name.replace("-", "_") if name in {"until-refresh"} else name
        if name in Fault.__struct_fields__:
            values[name] = value or "true"
        else:
            headers[name] = value
    if headers:
        values["headers"] = headers
    try:
        return msgspec.convert(values, Fault, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a fault: {text!r} ({error})") from error


def in_prompt(text: str) -> list[Fault]:
    """The faults that the prompt itself asks for. Raises ValueError on a directive that means nothing."""
    return [parse(found) for found in DIRECTIVE.findall(text)]


def first(faults: Sequence[Fault], *kinds: FaultKind) -> Fault | None:
    """The first fault of one of the kinds."""
    return next((fault for fault in faults if fault.kind in kinds), None)
