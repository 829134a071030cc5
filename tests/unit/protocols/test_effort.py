"""effort: one scale, with the golden tables."""

from __future__ import annotations

from typing import Any

import pytest

from a2a.messages import Think
from a2a.protocols.effort import fit, from_budget, level, to_budget


def test_effort_to_budget(vectors: dict[str, Any]) -> None:
    for row in vectors["edges"]["effort_to_budget"]:
        assert to_budget(row["effort"]) == row["budget"], row


def test_budget_to_effort(vectors: dict[str, Any]) -> None:
    for row in vectors["edges"]["budget_to_effort"]:
        assert from_budget(row["budget"]) == row["effort"], row


def test_an_unknown_word_counts_as_medium() -> None:
    assert to_budget("enormous") == to_budget("medium")


@pytest.mark.parametrize(
    ("effort", "allowed", "expected"),
    [
        ("xhigh", (), "xhigh"),
        ("xhigh", ("low", "high", "xhigh"), "xhigh"),
        ("xhigh", ("low", "medium", "high", "max"), "high"),
        ("minimal", ("low", "medium"), "low"),
        ("none", ("low", "high"), "low"),
        ("max", ("high", "low"), "high"),
    ],
)
def test_fit_takes_the_nearest_below_else_the_lowest(effort: str, allowed: tuple[str, ...], expected: str) -> None:
    assert fit(effort, allowed) == expected


@pytest.mark.parametrize(
    ("think", "expected"),
    [
        (None, None),
        (Think(effort="low", budget=30_000), "low"),
        (Think(budget=10_000), "medium"),
        (Think(budget=0), "none"),
        (Think(budget=-1), None),
        (Think(adaptive=True), None),
    ],
)
def test_level(think: Think | None, expected: str | None) -> None:
    assert level(think) == expected
