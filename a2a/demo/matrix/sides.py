"""Both sides of the matrix: the fronts, and the providers with the demo accounts that are logged in."""

from __future__ import annotations

from msgspec import Struct

from a2a.demo.claude.routes import KEYS as CLAUDE_KEYS
from a2a.demo.gemini.routes import KEYS as GEMINI_KEYS
from a2a.demo.matrix import chat, claude, gemini, responses
from a2a.demo.matrix.talk import Dialect
from a2a.demo.openai.routes import KEYS as OPENAI_KEYS

FRONTS: tuple[Dialect, ...] = (chat, responses, claude, gemini)


class Upstream(Struct, frozen=True, kw_only=True):
    """A provider and its demo accounts: alias -> API key, or the name of an account of its emulator.

    `proto`: its native protocol; a front of the same name gets the bytes passed through. `api`: what the fault board
    and `Upstreams.urls` call it. `thinker`: a model that thinks aloud. `opening`: frames of its streams before the
    first content, `told`: frames after which its first words are out. `counts`: its route counts whole requests.
    `own_words`: its errors have types that are not the protocol's.
    """

    id: str
    proto: str
    api: str
    model: str
    thinker: str
    accounts: dict[str, str]
    opening: int = 0
    told: int = 4
    counts: bool = False
    own_words: bool = False


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
        id="openaiResponses-custom",
        proto="responses",
        api="responses",
        model="gpt-4.1",
        thinker="gpt-5.6",
        accounts=dict(zip(("ada", "bob"), OPENAI_KEYS, strict=False)),
        opening=2,
        told=7,
        counts=True,
    ),
    Upstream(
        id="claude-custom",
        proto="claude",
        api="claude",
        model="claude-sonnet-4-6",
        thinker="claude-sonnet-4-6",
        accounts=dict(zip(("ada", "bob"), CLAUDE_KEYS, strict=False)),
        opening=1,
        counts=True,
    ),
    Upstream(
        id="gemini-custom",
        proto="gemini",
        api="gemini",
        model="gemini-2.5-flash",
        thinker="gemini-3-flash-preview",
        accounts=dict(zip(("ada", "bob"), GEMINI_KEYS, strict=False)),
        counts=True,
    ),
    Upstream(
        id="gemini-cli-oauth",
        proto="gemini",
        api="codeassist",
        model="gemini-2.5-flash",
        thinker="gemini-3-flash-preview",
        accounts={"ada": "ca-standard", "bob": "ca-standard-2"},
    ),
    Upstream(
        id="claude-kiro-oauth",
        proto="kiro",
        api="kiro",
        model="claude-sonnet-5",
        thinker="claude-sonnet-5",
        accounts={"ada": "aoa-social", "bob": "aoa-social-2"},
    ),
    Upstream(
        id="openai-qwen-oauth",
        proto="chat",
        api="qwen",
        model="coder-model",
        thinker="coder-model",
        accounts={"ada": "qwen-1", "bob": "qwen-2"},
        told=11,
        own_words=True,
    ),
)
