"""The documentation keeps up with the code: generated pages are current, links lead somewhere, commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from a2a.cli.app import build
from a2a.config import PROVIDER_SHORT
from a2a.demo.matrix import sides
from a2a.protocols.registry import FRONTS
from a2a.providers.registry import PROVIDERS

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
_IMAGE = re.compile(r'<img[^>]*\bsrc="([^"]+)"')
_SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_TYPED = re.compile(r"^\$ (.*)", re.MULTILINE)
_COMMAND = re.compile(r"(?:^|\| )a2a ([a-z]+)", re.MULTILINE)
_STATUS = re.compile(r"^\| `([\w-]+)`[^|]*\|[^|]*\| (works|not yet)", re.MULTILINE)


def test_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "docs.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_is_said_to_be_unused_is_not_used() -> None:
    words = (ROOT / "scripts" / "docs_words.py").read_text("utf-8").partition("WITHOUT_EFFECT")[2].partition(")")[0]
    unused = re.findall(r'"(\w+)"', words)
    carriers = ("config", "records.py", "declared.py", "types.py", "serve.py", "home.py", "account.py", "accounts.py")
    carriers += ("health.py", "accounts_table.py")
    code = [path for path in (ROOT / "a2a").rglob("*.py") if not {*path.parts}.intersection(carriers)]
    text = "\n".join(path.read_text("utf-8") for path in code)
    assert [name for name in unused if re.search(rf"\.{name}\b", text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = page.read_text("utf-8")
    for link in [*_LINK.findall(text), *_IMAGE.findall(text)]:
        name, _, heading = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if heading:
            assert heading in anchors(target), link


def anchors(page: Path) -> set[str]:
    """The names GitHub gives to headings."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    app = build()
    known = {info.name for info in (*app.registered_commands, *app.registered_groups)}
    text = page.read_text("utf-8")
    typed = [*_SHELL.findall(text), *(line for block in _CONSOLE.findall(text) for line in _TYPED.findall(block))]
    assert set(_COMMAND.findall("\n".join(typed))) <= known


def test_the_readme_says_of_each_provider_and_protocol_whether_it_works() -> None:
    told = dict(_STATUS.findall((ROOT / "README.md").read_text("utf-8")))
    assert set(told) == {*PROVIDER_SHORT, *FRONTS}
    assert {name for name, state in told.items() if state == "works"} <= {*PROVIDERS, *FRONTS}


def test_the_readme_shows_the_demo_as_it_is() -> None:
    """Which rows there are; scripts/screenshot.py writes them anew."""
    shown = re.search(r"\$ a2a demo\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert shown
    rows = re.findall(r"^ *([\w-]+)(?: →)? *[✓– ]*$", shown[1], re.MULTILINE)
    assert rows == [row for front in sides.FRONTS for row in (front.name, *(side.id for side in sides.PROVIDERS))]
