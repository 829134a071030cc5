"""Four looks: dark, light, high contrast and monochrome. Each gives every tone of `ink` a colour or a weight.

Text stands out from its ground by at least 4.5 to 1 (WCAG 2.2, 1.4.3), in `contrast` by 7 to 1; a test reckons it up.
`mono` uses the terminal's own two colours and tells the rest by weight.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.theme import Theme


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours as `#rrggbb`. `ground`: behind everything, `raised`: dialogs, `chosen`: the row of the cursor."""

    ground: str
    raised: str
    chosen: str
    resting: str
    text: str
    dim: str
    rule: str
    accent: str
    ok: str
    warn: str
    bad: str
    info: str


PALETTES = {
    "dark": Palette(
        ground="#0f1419",
        raised="#171e26",
        chosen="#1d3654",
        resting="#1a222b",
        text="#d6dde6",
        dim="#8793a1",
        rule="#33404d",
        accent="#79b8ff",
        ok="#63c98b",
        warn="#e5b454",
        bad="#ff7b72",
        info="#76c7d6",
    ),
    "light": Palette(
        ground="#fcfcfa",
        raised="#f0f1ee",
        chosen="#cfe2fb",
        resting="#ecefee",
        text="#1f262d",
        dim="#5c6670",
        rule="#c4cad0",
        accent="#0a56b5",
        ok="#126b2f",
        warn="#855300",
        bad="#b4231a",
        info="#0a6475",
    ),
    "contrast": Palette(
        ground="#000000",
        raised="#000000",
        chosen="#00315f",
        resting="#303030",
        text="#ffffff",
        dim="#cfcfcf",
        rule="#9a9a9a",
        accent="#7fdcff",
        ok="#6dff9c",
        warn="#ffe45c",
        bad="#ff9a94",
        info="#9ff0ff",
    ),
}
NAMES = (*PALETTES, "mono")
"""What `:theme` takes."""

_COLOURED = ("plain", "strong", "dim", "accent", "ok", "warn", "bad", "info", "head", "rule")
_MONO_STYLES = {"strong": "bold", "dim": "dim", "accent": "bold", "warn": "bold", "bad": "bold", "head": "dim"}

_OWN = (
    *(
        "ansi-background",
        "ansi-foreground",
        "border",
        "border-blurred",
        "block-cursor-foreground",
        "block-cursor-background",
    ),
    *("input-cursor-background", "input-cursor-foreground", "input-selection-background", "input-selection-foreground"),
    *("screen-selection-background", "screen-selection-foreground", "scrollbar-background", "scrollbar-corner-color"),
    *("scrollbar-background-hover", "scrollbar-background-active", "footer-key-foreground", "link-color"),
)
_GREY = ("scrollbar", "scrollbar-hover", "scrollbar-active")
"""A scrollbar is drawn by its ground alone: in the terminal's own one would not see it. NO_COLOR takes this away."""


def themes() -> list[Theme]:
    """All four, named `a2a-dark` and so on: Textual has themes of its own."""
    return [*(_coloured(name, palette) for name, palette in PALETTES.items()), _mono()]


def _coloured(name: str, palette: Palette) -> Theme:
    inks = {
        tone: getattr(palette, {"plain": "text", "strong": "text", "head": "dim"}.get(tone, tone)) for tone in _COLOURED
    }
    variables = {f"ink-{tone}": colour for tone, colour in inks.items()}
    variables |= {f"ink-{tone}-style": "none" for tone in _COLOURED} | {"ink-strong-style": "bold"}
    variables |= {"ink-cursor": palette.text, "ink-cursor-back": palette.chosen, "ink-cursor-style": "none"}
    variables |= {"ink-blurred": palette.text, "ink-blurred-back": palette.resting, "ink-blurred-style": "none"}
    return Theme(
        name=f"a2a-{name}",
        dark=name != "light",
        primary=palette.accent,
        secondary=palette.info,
        accent=palette.accent,
        warning=palette.warn,
        error=palette.bad,
        success=palette.ok,
        foreground=palette.text,
        background=palette.ground,
        surface=palette.ground,
        panel=palette.raised,
        boost=palette.raised,
        variables={
            **variables,
            "border": palette.rule,
            "scrollbar": palette.rule,
            "scrollbar-background": palette.ground,
            "scrollbar-background-hover": palette.ground,
            "scrollbar-background-active": palette.ground,
            "scrollbar-hover": palette.dim,
            "scrollbar-active": palette.accent,
            "scrollbar-corner-color": palette.ground,
            "input-selection-background": palette.chosen,
            **{f"block-cursor-{each}background": palette.chosen for each in ("", "blurred-")},
            **{f"block-cursor-{each}foreground": palette.text for each in ("", "blurred-")},
            "footer-background": palette.ground,
        },
    )


def _mono() -> Theme:
    variables = {f"ink-{tone}": "ansi_default" for tone in _COLOURED}
    variables |= {f"ink-{tone}-style": _MONO_STYLES.get(tone, "none") for tone in _COLOURED}
    for tone, style in (("cursor", "reverse"), ("blurred", "underline")):
        variables |= {f"ink-{tone}": "ansi_default", f"ink-{tone}-back": "ansi_default", f"ink-{tone}-style": style}
    own = "ansi_default"
    return Theme(
        name="a2a-mono",
        ansi=True,
        primary=own,
        secondary=own,
        accent=own,
        warning=own,
        error=own,
        success=own,
        foreground=own,
        background=own,
        surface=own,
        panel=own,
        boost=own,
        variables={
            **variables,
            **dict.fromkeys(_OWN, own),
            **dict.fromkeys(_GREY, "ansi_bright_black"),
            "input-cursor-text-style": "reverse",
            "block-cursor-text-style": "reverse",
            "block-cursor-blurred-text-style": "underline",
        },
    )
