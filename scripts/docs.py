"""Writes the reference pages that follow from the code: docs/cli.md, docs/config.md, the tables in docs/errors.md,
docs/control.md and docs/dash.md.

    .venv/bin/python scripts/docs.py            writes them anew
    .venv/bin/python scripts/docs.py --check    says which differ, exit code 1 if any does

`tests/rooms/test_docs.py` runs the check. The commands are read from their functions' annotations, which are what
`--help` shows, but not from its text: that is laid out differently by each release of Typer.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import docs_control
import docs_dash
import msgspec
import typer
from docs_words import (
    ACCOUNTS,
    ALIASES,
    CLIENTS,
    CONFIG_INTRO,
    KINDS,
    MODELS,
    PROVIDERS,
    SERVER,
    WITHOUT_EFFECT,
)
from msgspec import Struct, structs
from typer.models import ArgumentInfo, OptionInfo

from a2a.cli.app import build
from a2a.config import AccountDecl, AliasDecl, ClientDecl, ModelDecl, ProviderSettings, ServerSettings
from a2a.config.names import FILE_ONLY, PROVIDER_SHORT, SECRET_FLAGS, provider_keys, server_variable
from a2a.messages import Failure, FailureKind
from a2a.protocols.base import Front
from a2a.protocols.registry import FRONTS
from a2a.providers.registry import PROVIDERS as SERVED
from a2a.secret import Secret

DOCS = Path(__file__).parents[1] / "docs"
_MADE = "<!-- Written by scripts/docs.py; change the code or scripts/docs_words.py instead. -->"

Row = Sequence[str]


def table(head: Row, rows: Sequence[Row]) -> list[str]:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


# -- commands ----------------------------------------------------------------------------------------------------------


def cli_page() -> str:
    """Every command with its arguments, options and examples."""
    app = build()
    root = app.registered_callback
    assert root is not None
    assert root.callback is not None
    lines = ["# Commands", "", _MADE, "", *_command("a2a", root.callback, app.info.epilog, heading=None)]
    commands: dict[str, list[str]] = {}
    for info in app.registered_commands:
        assert info.name is not None
        assert info.callback is not None
        commands[info.name] = _command(f"a2a {info.name}", info.callback, info.epilog)
    for group in app.registered_groups:
        assert group.name is not None
        assert group.typer_instance is not None
        commands[group.name] = _group(group.name, group.typer_instance)
    return "\n".join([*lines, *(line for command in commands.values() for line in command)]).rstrip() + "\n"


def _group(name: str, group: typer.Typer) -> list[str]:
    head = group.registered_callback
    assert head is not None
    assert head.callback is not None
    lines = _command(f"a2a {name}", head.callback, head.epilog)
    for info in group.registered_commands:
        assert info.callback is not None
        lines += _command(f"a2a {name} {info.name}", info.callback, info.epilog, heading="###")
    return lines


def _command(name: str, callback: Callable[..., Any], epilog: Any, heading: str | None = "##") -> list[str]:
    arguments, options = _parameters(callback)
    usage = " ".join([f"`{name}", *(["[OPTIONS]"] if options else []), *(row[0].strip("`") for row in arguments)]) + "`"
    lines = [f"{heading} {name}", ""] if heading else []
    lines += [inspect.cleandoc(callback.__doc__ or ""), "", usage, ""]
    if arguments or options:
        lines += [*table(("name", "what it does"), [*arguments, *options]), ""]
    if isinstance(epilog, str):
        lines += ["```", textwrap.dedent(epilog.replace("\b\n", "")).strip(), "```", ""]
    return lines


def _parameters(callback: Callable[..., Any]) -> tuple[list[Row], list[Row]]:
    """(arguments, options) as rows of name and help."""
    arguments: list[Row] = []
    options: list[Row] = []
    hints = get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        kind, *marks = get_args(hints[name]) or (hints[name],)
        info = next((mark for mark in marks if isinstance(mark, ArgumentInfo | OptionInfo)), None)
        if isinstance(info, ArgumentInfo):
            many = "…" if any(get_origin(one) is list for one in (kind, *get_args(kind))) else ""
            shown = f"{name.upper()}{many}"
            required = parameter.default is inspect.Parameter.empty
            arguments.append((f"`{shown}`" if required else f"`[{shown}]`", info.help or ""))
        elif isinstance(info, OptionInfo):
            options.append((f"`{_option(name, info, is_flag=kind is bool)}`", info.help or ""))
    return arguments, options


def _option(name: str, info: OptionInfo, *, is_flag: bool) -> str:
    """`-p, --provider PROVIDER`. Inside `Annotated` the first name stands where a default would."""
    names = [word for word in (info.default, *(info.param_decls or ())) if isinstance(word, str)]
    names = names or [f"--{name.replace('_', '-')}"]
    value = "" if is_flag else " " + (info.metavar or names[-1].lstrip("-").replace("-", "_").upper())
    return ", ".join(names) + value


# -- settings ----------------------------------------------------------------------------------------------------------


def config_page() -> str:
    """Every key of config.toml with its variable, its default and what it does."""
    lines = ["# Settings", "", _MADE, "", CONFIG_INTRO.strip(), "", "## [server]", ""]
    lines += [*table(("key", "variable", "default", "what it does"), list(_server_rows())), ""]
    lines += [
        "## [providers.ID]",
        "",
        "The variable's `<SHORT>` is the provider's short name in capitals, `_` for `-`.",
    ]
    lines += ["Without a value the server's holds, or the provider's own default.", ""]
    lines += [*table(("key", "variable", "for", "what it does"), list(_provider_rows())), ""]
    lines += ["## [[accounts]]", ""]
    lines += [*table(("key", "default", "what it does"), list(_entry_rows(AccountDecl, ACCOUNTS))), ""]
    lines += ["## [[clients]]", "", "Keys for further clients of a2a, besides its own.", ""]
    lines += [*table(("key", "default", "what it does"), list(_entry_rows(ClientDecl, CLIENTS))), ""]
    lines += ["## [aliases]", "", "`name = target`, `name = [target, …]`, or `name` with a table of these keys."]
    lines += ["A name may be a pattern with `*` and `?` ([routing](routing.md#aliases)).", ""]
    lines += [*table(("key", "default", "what it does"), list(_entry_rows(AliasDecl, ALIASES))), ""]
    lines += ["## [models.NAME]", "", '`NAME` is `"provider/model"`, or `"model"` for every provider that serves it.']
    lines += ["A model written with its provider is one that provider is known to serve.", ""]
    lines += [*table(("key", "default", "what it does"), list(_entry_rows(ModelDecl, MODELS))), ""]
    lines += ["## Names of providers", ""]
    lines += table(("id", "short name", "default `base_url`"), [_provider_row(name) for name in PROVIDER_SHORT])
    return "\n".join(lines) + "\n"


def _server_rows() -> Iterator[Row]:
    for field in structs.fields(ServerSettings):
        key = f"`{field.name}`" + (" (not in the file)" if field.name in SECRET_FLAGS else "")
        yield key, f"`{server_variable(field.name)}`", _default(field), _words(SERVER, field)


def _provider_rows() -> Iterator[Row]:
    for field in structs.fields(ProviderSettings):
        takers = [short for name, short in PROVIDER_SHORT.items() if field.name in provider_keys(name)]
        whom = "all" if len(takers) == len(PROVIDER_SHORT) else ", ".join(takers)
        key = f"`{field.name}`" + (" (not in the file)" if Secret in get_args(field.type) else "")
        variable = "none" if field.name in FILE_ONLY else f"`A2A_<SHORT>_{field.name.upper()}`"
        yield key, variable, whom, _words(PROVIDERS, field)


def _provider_row(name: str) -> Row:
    base_url = f"`{SERVED[name].default_base_url}`" if name in SERVED else "not served yet"
    return f"`{name}`", f"`{PROVIDER_SHORT[name]}`", base_url


def _entry_rows(struct: type[Struct], words: dict[str, str]) -> Iterator[Row]:
    for field in structs.fields(struct):
        yield f"`{field.name}`", "required" if field.required else _default(field), _words(words, field)


def _default(field: structs.FieldInfo) -> str:
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    match value:
        case None | []:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case float():
            return f"`{value:g}`"
        case _:
            return f"`{value}`"


def _words(table_of: dict[str, str], field: structs.FieldInfo) -> str:
    """Its description, its choices, and whether it does anything yet. KeyError: a setting without a description."""
    words = table_of[field.name]
    allowed = next((get_args(kind) for kind in (field.type, *get_args(field.type)) if get_origin(kind) is Literal), ())
    if len(allowed) > 1:
        words += " One of " + ", ".join(f"`{choice}`" for choice in allowed) + "."
    return words + (" **Not used yet.**" if field.name in WITHOUT_EFFECT else "")


# -- errors ------------------------------------------------------------------------------------------------------------

_BEGIN, _END = "<!-- table by scripts/docs.py -->", "<!-- end -->"


def errors_page() -> str:
    """The page as it is, with a new table of what each front answers for each kind of failure."""
    head, _, rest = (DOCS / "errors.md").read_text(encoding="utf-8").partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    rows = [(f"`{kind}`", KINDS[kind], *(_answer(front, kind) for front in FRONTS.values())) for kind in KINDS]
    lines = table(("kind", "what happened", *(f"{name} clients get" for name in FRONTS)), rows)
    return "\n".join([head + _BEGIN, "", *lines, "", _END + tail])


def _answer(front: Front, kind: FailureKind) -> str:
    """Status and words of the error body: `429 rate_limit_error`."""
    status, body = front.render_error(Failure(kind=kind, message="", status=500), "")
    error = msgspec.json.decode(body)["error"]
    words = [error[key] for key in ("type", "code", "status") if isinstance(error.get(key), str)]
    return " ".join([str(status), *(f"`{word}`" for word in words)])


# -- control API -------------------------------------------------------------------------------------------------------


def control_page() -> str:
    """The page as it is, with new tables of routes, actions and values."""
    head, _, rest = (DOCS / "control.md").read_text(encoding="utf-8").partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    lines = [head + _BEGIN, "", "## Looking", "", *table(("route", "key", "what it gives"), docs_control.reads()), ""]
    lines += ["## Doing", ""]
    lines += [*table(("route", "key", "body", "what it does"), docs_control.writes()), ""]
    lines += ["## Acting on one account", ""]
    lines += ["`POST /admin/v1/accounts/{provider}/{alias}/{action}` gives `Acted`.", ""]
    lines += [*table(("action", "body", "what it does"), docs_control.actions()), ""]
    lines += ["## Acting on all", "", "`POST /admin/v1/accounts/{action}`", ""]
    lines += [*table(("action", "body", "what it does"), docs_control.home_actions()), ""]
    lines += ["## Events", "", *table(("event", "value", "key", "what it says"), docs_control.kinds()), ""]
    lines += ["## Values", "", *table(("word for", "one of"), docs_control.words()), ""]
    for name, words, fields in docs_control.values():
        lines += [f"### {name}", "", words, ""]
        if any(told for *_, told in fields):
            lines += [*table(("field", "type", "what it is"), fields), ""]
        elif fields:
            lines += [*table(("field", "type"), [field[:2] for field in fields]), ""]
    return "\n".join([*lines, _END + tail])


# -- dashboard ---------------------------------------------------------------------------------------------------------


def dash_page() -> str:
    """The page as it is, with new tables of views and keys."""
    head, _, rest = (DOCS / "dash.md").read_text(encoding="utf-8").partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    lines = [head + _BEGIN, "", *table(("key", "command", "what is there"), [*docs_dash.views()]), ""]
    return "\n".join([*lines, *table(docs_dash.HEADS, [*docs_dash.keys()]), "", _END + tail])


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "config.md": config_page,
    "errors.md": errors_page,
    "control.md": control_page,
    "dash.md": dash_page,
}


def main(arguments: Sequence[str]) -> int:
    """1 when a page differs and `--check` was given."""
    drifted = [name for name, make in PAGES.items() if _current(DOCS / name) != make()]
    for name in drifted:
        if "--check" in arguments:
            sys.stderr.write(f"docs/{name} is not what the code says: run .venv/bin/python scripts/docs.py\n")
        else:
            (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
            sys.stderr.write(f"docs/{name} written\n")
    return 1 if drifted and "--check" in arguments else 0


def _current(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
