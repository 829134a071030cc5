"""Both sides of the matrix: the fronts, and the providers with the demo accounts that are logged in."""

from __future__ import annotations

from msgspec import Struct

from a2a.demo.claude.routes import KEYS as CLAUDE_KEYS
from a2a.demo.matrix import chat, claude
from a2a.demo.matrix.talk import Dialect
from a2a.demo.openai.routes import KEYS as OPENAI_KEYS

FRONTS: tuple[Dialect, ...] = (chat, claude)


class Upstream(Struct, frozen=True, kw_only=True):
    """A provider and its demo accounts: alias -> API key, or the name of a Kiro account.

    `proto`: its native protocol; a front of the same name gets the bytes passed through. `api`: what the fault board
    calls it. `thinker`: a model that thinks aloud. `opening`: frames of its streams before the first content.
    """

    id: str
    proto: str
    api: str
    model: str
    thinker: str
    accounts: dict[str, str]
    opening: int = 0


PROVIDERS = (
    Upstream(
        id="openai-custom",
        proto="chat",
        api="openai",
        model="gpt-4.1",
        thinker="demo-chat",
        accounts=dict(zip(("ada", "bob"), OPENAI_KEYS, strict=False)),
        opening=1,
    ),
    Upstream(
        id="claude-custom",
        proto="claude",
        api="claude",
        model="claude-sonnet-4-6",
        thinker="claude-sonnet-4-6",
        accounts=dict(zip(("ada", "bob"), CLAUDE_KEYS, strict=False)),
        opening=1,
    ),
    Upstream(
        id="claude-kiro-oauth",
        proto="kiro",
        api="kiro",
        model="claude-sonnet-5",
        thinker="claude-sonnet-5",
        accounts={"ada": "aoa-social", "bob": "aoa-social-2"},
    ),
)
