"""`a2a login` without a provider: a short list of what people have, and one number to type."""

from __future__ import annotations

from msgspec import Struct

from a2a.cli.output import Out
from a2a.config import PROVIDER_SHORT
from a2a.errors import UsageError


class Choice(Struct, frozen=True):
    """What a line of the list means. `provider`: its id; `plan`: of a Qwen key."""

    words: str
    provider: str
    preset: str | None = None
    asks_url: bool = False
    plan: str | None = None


def choices() -> list[Choice]:
    """What `gateway.logins` offers, but one line for all ways to Kiro, and one for those of Google's login."""
    from a2a.gateway.logins.methods import GEMINI, KIRO, offered

    found: list[Choice] = []
    for each in offered():
        words = {
            KIRO: "Kiro (Google, GitHub, Builder ID, Identity Center)",
            GEMINI: "Gemini Code Assist with a licence, by Google login",
        }.get(each.provider, each.title)
        asks_url = "base_url" in each.needs
        choice = Choice(words, each.provider, each.preset, asks_url=asks_url, plan=each.plan)
        if choice not in found:
            found.append(choice)
    return found


def choose(out: Out) -> Choice:
    """Ask on the terminal. Raises UsageError where there is none, or for an answer that is no line of the list."""
    shorts = ", ".join(PROVIDER_SHORT.values())
    if not out.interactive:
        raise UsageError("which provider?", hint=f"a2a login PROVIDER, one of {shorts}")
    offered = choices()
    out.tell("What do you want to add?")
    for number, choice in enumerate(offered, 1):
        out.tell(f"  {number:>2}  {choice.words}")
    answer = out.ask(f"number or name [1-{len(offered)}]").lower()
    if answer.isdecimal() and 1 <= int(answer) <= len(offered):
        return offered[int(answer) - 1]
    hits = [choice for choice in offered if answer and choice.words.lower().startswith(answer)]
    if len(hits) == 1 or (hits and hits[0].preset == answer):
        return hits[0]
    raise UsageError(f"{answer!r} is no line of this list", hint="type its number")
