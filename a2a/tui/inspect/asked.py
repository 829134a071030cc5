"""What the inspector asks a person: where to send a request again, and where to save a cassette."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from a2a.control.types import ReplayWish
from a2a.errors import StoreError
from a2a.paths import atomic_write
from a2a.tui.asking import Tell, ask
from a2a.tui.desk import Desk
from a2a.tui.dialogs.confirm import Confirm
from a2a.tui.dialogs.form import Field, Form
from a2a.tui.view import View


def ask_replay(view: View, desk: Desk, then: Callable[[ReplayWish], None]) -> None:
    """A form with the account and the model; empty fields are as before."""
    names = [desk.account_name(account) for account in desk.state.accounts.values()]
    known = {*names, *(name.partition("/")[0] for name in names), *(x.provider for x in desk.state.accounts.values())}

    def wrong(text: str) -> str | None:
        if not text or text.lower() in {name.lower() for name in known}:
            return None
        return f"no such account or provider; there are {', '.join(names) or 'none'}"

    def given(values: dict[str, str] | None) -> None:
        if values is not None:
            then(ReplayWish(provider=values["where"] or None, model=values["model"] or None))

    fields = [
        Field(name="where", title="account", hint=f"as before; or {', '.join(names)}", wrong=wrong),
        Field(name="model", title="model", hint="as before"),
    ]
    view.app.push_screen(Form(desk, "Send this request again", fields), given)


def save_cassette(view: View, desk: Desk, exchange_id: str) -> None:
    """Ask for the path, then the server for the cassette; a file that is there is not replaced without a yes."""

    def given(values: dict[str, str] | None) -> None:
        if values is None:
            return
        path = Path(values["path"]).expanduser()
        if not path.is_absolute():
            path = desk.around.saves / path
        if not path.exists():
            fetch(path)
            return
        asked = Confirm(desk, f"Replace {path.name}?", f"{path} is there already.")
        view.app.push_screen(asked, lambda yes: fetch(path) if yes else None)

    def fetch(path: Path) -> None:
        ask(view, _written(desk, exchange_id, path), partial(_saved, view))

    proposed = desk.around.saves / f"{exchange_id}.json"
    field = Field(name="path", title="file", value=str(proposed), wrong=_wrong_path)
    view.app.push_screen(Form(desk, "Save as a cassette", [field]), given)


def _wrong_path(text: str) -> str | None:
    if not text:
        return "a file name is wanted"
    return "that is a folder" if Path(text).expanduser().is_dir() else None


async def _written(desk: Desk, exchange_id: str, path: Path) -> Path:
    """Raises StoreError where it cannot be written."""
    text = await desk.control.cassette(exchange_id)
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(atomic_write, path, text.encode())
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}", hint="choose another folder") from error
    return path


def _saved(view: View, path: Path) -> None:
    view.post_message(Tell(f"saved {path}", hint=f"a2a serve --replay {path.parent}"))
