"""What a fresh interpreter loads: `a2a --help` stays light, and every module of a2a can be the first one imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("textual", "aiohttp", "httpx", "keyring", "asyncio", "segno")
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "a2a").rglob("*.py")
)

LOADED_BY_COMMAND = """
import json, pathlib, sys
sys.argv = ["a2a", *sys.argv[1:]]
from a2a.cli import main
try:
    main()
finally:
    pathlib.Path("loaded.json").write_text(json.dumps(list(sys.modules)))
"""

IMPORT_EACH_ALONE = """
import importlib, json, sys, traceback
results = {}
for name in sys.argv[1:]:
    for ours in [loaded for loaded in sys.modules if loaded.partition(".")[0] == "a2a"]:
        del sys.modules[ours]
    try:
        importlib.import_module(name)
        results[name] = [loaded for loaded in sys.modules if loaded.startswith("a2a.")]
    except BaseException:
        results[name] = traceback.format_exc()
print(json.dumps(results))
"""


def fresh(program: str, *args: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter of its own, with an A2A_HOME of its own."""
    env = {**os.environ, "A2A_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", program, *args], cwd=home, env=env, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["serve", "--help"]], ids=" ".join)
def test_help_loads_no_heavy_package(args: list[str], tmp_path: Path) -> None:
    done = fresh(LOADED_BY_COMMAND, *args, home=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads((tmp_path / "loaded.json").read_text())}
    assert sorted(loaded.intersection(HEAVY)) == []


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str] | str]:
    """Module -> the modules of ours it brought along, or the traceback of its import.

    One process for all: ours are forgotten between two imports, third-party packages stay and cost their time once.
    """
    done = fresh(IMPORT_EACH_ALONE, *MODULES, home=tmp_path_factory.mktemp("home"))
    assert done.returncode == 0, done.stderr
    results: dict[str, list[str] | str] = json.loads(done.stdout)
    return results


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_alone(module: str, alone: dict[str, list[str] | str]) -> None:
    assert isinstance(alone[module], list), alone[module]


def test_the_package_itself_loads_no_room(alone: dict[str, list[str] | str]) -> None:
    assert alone["a2a"] == []


def test_a_server_does_without_what_only_logins_and_screens_need(tmp_path: Path) -> None:
    program = "import json, sys; import a2a.server.run; print(json.dumps(list(sys.modules)))"
    done = fresh(program, home=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert sorted(loaded.intersection(("httpx", "httpcore", "keyring", "rich", "segno", "textual", "typer"))) == []
