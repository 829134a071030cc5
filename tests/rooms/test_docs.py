"""The documentation keeps up with the code: generated pages are current, links lead somewhere, commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from a2a.cli.app import build

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
_IMAGE = re.compile(r'<img[^>]*\bsrc="([^"]+)"')
_COMMAND = re.compile(r"^\s*(?:\$ )?a2a (?:--\S+ )*([a-z]+)", re.MULTILINE)
_FENCE = re.compile(r"```(?:sh|console)?\n(.*?)```", re.DOTALL)


def test_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "docs.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


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
    blocks = "\n".join(_FENCE.findall(page.read_text("utf-8")))
    assert set(_COMMAND.findall(blocks)) <= known
