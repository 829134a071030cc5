"""What the environment says about this machine beside our own settings: a browser, an editor, the places of official
clients."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from msgspec import Struct

from a2a.secret import Secret


class Surroundings(Struct, frozen=True, kw_only=True):
    """`browser`: whether a page opened here would be seen by the one who types. The rest is None where unset."""

    browser: bool = False
    no_color: bool = False
    """`NO_COLOR` (no-color.org)."""
    term: str | None = None
    editor: str | None = None
    """`VISUAL`, else `EDITOR`: a command line."""
    pager: str | None = None
    kiro_api_key: Secret | None = None
    kiro_data_dir: str | None = None
    xdg_data_home: str | None = None
    xdg_config_home: str | None = None
    appdata: str | None = None
    local_appdata: str | None = None
    qwen_home: str | None = None


def read(env: Mapping[str, str], platform: str = sys.platform) -> Surroundings:
    """`platform`: as `sys.platform`."""
    key = env.get("KIRO_API_KEY")
    return Surroundings(
        browser=_sees_a_browser(env, platform),
        no_color=bool(env.get("NO_COLOR")),
        term=env.get("TERM") or None,
        editor=env.get("VISUAL") or env.get("EDITOR") or None,
        pager=env.get("PAGER") or None,
        kiro_api_key=Secret(key) if key else None,
        kiro_data_dir=env.get("KIRO_DATA_DIR") or None,
        xdg_data_home=env.get("XDG_DATA_HOME") or None,
        xdg_config_home=env.get("XDG_CONFIG_HOME") or None,
        appdata=env.get("APPDATA") or None,
        local_appdata=env.get("LOCALAPPDATA") or None,
        qwen_home=env.get("QWEN_HOME") or None,
    )


def _sees_a_browser(env: Mapping[str, str], platform: str) -> bool:
    """BROWSER is an order. Without it: a display, or a desktop system that nobody came to over SSH."""
    if env.get("BROWSER"):
        return True
    if platform in ("win32", "darwin"):
        return not (env.get("SSH_CONNECTION") or env.get("SSH_TTY"))
    return bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))
