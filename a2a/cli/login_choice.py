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
    """Accounts by key (every preset), local servers, any other address, then the OAuth logins."""
    from a2a.providers.plans import PLANS
    from a2a.providers.presets import PRESETS

    keyed = [p for p in PRESETS.values() if p.key_env is not None]
    local = [p for p in PRESETS.values() if p.key_env is None]
    return [
        *(Choice(f"{preset.name}, by API key", preset.provider, preset.name) for preset in keyed),
        *(Choice(f"{preset.name}, on this machine", preset.provider, preset.name) for preset in local),
        Choice("another server that speaks OpenAI's protocol", "openai-custom", asks_url=True),
        Choice("Kiro (Google, GitHub, Builder ID, Identity Center)", "claude-kiro-oauth"),
        Choice("Gemini Code Assist with a licence, by Google login", "gemini-cli-oauth"),
        *(Choice(f"Qwen, by a key of DashScope's {plan} plan", "openai-qwen-oauth", plan=plan) for plan in PLANS),
        Choice("Qwen's OAuth tier, which is closed since 2026-04-15", "openai-qwen-oauth"),
    ]


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
