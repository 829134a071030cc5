"""System prompts that a2a puts in (docs/prompts.md): whose holds, and what it does to a request.

They mean the same for every client and upstream: `overwrite` puts ours in the place of what stands before the
conversation, `append` puts it behind. A client without a system prompt gets ours either way. Texts are read with the
settings (`a2a.config.prompts`), never here.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from a2a.config.declare import ClientDecl, ModelDecl, PromptMode, ProviderSettings
from a2a.messages import Request, Text
from a2a.protocols.base import Note

Decl = ProviderSettings | ModelDecl | ClientDecl


class Prompt(Struct, frozen=True):
    """`text`: never empty. `of`: the table that says so."""

    text: str
    mode: PromptMode
    of: str

    def note(self, *, had: bool) -> Note:
        """`had`: the client had one of its own."""
        if not had:
            return Note("system", "added", f"the prompt of {self.of}")
        if self.mode == "append":
            return Note("system", "added", f"the prompt of {self.of}, behind the client's")
        return Note("system", "overwritten", f"the prompt of {self.of}")


def said_by(decl: Decl, texts: Mapping[str, str]) -> str | None:
    """The prompt of one table; "" for none, None where it leaves the matter to others. `texts`: by path."""
    if decl.system_prompt is not None:
        return decl.system_prompt.strip()
    return texts.get(decl.system_prompt_file, "") if decl.system_prompt_file else None


def prompted(request: Request, prompt: Prompt) -> tuple[Request, Note]:
    """A copy of the request with the prompt in place."""
    own = request.system
    hint = next((text.cache for text in reversed(own) if text.cache is not None), None)
    if prompt.mode == "overwrite":
        system = [Text(text=prompt.text, cache=hint)]
    elif own and own[-1].cache is not None:  # a cached prefix that ended with the client's ends with ours
        system = [*own[:-1], replace(own[-1], cache=None), Text(text=prompt.text, cache=hint)]
    else:
        system = [*own, Text(text=prompt.text)]
    return replace(request, system=system), prompt.note(had=bool(own))
