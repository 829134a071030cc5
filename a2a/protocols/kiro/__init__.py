"""Kiro (CodeWhisperer) as an upstream: JSON requests, Amazon event-stream answers (specs/kiro.md).

`upstream` is the codec. `models` and `catalogue` are data for the provider: what a public name means, what a model can
do, and the account's own list of models.
"""

from __future__ import annotations

from a2a.protocols.base import Upstream
from a2a.protocols.kiro.codec import KiroUpstream

upstream: Upstream = KiroUpstream()

__all__ = ["upstream"]
