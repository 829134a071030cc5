"""What a format has no word for, counted, so that nothing is left out silently."""

from __future__ import annotations

from collections import Counter

Lost = Counter[str]
"""By the name a person would give it."""
