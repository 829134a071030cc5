"""What the settings change of a client's request: its system prompt and its parameters (docs/prompts.md).

Worked out once for each (provider, model, client) that the settings tell apart. An attempt that converts changes a copy
of the neutral request; one that relays changes the bytes, and only those of the places concerned: what a codec writes
with the rules and without them is compared, so that a rule means the same on both ways. The client's own request is
never changed, so that another account's attempt begins with it again, and counts are of what the client said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Raw, Struct

from a2a.config import PROVIDER_SHORT, Settings
from a2a.config.parameters import ParameterRules
from a2a.errors import RequestError
from a2a.gateway.call import Call
from a2a.gateway.checks import CLIENT as HEALTH_CHECK
from a2a.gateway.parameters import Refuses, Rule, apply, rules_of
from a2a.gateway.system_prompt import Decl, Prompt, prompted, said_by
from a2a.messages import Request
from a2a.protocols.base import Conversion, Note, Profile
from a2a.protocols.editing import heads, move
from a2a.protocols.registry import EDITORS, FRONTS, UPSTREAMS
from a2a.protocols.wire import BAD_JSON, dumps
from a2a.providers.base import Provider


class Wired(Struct, frozen=True):
    """A body of the byte path with the edits, and what they were."""

    body: bytes
    notes: list[Note]


class Edits:
    """Those of one attempt."""

    __slots__ = ("prompt", "rules")

    def __init__(self, prompt: Prompt | None, rules: Mapping[str, Rule]) -> None:
        self.prompt = prompt
        self.rules = rules

    def parameters(self, request: Request, conv: Conversion, proto: str, call: Call) -> Request:
        """The request as the rules want it; notes go to `conv`. `proto`: of the upstream."""
        same = proto == call.front.name
        changed, notes = (
            apply(request, self.rules, _refuses(proto, call.headers)) if same else apply(request, self.rules)
        )
        conv.notes += notes
        return changed

    def system(self, request: Request, conv: Conversion) -> Request:
        """The request with the system prompt; the note goes to `conv`."""
        if self.prompt is None:
            return request
        changed, note = prompted(request, self.prompt)
        conv.notes.append(note)
        return changed

    def on_wire(self, call: Call, profile: Profile, model: str, *, stream: bool) -> Wired | None:
        """The client's body with the edits, all else verbatim; None where only a conversion can do them.

        Raises RequestError.
        """
        body, proto = call.body, call.front.name
        try:
            top = msgspec.json.decode(body, type=dict[str, Raw])
        except BAD_JSON as error:
            raise RequestError(f"the body is no JSON object: {error}") from error
        before = dict(top)
        notes = _ruled(top, self.rules, _Wire(call, profile, model, stream)) if self.rules else []
        if notes is None:
            return None
        if self.prompt is not None:
            append, role = self.prompt.mode == "append", profile.system_role
            had = EDITORS[proto].system(top, self.prompt.text, append=append, role=role)
            notes = [*notes, self.prompt.note(had=had)]
        return Wired(dumps(top) if top != before else body, notes)


class _Wire(Struct, frozen=True):
    call: Call
    profile: Profile
    model: str
    stream: bool

    @property
    def proto(self) -> str:
        return self.call.front.name


def _refuses(proto: str, headers: Mapping[str, str]) -> Refuses:
    """With the client's own headers, which go along where both sides speak the same protocol."""
    return lambda name: EDITORS[proto].refuses(name, headers) if proto in EDITORS else None


def _ruled(top: dict[str, Raw], rules: Mapping[str, Rule], wire: _Wire) -> list[Note] | None:
    """Change the parameters in place; None where that is not enough.

    The body's parameters alone, in a body with nothing else, are rendered as they are and as the rules want them.
    """
    editor = EDITORS[wire.proto]
    given = {**heads(editor.slots, top), "model": Raw(dumps(wire.model))}
    asked = FRONTS[wire.proto].parse_request(dumps({**editor.blank, **given}), headers={}, model=wire.model)
    wanted, notes = apply(asked, rules, _refuses(wire.proto, wire.call.headers))
    if wanted is asked:
        return notes
    before, _, told = _rendered(asked, wire)
    after, local, told_after = _rendered(wanted, wire)
    if local and wanted.stop != asked.stop:
        return None  # sequences that are watched for here
    if wanted.think != asked.think and editor.history and any(editor.history in bytes(value) for value in top.values()):
        return None
    for slot in editor.slots:
        move(slot, before, after, top)
    return [*notes, *(note for note in told_after if note not in told)]


def _rendered(request: Request, wire: _Wire) -> tuple[dict[str, Raw], bool, list[Note]]:
    """The body, whether stop sequences have to be applied here, the codec's notes."""
    conv = Conversion(request=request, profile=wire.profile, model=wire.model, now=0.0, stream=wire.stream)
    body = UPSTREAMS[wire.proto].render_request(request, conv)
    return msgspec.json.decode(body, type=dict[str, Raw]), "local_stop" in conv.extra, conv.notes


class EditTable:
    """Whose edits hold for an attempt: the client's key, `provider/model`, `model`, the provider, the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients = {each.name: each for each in settings.clients if _says(each)}
        self._models = {name: decl for name, decl in settings.models.items() if _says(decl)}
        providers = any(_says(table) for table in settings.providers.values())
        self._any = bool(self._clients or self._models or providers or settings.server.system_prompt_file)
        self._named: dict[str, dict[str, list[str]]] = {}
        self._known: dict[tuple[str, str, str], Edits | None] = {}

    def of(self, provider: Provider, model: str, client: str) -> Edits | None:
        """None where nothing is to be changed. `model`: the upstream's name; `client`: the name of its key."""
        if not self._any or client == HEALTH_CHECK:
            return None
        names = self._names(provider).get(model, [])
        key = (provider.id, model if names else "", client if client in self._clients else "")
        if key not in self._known:
            self._known[key] = self._made(list(self._levels(provider, names, client)))
        return self._known[key]

    def _names(self, provider: Provider) -> dict[str, list[str]]:
        """The upstream's name of a model -> its keys in `[models]`, the one with its provider first."""
        if provider.id not in self._named:
            found: dict[str, list[str]] = {}
            mine = (provider.id.lower(), PROVIDER_SHORT[provider.id])
            for special in (True, False):
                for name in self._models:
                    head, _, rest = name.partition("/")
                    if (head.lower() in mine and bool(rest)) is special:
                        found.setdefault(provider.resolve(rest if special else name), []).append(name)
            self._named[provider.id] = found
        return self._named[provider.id]

    def _levels(self, provider: Provider, names: list[str], client: str) -> Iterator[tuple[str, Decl]]:
        """(how notes call it, the table), the most particular first."""
        if client in self._clients:
            yield f"client {client}", self._clients[client]
        yield from ((f'[models."{name}"]', self._models[name]) for name in names)
        yield f"[providers.{provider.id}]", self._settings.provider(provider.id)

    def _made(self, levels: list[tuple[str, Decl]]) -> Edits | None:
        given: list[tuple[str, ParameterRules | None]] = [(of, decl.parameters) for of, decl in levels]
        prompt, rules = self._prompt(levels), rules_of(given)
        return Edits(prompt, rules) if prompt is not None or rules else None

    def _prompt(self, levels: list[tuple[str, Decl]]) -> Prompt | None:
        """The text of the first table that says one, in the mode of the first that says one."""
        server, texts = self._settings.server, self._settings.prompts
        general = texts.get(server.system_prompt_file or "", "")
        own = ((of, text) for of, decl in levels if (text := said_by(decl, texts)) is not None)
        of, text = next(own, ("[server]", general))
        modes = (decl.system_prompt_mode for _, decl in levels if decl.system_prompt_mode is not None)
        return Prompt(text, next(modes, server.system_prompt_mode), of) if text else None


def _says(decl: Decl) -> bool:
    keys = ("parameters", "system_prompt", "system_prompt_file", "system_prompt_mode")
    return any(getattr(decl, key) is not None for key in keys)
