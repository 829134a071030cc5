"""What a line that begins with a slash does in a conversation. Each command is a row of COMMANDS."""

from __future__ import annotations

import glob
import json
import os
import shlex
import shutil
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from a2a.cli.output import MAX_WIDTH
from a2a.cli.prompt import file_part
from a2a.cli.talk.aim import moved
from a2a.cli.talk.display import remark
from a2a.cli.talk.record import Conversation, begun, digest
from a2a.config import did_you_mean
from a2a.errors import UsageError
from a2a.messages import Media, Message, Text
from a2a.paths import atomic_write

if TYPE_CHECKING:
    from a2a.cli.talk.talk import Talk


class Command(Struct, frozen=True):
    """`run` gets the rest of the line; True ends the conversation. `words`: what completes that rest."""

    takes: str
    does: str
    run: Callable[[Talk, str], bool]
    words: Callable[[Talk, str], Iterable[str]] = lambda talk, word: ()


def run(talk: Talk, line: str) -> bool:
    """Do what the line says; True ends the conversation. Raises A2AError."""
    name, _, rest = line.partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        hint = did_you_mean(name, COMMANDS, "/help lists them; a line that begins with a space is said as it is")
        raise UsageError(f"there is no command {name}", hint=hint)
    return command.run(talk, rest.strip())


def complete(talk: Talk, line: str) -> list[str]:
    """What the last word of the line may become."""
    name, space, rest = line.partition(" ")
    if not name.startswith("/"):
        return []
    if not space:
        return _closed([known for known in COMMANDS if known.startswith(name)], more=lambda one: COMMANDS[one].takes)
    command = COMMANDS.get(name)
    word = rest.rpartition(" ")[2]
    return sorted({found for found in command.words(talk, word) if found.startswith(word)}) if command else []


def _closed(found: list[str], more: Callable[[str], object]) -> list[str]:
    """With a blank behind the only one, where more is to be typed."""
    return [f"{found[0]} "] if len(found) == 1 and more(found[0]) else found


# -- where it goes -----------------------------------------------------------------------------------------------------


def _model(talk: Talk, name: str) -> bool:
    if not name:
        talk.learn_models()
        _list(talk, f"model {talk.aim.model}; others:", _models(talk))
        return False
    talk.aim = talk.wait(moved(talk.engine, talk.aim, None, name))
    _told(talk)
    if talk.provider is not None and _models(talk) and not talk.engine.catalogue.found(talk.provider, talk.aim.model):
        remark(talk.out, "[not in the list of its provider, which may know it all the same; /model shows the list]")
    return False


def _provider(talk: Talk, name: str) -> bool:
    if not name:
        _list(talk, f"provider {talk.aim.provider or 'of the model'}; there are accounts of:", _providers(talk))
        return False
    talk.aim = talk.wait(moved(talk.engine, talk.aim, name, None))
    return _told(talk)


def _account(talk: Talk, name: str) -> bool:
    if not name:
        for member in talk.engine.pool.members():
            view = member.view()
            why = f" {view.reason}" if view.reason else ""
            talk.out.tell(f"{member.name}  {view.state}{why}")
        return False
    if "/" not in name and talk.provider is not None:
        name = f"{talk.short(talk.provider)}/{name}"
    talk.aim = talk.wait(moved(talk.engine, talk.aim, name, None))
    return _told(talk)


def _told(talk: Talk) -> bool:
    remark(talk.out, f"[{talk.where}]")
    return False


def _list(talk: Talk, head: str, names: Iterable[str]) -> None:
    width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
    text = textwrap.fill(", ".join(names), width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    talk.out.tell(f"{head}\n{text}")


def _listed(talk: Talk, word: str) -> list[str]:
    talk.learn_models()
    return _models(talk)


def _models(talk: Talk) -> list[str]:
    """Of the provider, else of all."""
    views = talk.engine.router.models()
    return [view.id for view in views if talk.provider in (None, view.provider)]


def _providers(talk: Talk, word: str = "") -> list[str]:
    return list(dict.fromkeys(talk.short(member.account.provider) for member in talk.engine.pool.members()))


def _accounts(talk: Talk, word: str = "") -> list[str]:
    """By their whole names; of the provider it goes to, by their aliases too."""
    members = talk.engine.pool.members()
    own = [member.account.alias for member in members if member.account.provider == talk.provider]
    return [*own, *(member.name for member in members)]


# -- what is said ------------------------------------------------------------------------------------------------------


def _system(talk: Talk, text: str) -> bool:
    if text:
        talk.conversation.system = None if text == "-" else text
    talk.out.tell(f"system prompt: {talk.conversation.system or 'none'}")
    return False


def _file(talk: Talk, text: str) -> bool:
    if not text:
        raise UsageError("which file?", hint="/file photo.png")
    for name in _split(text):
        attach(talk, Path(name).expanduser())
    remark(talk.out, f"[{len(talk.attached)} attached to what you say next]")
    return False


def attach(talk: Talk, path: Path) -> None:
    """Send the file with what is said next. Raises UsageError."""
    part = file_part(path)
    talk.attached.append(part)
    remember(talk.conversation, part, path)


def remember(conversation: Conversation, part: object, path: Path) -> None:
    """Where a medium lies, for `--last`."""
    if isinstance(part, Media):
        conversation.paths[digest(part)] = str(path.expanduser().absolute())


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is part of a name
        return [text]


def _paths(talk: Talk, word: str) -> list[str]:
    found = glob.glob(glob.escape(os.path.expanduser(word)) + "*")
    shown = [word + name[len(os.path.expanduser(word)) :] for name in found]
    return [name + ("/" if os.path.isdir(os.path.expanduser(name)) else "") for name in shown]


def _retry(talk: Talk, _: str) -> bool:
    """What failed, else the last question, whose answer goes when there is another."""
    turns = talk.conversation.turns
    if talk.unanswered is not None:
        talk.ask(talk.unanswered)
    elif turns:
        talk.ask(turns[-1].ask, after=len(turns) - 1)
    else:
        raise UsageError("nothing was asked yet")
    return False


def _clear(talk: Talk, _: str) -> bool:
    fresh = begun()
    fresh.system = talk.conversation.system
    talk.conversation, talk.unanswered = fresh, None
    talk.attached.clear()
    remark(talk.out, "[a new conversation]")
    return False


def _save(talk: Talk, text: str) -> bool:
    name = " ".join(_split(text))
    if not name:
        raise UsageError("save where?", hint="/save talk.md, or talk.json")
    path = Path(name).expanduser().absolute()
    if path.exists():
        raise UsageError(f"{path} exists already", hint="give another name")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}")
    form = _as_json if path.suffix == ".json" else _as_markdown
    atomic_write(path, form(talk.conversation).encode())
    remark(talk.out, f"[saved: {path}]")
    return False


def _as_markdown(conversation: Conversation) -> str:
    pieces = [f"> {line}" for line in (conversation.system or "").splitlines()]
    text = "\n".join(pieces) + "\n\n" if pieces else ""
    for turn in conversation.turns:
        by = f" ({turn.account} {turn.model})" if turn.account else ""
        cut = "\n\n*(stopped)*" if turn.stopped else ""
        text += f"## You\n\n{_said(turn.ask)}\n\n## Answer{by}\n\n{turn.answer.rstrip()}{cut}\n\n"
    return text


def _as_json(conversation: Conversation) -> str:
    """Messages as the chat protocol has them, media by name."""
    said: list[dict[str, str]] = [{"role": "system", "content": conversation.system}] if conversation.system else []
    for turn in conversation.turns:
        said += [{"role": "user", "content": _said(turn.ask)}, {"role": "assistant", "content": turn.answer}]
    return json.dumps({"messages": said}, ensure_ascii=False, indent=2) + "\n"


def _said(message: Message) -> str:
    texts = [part.text if isinstance(part, Text) else f"[{getattr(part, 'name', 'file')}]" for part in message.parts]
    return "\n\n".join(texts)


def _help(talk: Talk, _: str) -> bool:
    room = max(len(f"{name} {command.takes}") for name, command in COMMANDS.items())
    for name, command in COMMANDS.items():
        talk.out.tell(f"{f'{name} {command.takes}':<{room}}  {command.does}")
    talk.out.tell('A \\ at the end of a line, or """ around several, makes one prompt of them.')
    talk.out.tell("Ctrl-C stops an answer, Ctrl-D ends; a2a chat --last goes on.")
    return False


def _quit(talk: Talk, _: str) -> bool:
    return True


COMMANDS: dict[str, Command] = {
    "/model": Command("[NAME]", "go on with another model; alone: which there are", _model, _listed),
    "/provider": Command("[NAME]", "go on at another provider", _provider, _providers),
    "/account": Command("[NAME]", "go on with one account; alone: which there are", _account, _accounts),
    "/system": Command("[TEXT]", "the system prompt from now on; - removes it", _system),
    "/file": Command("PATH…", "send text, images or PDFs with what you say next", _file, _paths),
    "/retry": Command("", "ask again: what failed, else the last question", _retry),
    "/clear": Command("", "begin a new conversation", _clear),
    "/save": Command("PATH", "write the conversation to a file: Markdown, or .json", _save, _paths),
    "/help": Command("", "this list", _help),
    "/quit": Command("", "the end, as Ctrl-D", _quit),
}
