"""The rooms of a2a and their rules (docs/architecture.md), read from the source: nothing is imported here.

The tables come first, one rule per function after them, then a planted violation for every rule. A finding reads
`path:line: what is wrong`; an exception to a rule is a line in its table with the reason beside it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "a2a"

RANK = {
    "errors": 0,
    "paths": 0,
    "clock": 0,
    "secret": 0,
    "messages": 1,
    "catalog": 1,
    "config": 1,
    "control": 1,
    "protocols": 2,
    "logs": 2,
    "auth": 2,
    "providers": 3,
    "pool": 4,
    "gateway": 5,
    "server": 6,
    "demo": 6,
    "tui": 7,
    "cli": 8,
    "__main__": 9,
}
"""Room -> rank. A room sees every room of a lower rank, none of its own, none above."""

_GROUND = frozenset({"errors", "paths", "clock", "secret"})
SEES = {
    "paths": frozenset({"errors"}),  # a folder that cannot be made is an error of our family from the start
    "protocols": _GROUND | {"messages"},  # bytes in, events out: no settings
    "demo": _GROUND | {"messages", "config", "control", "protocols", "logs", "auth"},  # stands in for the outside world
    "tui": _GROUND | {"control"},  # can attach to a server of another process
}
"""Rooms whose view is not the one their rank gives."""

SIBLINGS = {
    "protocols": frozenset({"chat", "responses", "claude", "gemini", "kiro"}),
    "providers": frozenset({"openai", "responses", "claude", "gemini", "gemini_cli", "kiro", "qwen"}),
}
"""Room -> its parts that do not know each other. Whatever else lies in the room is shared by them."""

HOMES = {
    "aiohttp": {"providers", "server", "demo"},
    "httpcore": {"auth"},
    "httpx": {"auth", "control"},
    "keyring": {"auth"},
    "markdown_it": {"cli"},
    "platformdirs": {"paths"},
    "textual": {"tui"},
    "textual_serve": {"server"},
    "typer": {"cli"},
    "rich": {"cli", "tui"},
    "segno": {"cli"},
    "uvloop": {"cli", "server"},
}
"""Third-party package -> the rooms that may import it."""

EARLY = (*(f"a2a.{room}" for room in sorted(_GROUND)), "a2a.config", "a2a.control.types", "a2a.cli")
"""What a command module may import while `a2a --help` runs; the rest waits for the command's body."""

LATE = {
    "a2a.cli.local": "the pipeline's second mouth, for the body of `chat`",
    "a2a.cli.terminal_person": "who logs in, as the flows of `auth` see them, for the body of `login`",
    "a2a.cli.prompt": "a prompt as a neutral message, for the body of `chat`",
    "a2a.cli.talk": "what `chat` is made of, all of it for its body",
}
"""Modules of `cli` that import heavy rooms themselves, so that only a command's body may import them -> what for."""

IMPURE = frozenset({"asyncio", "anyio", "logging", "os", "random", "secrets", "socket", "ssl", "threading", "time"})
"""What `protocols` does without."""

ENVIRONMENT = {
    "a2a/config/load.py": "the one reader; everything else is handed its settings",
}
"""Module that touches the environment -> why."""

TASKS = {
    "a2a/auth/tokens.py": "the one refresh of an account: held, named, shielded for its callers, awaited by aclose()",
    "a2a/gateway/downstream.py": "the keep-alive of one stream: held, named, cancelled and awaited by its exchange",
}
"""Module that makes a task outside a TaskGroup -> who owns it and ends it."""

BROAD_EXCEPT = {
    "a2a/auth/keyring_store.py": "keyring backends raise their platform's own errors; translated here",
    "a2a/logs/scribe.py": "the border of the writer's thread: a bug there costs a batch, not the recording",
    "a2a/cli/app.py": "the command line's border: a bug becomes a sentence and exit code 1",
    "a2a/server/run.py": "the border of background work: a bug there is logged and must not end the server",
    "a2a/server/border.py": "the request border: a bug is a 500 in the client's protocol and a traceback in the log",
}
"""Module that catches everything without raising it again -> which border it is."""


@dataclass(frozen=True)
class Module:
    """One source file; `name` is dotted, `where` is its path from the repository's top."""

    name: str
    where: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.split(".")[1] if "." in self.name else "a2a"


@dataclass(frozen=True)
class Import:
    """One imported name, dotted (`from a2a.x import y` is `a2a.x.y`)."""

    target: str
    line: int
    early: bool
    """Runs when the module is loaded: neither in a function nor under TYPE_CHECKING."""


Finding = tuple[int, str]


def load(package: Path) -> list[Module]:
    """Every module below `package`, which is a folder called a2a."""
    found = []
    for path in sorted(package.rglob("*.py")):
        where = path.relative_to(package.parent)
        name = ".".join(where.with_suffix("").parts).removesuffix(".__init__")
        found.append(Module(name, where.as_posix(), ast.parse(path.read_text(encoding="utf-8"))))
    return found


def imports(module: Module) -> Iterator[Import]:
    """Every import, wherever it stands; a string that spells a module of ours counts (lazy tables use them)."""
    yield from _imports(module, module.tree, early=True)


def _imports(module: Module, node: ast.AST, *, early: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.expr):
            for target in _targets(module, child):
                yield Import(target, child.lineno, early and not isinstance(child, ast.Constant))
        body_waits = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from _imports(module, child, early=early and not body_waits and not typing_only)


def _targets(module: Module, node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=source, names=names, level=level):
            base = [*_anchor(module, level), *([source] if source else [])]
            return [".".join([*base, alias.name]) for alias in names]
        case ast.Constant(value=str(text)) if re.fullmatch(r"a2a(\.\w+)+(:\w+)?", text):
            return [text.partition(":")[0]] if text.split(".")[1].partition(":")[0] in RANK else []
    return []


def _anchor(module: Module, level: int) -> list[str]:
    if not level:
        return []
    parts = module.name.split(".")
    drop = level - 1 if module.where.endswith("__init__.py") else level
    return parts[: len(parts) - drop]


def calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the source text of what is called."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def known_room(module: Module) -> Iterator[Finding]:
    """Everything in a2a/ has its place in the table."""
    if module.room not in RANK and module.name != "a2a":
        yield 1, f"'{module.room}' is no room of the table"


def version_alone(module: Module) -> Iterator[Finding]:
    """`a2a/__init__.py` imports nothing."""
    if module.name == "a2a":
        for found in imports(module):
            yield found.line, f"a2a itself imports nothing, not even {found.target}"


def downward(module: Module) -> Iterator[Finding]:
    """A room imports lower rooms only."""
    own = RANK.get(module.room, 0)
    sees = SEES.get(module.room) or {name for name, rank in RANK.items() if rank < own}
    for found in imports(module):
        top, _, rest = found.target.partition(".")
        room = rest.partition(".")[0]
        if top == "a2a" and room in RANK and room != module.room and room not in sees:
            yield found.line, f"{module.room} (rank {own}) must not import {room} (rank {RANK[room]})"


def siblings(module: Module) -> Iterator[Finding]:
    """No codec imports another codec, no provider another provider."""
    family = SIBLINGS.get(module.room, frozenset())
    own = _part(module.name)
    for found in imports(module):
        other = _part(found.target)
        if found.target.startswith(f"a2a.{module.room}.") and own in family and other in family and own != other:
            yield found.line, f"{module.room}: {own} must not import {other}"


def _part(name: str) -> str:
    parts = name.split(".")
    return parts[2] if len(parts) > 2 else ""


def homes(module: Module) -> Iterator[Finding]:
    """A third-party package is known to its own rooms only."""
    for found in imports(module):
        package = found.target.partition(".")[0]
        if module.room not in HOMES.get(package, {module.room}):
            yield found.line, f"{module.room} must not import {package}, whose home is {sorted(HOMES[package])}"


def commands_wait(module: Module) -> Iterator[Finding]:
    """A command imports heavy rooms in its body."""
    for found in imports(module) if module.room == "cli" and not _within(module.name, LATE) else ():
        light = _within(found.target, EARLY) and not _within(found.target, LATE)
        if found.early and found.target.startswith("a2a.") and found.target != "a2a.__version__" and not light:
            yield found.line, f"cli imports {found.target} at the top: move it into the command's body"


def _within(target: str, modules: Iterable[str]) -> bool:
    return any(target == module or target.startswith(module + ".") for module in modules)


def emulators_stand_alone(module: Module) -> Iterator[Finding]:
    """The demo upstreams write every wire format themselves: a codec's mistake must not find its twin there."""
    for found in imports(module) if module.room == "demo" else ():
        if found.target.startswith("a2a.protocols") and _part(found.target) != "eventstream":
            yield found.line, f"demo must not use our codecs: {found.target}"


def codecs_are_pure(module: Module) -> Iterator[Finding]:
    """`protocols` has no async, no clock, no logging, no I/O."""
    if module.room != "protocols":
        return
    for found in imports(module):
        if found.target.partition(".")[0] in IMPURE:
            yield found.line, f"protocols must not import {found.target.partition('.')[0]}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield node.lineno, "protocols has no async"


def only_cli_prints(module: Module) -> Iterator[Finding]:
    """`print` is for commands."""
    for call, name in calls(module):
        if name == "print" and module.room != "cli":
            yield call.lineno, "print outside cli"


def tasks_have_owners(module: Module) -> Iterator[Finding]:
    """A task belongs to a TaskGroup and has a name."""
    for call, name in calls(module):
        owner, _, verb = name.rpartition(".")
        bare = verb == "ensure_future" or (verb == "create_task" and not re.search(r"group$|tasks$|tg$", owner))
        if bare and module.where not in TASKS:
            yield call.lineno, f"{name}: a task without an owner, use a TaskGroup"
        elif verb == "create_task" and "name" not in {keyword.arg for keyword in call.keywords}:
            yield call.lineno, f"{name}: a task without a name"


def environment_in_config(module: Module) -> Iterator[Finding]:
    """Only `config` reads the environment."""
    if module.where in ENVIRONMENT:
        return
    for found in imports(module):
        if found.target in {"os.environ", "os.getenv", "os.environb"}:
            yield found.line, f"{found.target} outside config"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}:
            yield node.lineno, f"{ast.unparse(node)} outside config"


def narrow_except(module: Module) -> Iterator[Finding]:
    """`except Exception` stands at the borders only, or raises the same again after tidying up."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and module.where not in BROAD_EXCEPT:
            if isinstance(last := node.body[-1], ast.Raise) and last.exc is None:
                continue
            caught = ast.unparse(node.type) if node.type else "everything"
            if re.search(r"\b(everything|Exception|BaseException)\b", caught):
                yield node.lineno, f"catches {caught}: only a border may"


Rule = Callable[[Module], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    known_room,
    version_alone,
    downward,
    siblings,
    homes,
    commands_wait,
    emulators_stand_alone,
    codecs_are_pure,
    only_cli_prints,
    tasks_have_owners,
    environment_in_config,
    narrow_except,
)


def findings(rule: Rule, modules: list[Module]) -> list[str]:
    return [f"{module.where}:{line}: {text}" for module in modules for line, text in rule(module)]


@pytest.fixture(scope="module")
def house() -> list[Module]:
    return load(PACKAGE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule, house: list[Module]) -> None:
    assert not findings(rule, house), rule.__doc__


EXCEPTIONS: list[tuple[Rule, dict[str, str]]] = [
    (environment_in_config, ENVIRONMENT),
    (tasks_have_owners, TASKS),
    (narrow_except, BROAD_EXCEPT),
]


@pytest.mark.parametrize(("rule", "table"), EXCEPTIONS, ids=["environment", "tasks", "broad-except"])
def test_a_listed_exception_is_still_needed(
    rule: Rule, table: dict[str, str], house: list[Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = dict(table)
    for where in listed:
        monkeypatch.delitem(table, where)
    assert {finding.partition(":")[0] for finding in findings(rule, house)} >= listed.keys()


PLANTED = [
    (known_room, "utils.py", "", "a2a/utils.py:1: 'utils' is no room"),
    (version_alone, "__init__.py", "import msgspec", "a2a/__init__.py:1: a2a itself imports nothing"),
    (downward, "auth/x.py", "from a2a.pool import y", "a2a/auth/x.py:1: auth (rank 2) must not import pool (rank 4)"),
    (downward, "logs/x.py", "import a2a.auth.y", "logs (rank 2) must not import auth (rank 2)"),
    (downward, "config.py", "from a2a import messages", "config (rank 1) must not import messages"),
    (downward, "pool/x.py", "def f():\n    from a2a import server", "a2a/pool/x.py:2: pool (rank 4) must not"),
    (downward, "pool/x.py", "from ..server.app import run", "pool (rank 4) must not import server"),
    (downward, "pool/__init__.py", "from ..cli import app", "pool (rank 4) must not import cli"),
    (downward, "tui/x.py", "if TYPE_CHECKING:\n    from a2a.pool import y", "a2a/tui/x.py:2: tui (rank 7) must not"),
    (downward, "demo/x.py", "from a2a.gateway import y", "demo (rank 6) must not import gateway"),
    (downward, "protocols/x.py", "from a2a.config import x", "protocols (rank 2) must not import config"),
    (downward, "auth/x.py", "LAZY = {'k': 'a2a.providers.kiro:make'}", "auth (rank 2) must not import providers"),
    (
        siblings,
        "protocols/chat/parts.py",
        "from a2a.protocols.claude import x",
        "protocols: chat must not import claude",
    ),
    (siblings, "protocols/kiro.py", "from . import chat", "protocols: kiro must not import chat"),
    (siblings, "providers/kiro.py", "from a2a.providers import openai", "providers: kiro must not import openai"),
    (homes, "auth/x.py", "import aiohttp.web", "auth must not import aiohttp, whose home is ['demo', 'providers'"),
    (
        homes,
        "server/x.py",
        "def f():\n    from rich.table import Table",
        "a2a/server/x.py:2: server must not import rich",
    ),
    (commands_wait, "cli/serve.py", "from a2a.server.app import run", "cli imports a2a.server.app.run at the top"),
    (commands_wait, "cli/serve.py", "from a2a.cli.local import LocalFront", "cli imports a2a.cli.local.LocalFront at"),
    (emulators_stand_alone, "demo/x.py", "from a2a.protocols import sse", "demo must not use our codecs"),
    (codecs_are_pure, "protocols/x.py", "import time", "protocols must not import time"),
    (codecs_are_pure, "protocols/x.py", "async def f(): ...", "protocols has no async"),
    (only_cli_prints, "server/x.py", "print('up')", "a2a/server/x.py:1: print outside cli"),
    (tasks_have_owners, "pool/x.py", "asyncio.create_task(f(), name='x')", "a task without an owner"),
    (tasks_have_owners, "pool/x.py", "asyncio.get_running_loop().create_task(f())", "a task without an owner"),
    (tasks_have_owners, "pool/x.py", "group.create_task(f())", "a task without a name"),
    (environment_in_config, "auth/x.py", "import os\nos.environ['X']", "a2a/auth/x.py:2: os.environ outside config"),
    (environment_in_config, "auth/x.py", "from os import getenv", "os.getenv outside config"),
    (narrow_except, "pool/x.py", "try: ...\nexcept (OSError, Exception): ...", "a2a/pool/x.py:2: catches"),
    (narrow_except, "pool/x.py", "try: ...\nexcept: ...", "catches everything"),
    (narrow_except, "pool/x.py", "try: ...\nexcept Exception as e:\n    raise X from e", "catches Exception"),
]


@pytest.mark.parametrize(("rule", "where", "source", "expected"), PLANTED)
def test_a_planted_violation_is_found(rule: Rule, where: str, source: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "a2a" / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    assert any(expected in finding for finding in findings(rule, load(tmp_path / "a2a")))


FINE = [
    ("cli/serve.py", "from a2a.config import Settings\ndef f():\n    from a2a.server.app import run"),
    ("cli/serve.py", "if TYPE_CHECKING:\n    from a2a.server.app import run"),
    ("protocols/registry.py", "from a2a.protocols import chat, claude"),
    ("server/x.py", "import aiohttp\nfrom a2a import __version__\nfrom a2a.gateway.flow import Flow"),
    ("pool/x.py", "self._group.create_task(f(), name='refresh')\ntry: ...\nexcept OSError: ..."),
    ("pool/x.py", "try: ...\nexcept BaseException:\n    close()\n    raise"),
]


@pytest.mark.parametrize(("where", "source"), FINE)
def test_what_the_rules_allow_is_not_reported(where: str, source: str, tmp_path: Path) -> None:
    path = tmp_path / "a2a" / where
    path.parent.mkdir(parents=True)
    path.write_text(source)
    modules = load(tmp_path / "a2a")
    assert [text for rule in RULES for text in findings(rule, modules)] == []


def test_every_rule_has_a_planted_violation() -> None:
    assert {rule for rule, *_ in PLANTED} == set(RULES)
