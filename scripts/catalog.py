"""Writes a2a/catalog/models.json anew from two public price lists, of which neither is a dependency of a2a.

    python scripts/catalog.py model_prices_and_context_window_backup.json 1.109.1 FOLDER 0.2.3 2026-11-22

1, 2: the list inside the `litellm` package and the package's version: limits, modalities, prices, and for each model
the vendor's own page. 3, 4: the folder that the `genai-prices` package lies in, and its version: the second witness of
a price. 5: the day the two were fetched. A price on which the two disagree is left out, a retired model too.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[1] / "a2a" / "catalog" / "models.json"

VENDORS: dict[str, tuple[str, str, list[str]]] = {
    "openai": ("openai", "openai", ["api.openai.com"]),
    "anthropic": ("anthropic", "anthropic", ["api.anthropic.com"]),
    "google": ("gemini", "google", ["generativelanguage.googleapis.com"]),
    "deepseek": ("deepseek", "deepseek", ["api.deepseek.com"]),
    "moonshot": ("moonshot", "moonshotai", ["api.moonshot.ai"]),
    "zai": ("zai", "zai", ["api.z.ai"]),
    "dashscope": ("dashscope", "alibaba", ["dashscope-intl.aliyuncs.com"]),
    "mistral": ("mistral", "mistral", ["api.mistral.ai"]),
    "groq": ("groq", "groq", ["api.groq.com"]),
}
"""Our name -> its name in the first list, in the second, hosts of its API."""

MODES = ("chat", "responses", "embedding")
SEES = {"image": "vision", "pdf": "pdf_input", "audio": "audio_input", "video": "video_input"}
COSTS = {
    "input": ("input_cost_per_token", "input_mtok"),
    "cached_input": ("cache_read_input_token_cost", "cache_read_mtok"),
    "cache_write": ("cache_creation_input_token_cost", "cache_write_mtok"),
    "output": ("output_cost_per_token", "output_mtok"),
}
"""Our name of a price -> its name in the first list (dollars a token), in the second (dollars a million)."""


def main(arguments: list[str]) -> None:
    path, version, folder, second_version, day = arguments
    listed: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    sys.path.insert(0, folder)
    from genai_prices.data import providers

    disputed: list[str] = []
    vendors = []
    for vendor, (first, second, hosts) in VENDORS.items():
        witness = next((provider for provider in providers if provider.id == second), None)
        models = {}
        for name, entry in _of(listed, first, day):
            found = witness.find_model(name) if witness else None
            model = _model(name, entry, found, day, disputed)
            if len(model) > 1:
                models.setdefault(name, model)
        vendors.append({"id": vendor, "hosts": hosts, "models": [models[name] for name in sorted(models)]})
    head = {
        "format": 1,
        "date": day,
        "price_date": day,
        "sources": [
            {"name": "litellm", "version": version, "url": "https://pypi.org/project/litellm/"},
            {"name": "genai-prices", "version": second_version, "url": "https://pypi.org/project/genai-prices/"},
        ],
    }
    OUT.write_text(_lines(head, vendors), encoding="utf-8")
    count = sum(len(vendor["models"]) for vendor in vendors)
    sys.stderr.write(
        f"{count} models; prices left out because the lists disagree: {', '.join(sorted(set(disputed))) or 'none'}\n"
    )


def _of(listed: dict[str, Any], first: str, day: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A vendor's current models. A name with a slash is another vendor's, or a picture size; not at Groq."""
    for key, entry in listed.items():
        name = key.removeprefix(f"{first}/")
        mine = entry.get("litellm_provider") == first and entry.get("mode") in MODES
        plain = not name.startswith("ft:") and ("/" not in name or first == "groq")
        if mine and plain and entry.get("deprecation_date", "9999") > day:
            yield name, entry


def _model(name: str, entry: dict[str, Any], found: Any, day: str, disputed: list[str]) -> dict[str, Any]:
    model: dict[str, Any] = {"id": name}
    if entry.get("max_input_tokens"):
        model["context"] = int(entry["max_input_tokens"])
    if entry.get("max_output_tokens") and entry["mode"] != "embedding":
        model["max_output"] = int(entry["max_output_tokens"])
    known = any(key.startswith("supports_") for key in entry)  # else nobody looked
    if known or entry["mode"] == "embedding":
        model["input"] = ["text", *(kind for kind, word in SEES.items() if entry.get(f"supports_{word}"))]
    if price := _price(entry):
        if found is not None and not _agree(price, found, day):
            disputed.append(name)
        else:
            model["price"] = price
    if entry.get("source"):
        model["source"] = entry["source"]
    return model


def _price(entry: dict[str, Any]) -> dict[str, Any] | None:
    """Dollars a million tokens; None where input or output is not sold by the token, or is not known to be free."""
    steps = entry.get("tiered_pricing") or [entry]
    base = _step(steps[0], "")
    if "input" not in base or ("output" not in base and entry["mode"] != "embedding"):
        return None
    tiers = [{"above": int(step["range"][0]), **_step(step, "")} for step in steps[1:] if "range" in step]
    marks = {key.partition("_above_")[2] for key in entry if key.startswith("input_cost_per_token_above_")}
    for mark in sorted(int(mark[:-8]) for mark in marks if mark.endswith("k_tokens")):
        tiers.append({"above": mark * 1000, **_step(entry, f"_above_{mark}k_tokens")})
    return {**base, **({"tiers": tiers} if tiers else {})}


def _step(entry: dict[str, Any], tail: str) -> dict[str, float]:
    return {ours: _million(entry[key + tail]) for ours, (key, _) in COSTS.items() if entry.get(key + tail)}


def _million(cost: float) -> float:
    return float(Decimal(str(cost)) * 1_000_000)


def _agree(price: dict[str, Any], found: Any, day: str) -> bool:
    """Whether the second list says the same of the prices both name."""
    prices = found.get_prices(datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    for ours, (_, theirs) in COSTS.items():
        told = getattr(prices, theirs, None)
        told = getattr(told, "base", told)
        if told is not None and ours in price and abs(float(told) - price[ours]) > 0.002 * price[ours]:
            return False
    return True


def _lines(head: dict[str, Any], vendors: list[dict[str, Any]]) -> str:
    """One model a line, so that a diff shows what changed."""
    parts = [json.dumps(head, indent=1)[:-2] + ',\n "vendors": [']
    for number, vendor in enumerate(vendors):
        parts.append(f'  {{"id": {json.dumps(vendor["id"])}, "hosts": {json.dumps(vendor["hosts"])}, "models": [')
        parts.append(",\n".join(f"   {json.dumps(model)}" for model in vendor["models"]))
        parts.append("  ]}" + ("," if number + 1 < len(vendors) else ""))
    return "\n".join([*parts, " ]", "}"]) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
