"""The pages that a browser shows: where a person approves, picks an account, or reads what went wrong.

Texts and values are escaped here; `form` is HTML made by this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from aiohttp import web

from a2a.demo.logins import DeviceLogin

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body>
<h1>{title}</h1><p>{text}</p>{form}</body></html>"""
_SAID = {None: "waiting for you.", True: "approved. You may close this page.", False: "denied."}


def page(title: str, text: str, form: str = "", *, status: int = 200) -> web.Response:
    """A page with one sentence and perhaps a form."""
    body = _PAGE.format(title=escape(title), text=escape(text), form=form)
    return web.Response(status=status, text=body, content_type="text/html")


def ask(hidden: Mapping[str, str], name: str, buttons: Mapping[str, str], extra: str = "") -> str:
    """A form with one button for each value of the field `name` (value -> label). `extra`: HTML before the buttons."""
    fields = "".join(
        f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">' for key, value in hidden.items()
    )
    shown = " ".join(
        f'<button name="{escape(name)}" value="{escape(value)}">{escape(label)}</button>'
        for value, label in buttons.items()
    )
    return f'<form method="post">{fields}{extra}{shown}</form>'


def choice(name: str, options: Iterable[str]) -> str:
    """A list to pick one from."""
    return f'<select name="{escape(name)}">{"".join(f"<option>{escape(one)}</option>" for one in options)}</select> '


def shown_code(title: str, code: str) -> web.Response:
    """A code to copy."""
    return page(title, "", f"<code>{escape(code)}</code>")


async def device(request: web.Request, title: str, login: DeviceLogin | None) -> web.Response:
    """The page of a device login: what there is to decide (GET), or the decision (POST, field `decision`)."""
    posted = request.method == "POST"
    if login is None:
        return page(title, "Enter the code that your client shows: add it to the address as user_code.", status=404)
    if posted:
        decision = str((await request.post()).get("decision"))
        if decision not in ("approve", "deny") or login.decision is not None:
            return page(title, "That is no decision, or it was made before.", status=400)
        login.decision = decision == "approve"
    buttons = {"approve": "Approve", "deny": "Deny"}
    form = ask({"user_code": login.user_code}, "decision", buttons) if login.decision is None else ""
    return page(title, f"Code {login.user_code}: {_SAID[login.decision]}", form)


async def user_code(request: web.Request) -> str:
    """The code that a device page is about: from the form, else from the query."""
    given = (await request.post()).get("user_code") if request.method == "POST" else None
    return str(given or request.query.get("user_code", ""))
